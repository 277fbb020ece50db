// Any bytes as a list and as CSV: no crash, no hang, and the pieces that a file comes in change
// nothing.
#include <cstddef>
#include <cstdint>

#include "../rules/indicator_feed.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using picket::rules::feed_lines;
  if (size == 0) return 0;
  const std::size_t piece = std::size_t{data[0]} + 1;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const char* format : {"list", "csv"}) {
    PICKET_CHECK(feed_lines(text, format) == feed_lines(text, format, piece));
  }
  return 0;
}
