#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "parsers/formats/windows_xml.h"
#include "parsers/formats/xml.h"

// No value is longer than the text, and all of it can be read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace picket::parsers;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  picket::Arena arena;
  std::vector<Pair> pairs;
  (void)looks_like_windows_xml(text);
  std::size_t system_count = 0;
  const bool found = read_windows_xml(text, arena, pairs, system_count);
  PICKET_CHECK(found == !pairs.empty() && system_count <= pairs.size());
  if (!read_xml(text, arena, pairs)) PICKET_CHECK(!found);
  PICKET_CHECK(pairs.size() <= 2 * kPairsMax + 64);
  std::size_t sum = 0;
  for (const Pair& pair : pairs) {
    PICKET_CHECK(pair.value.size() <= text.size());
    for (const char c : pair.value) sum += static_cast<unsigned char>(c);
    for (const char c : pair.name) sum += static_cast<unsigned char>(c);
  }
  PICKET_CHECK(sum < SIZE_MAX);
  return 0;
}
