#include "rules/record_needs.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "rules/regex_literals.h"

namespace picket::rules {
namespace {

using AnyOf = RecordNeeds::AnyOf;
using AllOf = RecordNeeds::AllOf;  // empty: nothing is needed

constexpr std::size_t kRulesMax = 64;
constexpr std::size_t kTextsMax = 256;  // of one set; looking for more costs more than it saves
constexpr std::size_t kSetsMax = 4;     // of one rule: the best
constexpr std::size_t kTextMin = 3;     // shorter ones are everywhere
constexpr std::size_t kTextLength = 48;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_word(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || static_cast<unsigned char>(c) > 127;
}
// A byte before a word that ends the word before it however it is spelled in the record.
bool parts_words(char c) {
  return (stands_as_read(c) || c == '\\' || c == '/') && !is_word(c);
}

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), ascii_lower);
  return lower;
}

// A text that is in the value; its ends are those of the value, or somewhere in it.
struct Part {
  std::string_view text;
  bool at_begin = false;
  bool at_end = false;
};

// The longest run that stands as it is read; a number may be written in many ways.
std::string_view longest_run(std::string_view text) {
  std::string_view longest;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && stands_as_read(text[i])) continue;
    const std::string_view run = text.substr(begin, i - begin);
    if (run.size() > longest.size() && std::any_of(run.begin(), run.end(), is_letter))
      longest = run;
    begin = i + 1;
  }
  return longest.substr(0, kTextLength);
}

void add_words(const Part& part, std::vector<std::string>& words) {
  const std::string_view text = part.text;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_word(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    bool ascii = true;
    for (; end < text.size() && is_word(text[end]); ++end)
      ascii = ascii && static_cast<unsigned char>(text[end]) < 128;
    const bool begins = at == 0 ? part.at_begin : parts_words(text[at - 1]);
    const bool ends = end < text.size() || part.at_end;
    if (ascii && begins && ends && is_letter(text[at]))
      words.push_back(in_lower_case(text.substr(at, end - at)));
    at = end;
  }
}

// nullopt: nothing of it is sure to stand there.
std::optional<NeededText> needed(const std::vector<Part>& parts) {
  NeededText made;
  for (const Part& part : parts) {
    const std::string_view run = longest_run(part.text);
    if (run.size() > made.text.size()) made.text = in_lower_case(run);
    add_words(part, made.words);
  }
  if (made.text.size() < kTextMin) return std::nullopt;
  return made;
}

AllOf of_string(const Test& test) {
  std::vector<Part> parts;
  for (std::size_t i = 0; i < test.parts.size(); ++i) {
    if (test.parts[i].kind != PatternPart::Kind::kText) continue;
    parts.push_back({test.parts[i].text, i == 0, i + 1 == test.parts.size()});
  }
  std::optional<NeededText> made = needed(parts);
  if (!made) return {};
  return {{*std::move(made)}};
}

AllOf of_regex(const Test& test) {
  AllOf all;
  for (const std::vector<std::string>& either : necessary_literals(test.text)) {
    AnyOf any;
    for (const std::string& text : either) {
      std::optional<NeededText> made = needed({{text}});
      if (!made) break;
      any.push_back(*std::move(made));
    }
    if (any.size() == either.size()) all.push_back(std::move(any));
  }
  return all;
}

// How much a set leaves out, for choosing: its weakest text decides.
std::size_t worth(const AnyOf& set) {
  constexpr std::size_t kFound = 32;  // a block says of a word at once that it is not there
  std::size_t least = SIZE_MAX;
  for (const NeededText& one : set)
    least = std::min(least, one.text.size() + (one.words.empty() ? 0 : kFound));
  return least;
}

const AnyOf& best_of(const AllOf& sets) {
  return *std::max_element(sets.begin(), sets.end(),
                           [](const AnyOf& a, const AnyOf& b) { return worth(a) < worth(b); });
}

class RuleNeeds {
 public:
  RuleNeeds(const LogSource& source, const FieldStands& stands)
      : source_(source), stands_(stands) {}

  AllOf of(const Node& node) const {
    switch (node.kind) {
      case Node::Kind::kTest:
        return of_test(node.test);
      case Node::Kind::kNot:
        return {};
      case Node::Kind::kAnd:
        return of_all(node);
      case Node::Kind::kOr:
        return of_any(node);
    }
    return {};
  }

 private:
  // A keyword may stand where no field does.
  AllOf of_test(const Test& test) const {
    if (test.field.empty() || !stands_(source_, test.field)) return {};
    if (test.op == Op::kString) return of_string(test);
    return test.op == Op::kRegex ? of_regex(test) : AllOf{};
  }

  AllOf of_all(const Node& node) const {
    AllOf all;
    for (const Node& child : node.children) {
      AllOf more = of(child);
      std::move(more.begin(), more.end(), std::back_inserter(all));
    }
    return all;
  }

  AllOf of_any(const Node& node) const {
    AnyOf either;
    for (const Node& child : node.children) {
      const AllOf sets = of(child);
      if (sets.empty()) return {};
      const AnyOf& best = best_of(sets);
      either.insert(either.end(), best.begin(), best.end());
      if (either.size() > kTextsMax) return {};
    }
    return {either};
  }

  const LogSource& source_;
  const FieldStands& stands_;
};

}  // namespace

std::optional<RecordNeeds> record_needs(const std::vector<DetectionRule>& rules,
                                        const FieldStands& stands) {
  if (rules.empty() || rules.size() > kRulesMax) return std::nullopt;
  RecordNeeds needs;
  std::size_t texts = 0;
  for (const DetectionRule& rule : rules) {
    AllOf sets = RuleNeeds(rule.log_source, stands).of(rule.condition);
    if (sets.empty()) return std::nullopt;
    std::stable_sort(sets.begin(), sets.end(),
                     [](const AnyOf& a, const AnyOf& b) { return worth(a) > worth(b); });
    if (sets.size() > kSetsMax) sets.resize(kSetsMax);
    for (const AnyOf& set : sets) texts += set.size();
    if (texts > kTextsMax) return std::nullopt;
    needs.any.push_back(std::move(sets));
  }
  return needs;
}

}  // namespace picket::rules
