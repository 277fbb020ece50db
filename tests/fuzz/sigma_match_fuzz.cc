// Any bytes as choices for rules and an event: the matcher answers what the reference answers.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "base/check.h"
#include "tests/rules/matcher_property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const picket::rules::MatcherProperty property;
  picket::rules::Choices choices(std::string_view(reinterpret_cast<const char*>(data), size));
  const auto outcome = property.check(choices, {.rules = 6, .events = 4});
  if (!outcome.difference.empty()) std::fprintf(stderr, "%s\n", outcome.difference.c_str());
  PICKET_CHECK(outcome.difference.empty());
  return 0;
}
