#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "parsers/formats/cef.h"
#include "parsers/formats/leef.h"

// What is accepted has its header, and no value is longer than the text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace picket::parsers;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  picket::Arena arena;
  std::vector<Pair> pairs;
  const bool cef = read_cef(text, arena, pairs);
  PICKET_CHECK(cef == (pairs.size() >= 7) && pairs.size() <= kPairsMax);
  add_cef_labels(pairs);
  if (!cef) PICKET_CHECK(read_leef(text, arena, pairs) == (pairs.size() >= 5));
  PICKET_CHECK(pairs.size() <= kPairsMax + 32);
  std::size_t sum = 0;
  for (const Pair& pair : pairs) {
    PICKET_CHECK(pair.value.size() <= text.size());
    for (const char c : pair.value) sum += static_cast<unsigned char>(c);
  }
  PICKET_CHECK(sum <= 255 * 40 * text.size());
  return 0;
}
