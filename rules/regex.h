// Regex: one pattern of a rule, as databases that run in linear time.
//
// Text that is UTF-8 is matched by character ("." is one character, case folds by Unicode), other
// text byte by byte. \d, \w, \s and \b are about ASCII. Hyperscan wherever it can express the
// pattern; where it cannot (look-around, back references), PCRE2 confirms with match and depth
// limits, and a text on which the limit is reached counts as "no match" and is counted. What
// matches by character is made when the first text that is not ASCII comes. Immutable for who looks
// from outside; matching needs a HyperscanScratch per thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/lazy.h"
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

  // Bytes that every text has in which it is found; 0 where that is not known.
  std::size_t shortest() const { return shortest_; }
  // Its Hyperscan database for ASCII; empty if there is none.
  std::string bytes() const;
  bool look_around() const;  // PCRE2 it is
  void prepare(HyperscanScratch& scratch) const;
  // Is there a match anywhere in `text`?
  bool search(std::string_view text, HyperscanScratch& scratch) const;
  // Where the first match is. Cold path (PCRE2); {0, 0} when PCRE2 finds none within its limits.
  std::pair<std::size_t, std::size_t> span(std::string_view text) const;

 private:
  class Engine;

  Regex(std::string pattern, RegexFlags flags);
  const Engine& by_character() const;

  const std::string pattern_;
  const RegexFlags flags_;
  std::unique_ptr<const Engine> by_byte_;  // ASCII, and what is not UTF-8
  std::size_t shortest_ = 0;
  Lazy<std::unique_ptr<const Engine>> by_character_;  // the rest; null: it has no such meaning
};

// Texts on which PCRE2 gave up, since the program started.
std::uint64_t regex_limits_reached();

}  // namespace picket::rules
