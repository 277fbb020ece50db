// Any bytes, cut anywhere: the framer gives the frames of the slow reference.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/collector/framing_property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::uint8_t first = data[0];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  picket::collector::FramerOptions options;
  options.frame_bytes_max = 1 + (first & 0x3f);
  options.octet_counting = (first & 0x40) == 0;
  options.nul_ends_line = (first & 0x80) == 0;
  picket::collector::check_framing(text, first, options);
  return 0;
}
