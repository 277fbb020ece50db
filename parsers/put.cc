#include "parsers/put.h"

namespace picket::parsers {

void put_source(Batch& batch, std::string_view address, std::string_view port) {
  put(batch, ecs::kSourceAddress, address);
  put(batch, is_ip(address) ? ecs::kSourceIp : ecs::kSourceDomain, address);
  put_number(batch, ecs::kSourcePort, port);
}

void put_destination(Batch& batch, std::string_view address, std::string_view port) {
  put(batch, ecs::kDestinationAddress, address);
  put(batch, is_ip(address) ? ecs::kDestinationIp : ecs::kDestinationDomain, address);
  put_number(batch, ecs::kDestinationPort, port);
}

}  // namespace picket::parsers
