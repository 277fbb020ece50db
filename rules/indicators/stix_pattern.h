// The patterns of STIX 2.1 (section 9) that say one thing about one value: comparisons of an
// address, a domain, a URL or a hash with '=', IN or ISSUBSET, joined by OR. What needs two things
// at once (AND, FOLLOWEDBY), a repetition, a time or a likeness (LIKE, MATCHES) is refused with the
// reason.
//
// Pure functions; hostile input is expected. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace picket::rules {

struct StixTerm {
  std::string_view type;  // as read_indicator() takes it
  std::string value;
};

inline constexpr std::size_t kStixPatternMax = 64 * 1024;
inline constexpr std::size_t kStixTermsMax = 256;
inline constexpr int kStixDepthMax = 16;

// Appends the terms. Gives the reason when the pattern is refused, nullptr when it was read.
const char* read_stix_pattern(std::string_view pattern, std::vector<StixTerm>& terms);

}  // namespace picket::rules
