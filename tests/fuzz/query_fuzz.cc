#include <cstdint>
#include <string_view>

#include "tests/storage/query_property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  picket::storage::check_query({reinterpret_cast<const char*>(data), size});
  return 0;
}
