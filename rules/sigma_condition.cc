#include "rules/sigma_condition.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

#include "base/nearest.h"

namespace picket::rules {
namespace {

constexpr std::size_t kConditionBytesMax = 16 * 1024;
constexpr int kDepthMax = 50;

bool same_word(std::string_view token, std::string_view word) {
  return std::equal(token.begin(), token.end(), word.begin(), word.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
}

// '*' stands for any run of characters.
bool matches_pattern(std::string_view name, std::string_view pattern) {
  std::size_t n = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::vector<std::string_view> tokens_of(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  constexpr std::string_view kSingle = "()|";
  std::vector<std::string_view> tokens;
  while (!text.empty()) {
    std::size_t length = 1;
    if (kBlank.find(text[0]) == std::string_view::npos) {
      if (kSingle.find(text[0]) == std::string_view::npos) {
        length = std::min(text.find_first_of(" \t\r\n()|"), text.size());
      }
      tokens.push_back(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  return tokens;
}

class ConditionParser {
 public:
  ConditionParser(std::string_view text, int line, std::vector<Selection>& selections,
                  Building& building)
      : tokens_(tokens_of(text)), line_(line), selections_(selections), building_(building) {}

  Parsed<Node> parse() {
    if (tokens_.empty()) return wrong("the condition is empty");
    PICKET_TRY(Node node, parse_or(0));
    if (at_ == tokens_.size()) return node;
    if (peek() == "|") {
      return refuse(
          line_, "old-aggregation",
          "aggregations in conditions ('| count() ...') were replaced by correlation rules");
    }
    return wrong(in_quotes(peek()) + " is not expected here");
  }

 private:
  std::string_view peek() const { return at_ < tokens_.size() ? tokens_[at_] : std::string_view(); }

  bool take(std::string_view word) {
    if (at_ == tokens_.size() || !same_word(peek(), word)) return false;
    ++at_;
    return true;
  }

  tl::unexpected<Refusal> wrong(std::string what) const {
    return refuse(line_, "bad-condition", "condition: " + what);
  }

  Parsed<Node> parse_or(int depth) {
    std::vector<Node> nodes;
    do {
      PICKET_TRY(Node node, parse_and(depth));
      nodes.push_back(std::move(node));
    } while (take("or"));
    return any_of(std::move(nodes));
  }

  Parsed<Node> parse_and(int depth) {
    std::vector<Node> nodes;
    do {
      PICKET_TRY(Node node, parse_not(depth));
      nodes.push_back(std::move(node));
    } while (take("and"));
    return all_of(std::move(nodes));
  }

  Parsed<Node> parse_not(int depth) {
    bool negate = false;
    while (take("not")) negate = !negate;
    PICKET_TRY(Node node, parse_primary(depth));
    if (negate) return negation(std::move(node));
    return node;
  }

  Parsed<Node> parse_primary(int depth) {
    if (take("(")) {
      if (depth >= kDepthMax) return wrong("brackets are nested too deep");
      PICKET_TRY(Node node, parse_or(depth + 1));
      if (!take(")")) return wrong("a ')' is missing");
      return node;
    }
    if (at_ == tokens_.size()) return wrong("it ends where a selection is expected");
    const bool counted = at_ + 1 < tokens_.size() && same_word(tokens_[at_ + 1], "of");
    return counted ? parse_quantified() : parse_name();
  }

  Parsed<Node> parse_quantified() {
    const std::string_view count = tokens_[at_];
    at_ += 2;
    const bool any = count == "1" || same_word(count, "any");
    if (!any && !same_word(count, "all")) {
      return wrong(in_quotes(count) + " of ... is not known; there are '1 of' and 'all of'");
    }
    if (at_ == tokens_.size()) return wrong("it ends after 'of'");
    const std::string_view pattern = tokens_[at_++];
    std::vector<Node> nodes;
    for (Selection& selection : selections_) {
      if (!counts_in(selection.name, pattern)) continue;
      PICKET_TRY(Node node, use(selection));
      nodes.push_back(std::move(node));
    }
    if (nodes.empty()) return unknown(pattern, "no selection matches");
    return any ? any_of(std::move(nodes)) : all_of(std::move(nodes));
  }

  // Names that begin with '_' are left out, unless the pattern asks for them.
  static bool counts_in(std::string_view name, std::string_view pattern) {
    if (name.starts_with('_') && !pattern.starts_with('_')) return false;
    return same_word(pattern, "them") || matches_pattern(name, pattern);
  }

  Parsed<Node> parse_name() {
    const std::string_view name = tokens_[at_];
    for (const std::string_view reserved : {"and", "or", "not", "of", ")", "|", "them"}) {
      if (same_word(name, reserved)) {
        return wrong(in_quotes(name) + " stands where a selection is expected");
      }
    }
    ++at_;
    for (Selection& selection : selections_) {
      if (selection.name == name) return use(selection);
    }
    if (name.find('*') != std::string_view::npos) {
      return wrong(in_quotes(name) + " needs '1 of' or 'all of' before it");
    }
    return unknown(name, "there is no selection");
  }

  tl::unexpected<Refusal> unknown(std::string_view name, std::string_view what) const {
    std::vector<std::string_view> known;
    for (const Selection& selection : selections_) known.push_back(selection.name);
    return refuse(
        line_, "unknown-selection",
        "condition: " + std::string(what) + " " + in_quotes(name) + did_you_mean(name, known));
  }

  Parsed<Node> use(Selection& selection) {
    if (selection.used) {  // the first use has been paid for when the selection was read
      PICKET_TRY_VOID(spend_tests(building_, selection.tests, line_));
    }
    selection.used = true;
    return selection.node;
  }

  std::vector<std::string_view> tokens_;
  std::size_t at_ = 0;
  int line_;
  std::vector<Selection>& selections_;
  Building& building_;
};

}  // namespace

Parsed<Node> parse_condition(std::string_view text, int line, std::vector<Selection>& selections,
                             Building& building) {
  if (text.size() > kConditionBytesMax) {
    return refuse(line, "bad-condition", "condition: it is too long");
  }
  return ConditionParser(text, line, selections, building).parse();
}

}  // namespace picket::rules
