// Any bytes, cut anywhere: the splitter gives the same records, in order, each as it stands.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/collector/splitting_property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::uint8_t first = data[0];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t limit = (first & 0x80) != 0 ? 64 * 1024 : std::size_t{1} + (first & 0x7f);
  picket::collector::check_splitting(text, first, {.frame_bytes_max = limit});
  return 0;
}
