// Regex: one pattern of a rule, as a database that runs in linear time.
//
// Hyperscan wherever it can express the pattern; where it cannot (look-around, back references), PCRE2
// confirms with match and depth limits, and a text on which the limit is reached counts as "no match"
// and is counted. Immutable; matching needs a RegexScratch per thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

struct hs_database;
struct hs_scratch;

namespace picket::rules {

struct RegexFlags {
  bool ignore_case = false;
  bool multi_line = false;
  bool dot_all = false;
};

// Hyperscan's working memory, grown to fit every database it is prepared for. One per thread.
class HyperscanScratch {
 public:
  HyperscanScratch() = default;
  HyperscanScratch(const HyperscanScratch&) = delete;
  HyperscanScratch& operator=(const HyperscanScratch&) = delete;
  ~HyperscanScratch();
  void prepare(const hs_database* database);
  hs_scratch* get() const { return scratch_; }

 private:
  hs_scratch* scratch_ = nullptr;
};

class Regex {
 public:
  // `stored`: bytes() of an earlier one of the same pattern and flags; used if they are good.
  static Result<std::unique_ptr<const Regex>> compile(const std::string& pattern, RegexFlags flags,
                                                      const std::string* stored = nullptr);
  ~Regex();

  // Its Hyperscan database; empty if there is none.
  std::string bytes() const;
  bool look_around() const { return pcre_ != nullptr; }
  void prepare(HyperscanScratch& scratch) const;
  // Is there a match anywhere in `text`?
  bool search(std::string_view text, const HyperscanScratch& scratch) const;
  // Where the first match is. Cold path (PCRE2); {0, 0} when PCRE2 finds none within its limits.
  std::pair<std::size_t, std::size_t> span(std::string_view text) const;

 private:
  Regex() = default;
  struct Pcre;

  hs_database* hyperscan_ = nullptr;
  std::size_t shortest_ = 0;         // bytes that every match has, as Hyperscan knows
  std::unique_ptr<Pcre> pcre_;       // confirms when Hyperscan cannot
  std::string pattern_;
  RegexFlags flags_;
};

// Texts on which PCRE2 gave up, since the program started.
std::uint64_t regex_limits_reached();

}  // namespace picket::rules
