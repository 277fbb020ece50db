// LiteralIndex: which rules may be true, given one field's value.
//
// One index serves one column of a route. It knows whole values, whole base names ("x.exe" of
// "...\x.exe"), endings, and literals that a value must contain, and answers with the rules to
// wake. A value is looked at twice: as it stands in the record, where most of them end, and then
// folded. Built once, immutable; any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/fold.h"
#include "rules/literal_filter.h"
#include "rules/literal_matcher.h"
#include "rules/tail_filter.h"
#include "rules/whole_table.h"

namespace picket::rules {

// What a value must look like for a rule to have a chance.
struct Anchor {
  enum class Kind : std::uint8_t {
    kExact,     // the whole folded value
    kBaseName,  // what follows the last '\' or '/'
    kContains,  // somewhere
    kPrefix,    // at the beginning
    kSuffix,    // at the end
    kPresent,   // any value
  };
  std::uint16_t column = 0;
  Kind kind = Kind::kPresent;
  std::string text;  // folded
  double rate = 1;   // estimated share of values that wake, 0..1
};

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const;
};

class LiteralIndex {
 public:
  void add(const Anchor& anchor, std::uint32_t rule);
  // Once, after the last add().
  void build();

  bool empty() const { return empty_; }
  // True when rules want to see the folded text; else presence alone decides.
  bool wants_text() const { return wants_text_; }
  // What of a value look_up() need look at.
  struct Look {
    bool at_whole = true;  // the whole of it, its base name and its ending
    bool inside = true;
  };
  // `token` as it stands in the record: plain (is_plain() in fold.h), and `escaped` if it is the
  // inside of a JSON string with escapes.
  Look worth_a_look(std::string_view token, bool escaped) const {
    if (!ascii_ && !is_ascii(token)) return {};
    return {.at_whole = tails_.may_pass(token, escaped), .inside = filter_.may_pass(token)};
  }
  // Calls wake(rule) for every rule that the value wakes, some of them more than once.
  template <class Wake>
  void look_up(std::string_view folded, Look look, Wake wake) const;
  template <class Wake>
  void look_up_presence(Wake wake) const {
    for (const std::uint32_t rule : present_) wake(rule);
  }

 private:
  using Rules = std::vector<std::uint32_t>;
  // Before build().
  struct Draft {
    std::string text;
    Rules anywhere, at_begin;
  };
  // Of literal_rules_: those that it wakes anywhere, then those that it wakes at the begin.
  struct Literal {
    std::uint32_t first = 0;
    std::uint32_t anywhere = 0;
    std::uint32_t at_begin = 0;
  };
  std::unordered_map<std::string, std::uint32_t> literal_ids_;  // empty after build()
  std::vector<Draft> drafts_;                                   // empty after build()
  std::vector<Literal> literals_;
  Rules literal_rules_;
  Rules present_;
  WholeTable whole_;
  LiteralMatcher matcher_;
  TailFilter tails_;
  LiteralFilter filter_;
  bool empty_ = true;
  bool wants_text_ = false;
  bool ascii_ = true;  // all its texts
};

template <class Wake>
void LiteralIndex::look_up(std::string_view folded, Look look, Wake wake) const {
  look_up_presence(wake);
  if (look.at_whole) whole_.look_up(folded, wake);
  if (!look.inside) return;
  matcher_.scan(folded, [&](std::uint32_t index, std::size_t begin) {
    const Literal& literal = literals_[index];
    const std::uint32_t count = literal.anywhere + (begin == 0 ? literal.at_begin : 0);
    for (std::uint32_t i = 0; i < count; ++i) wake(literal_rules_[literal.first + i]);
    return false;
  });
}

}  // namespace picket::rules
