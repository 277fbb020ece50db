// SearchRegex: a regular expression of a query, on PCRE2 within limits.
//
// Patterns and texts come from people and peers. A pattern is refused when it is longer than
// kPatternBytesMax, nests deeper than kNestingMax, does not compile into 64 KiB, or sets options of
// its own "(*...)"; a text on which matching takes more than kStepsMax steps counts as no match,
// and is counted. UTF-8 is matched by character; bytes that are not UTF-8 match nothing.
//
// Immutable; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct pcre2_real_code_8;

namespace picket::storage {

struct RegexRefusal {
  std::size_t offset = 0;  // in the pattern
  std::string what;
};

class SearchRegex {
 public:
  static constexpr std::size_t kPatternBytesMax = 1024;
  static constexpr std::uint32_t kNestingMax = 50;
  static constexpr std::uint32_t kStepsMax = 100'000;

  // `flags` of i (any case), m (^ and $ at lines), s (. matches line breaks too).
  static std::shared_ptr<const SearchRegex> compile(std::string_view pattern,
                                                    std::string_view flags, RegexRefusal& why);
  ~SearchRegex();
  SearchRegex(const SearchRegex&) = delete;
  SearchRegex& operator=(const SearchRegex&) = delete;

  // Is there a match anywhere in `text`?
  bool search(std::string_view text) const;

 private:
  explicit SearchRegex(pcre2_real_code_8* code) : code_(code) {}
  pcre2_real_code_8* code_;
};

// Texts on which matching was given up, since the program started.
std::uint64_t search_regex_limits_reached();

}  // namespace picket::storage
