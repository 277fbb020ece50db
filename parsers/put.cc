#include "parsers/put.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace picket::parsers {

bool is_ip(std::string_view text) {
  std::array<char, 64> copy{};
  if (text.empty() || text.size() >= copy.size()) return false;

  text = text.substr(0, text.find('%'));
  std::memcpy(copy.data(), text.data(), text.size());
  std::array<unsigned char, 16> bytes{};
  const int family = text.find(':') == std::string_view::npos ? AF_INET : AF_INET6;
  return ::inet_pton(family, copy.data(), bytes.data()) == 1;
}

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
