// Any bytes as a STIX bundle and as a STIX pattern: no crash, no hang, the pieces that a file comes
// in change nothing, and every term of a pattern that is accepted can be read or is refused.
#include <cstddef>
#include <cstdint>

#include "../rules/indicator_feed.h"
#include "base/check.h"
#include "rules/indicators/stix_pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace picket::rules;
  if (size == 0) return 0;
  const std::size_t piece = std::size_t{data[0]} + 1;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  PICKET_CHECK(feed_lines(text, "stix") == feed_lines(text, "stix", piece));
  std::vector<StixTerm> terms;
  if (read_stix_pattern(text, terms) != nullptr) return 0;
  PICKET_CHECK(!terms.empty() && terms.size() <= kStixTermsMax);
  for (const StixTerm& term : terms) {
    IndicatorKey key;
    const char* reason = read_indicator(term.value, term.type, key);
    PICKET_CHECK(reason != nullptr || !indicator_text(key.type, key.bits, key.bytes).empty());
  }
  return 0;
}
