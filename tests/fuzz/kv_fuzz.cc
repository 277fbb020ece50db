#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "parsers/formats/kv.h"

// The first byte chooses the style. Names are slices of the text, no value is longer than the text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace picket::parsers;
  if (size == 0) return 0;
  static const std::array<KvStyle, 6> kStyles = {kLogfmtStyle, kFortigateStyle, kCheckPointStyle,
                                                 kAuditdStyle, kNetscalerStyle, kIptablesStyle};
  KvStyle style = kStyles[data[0] % kStyles.size()];
  style.spaces_in_values = (data[0] & 0x40U) != 0;
  style.spaces_at_assign = (data[0] & 0x20U) != 0;
  if ((data[0] & 0x80U) != 0) style.escape = KvEscape::kDoubled;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  picket::Arena arena;
  std::vector<Pair> pairs;
  const bool found = read_kv(text, style, arena, pairs);
  const bool usable = std::any_of(pairs.begin(), pairs.end(), [](const Pair& pair) {
    return pair.name.size() <= kPairNameMax;
  });
  PICKET_CHECK(found == usable && pairs.size() <= kPairsMax);
  std::size_t sum = 0;
  for (const Pair& pair : pairs) {
    PICKET_CHECK(!pair.name.empty());
    PICKET_CHECK(pair.value.size() <= text.size());
    for (const char c : pair.value) sum += static_cast<unsigned char>(c);
  }
  PICKET_CHECK(sum <= 255 * text.size());
  return 0;
}
