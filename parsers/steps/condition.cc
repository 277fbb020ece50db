#include "parsers/steps/condition.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "event/ecs.h"
#include "parsers/cursor.h"
#include "parsers/put.h"
#include "parsers/steps/pair_names.h"

namespace picket::parsers {
namespace {

std::string lowered(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = ascii_lower(c);
  return made;
}

std::uint64_t size_bit(std::size_t size) {
  return std::uint64_t{1} << std::min<std::size_t>(size, 63);
}

}  // namespace

// Words, quoted texts, brackets and operators to nodes, by recursive descent.
class ConditionReader {
 public:
  explicit ConditionReader(std::string_view text) : rest_(text) {}

  Result<std::unique_ptr<const Condition>> read() {
    auto made = std::make_unique<Condition>();
    made_ = made.get();
    PICKET_TRY(made->root_, any(0));
    spaces();
    if (!rest_.empty()) return error("nothing is expected at: " + std::string(rest_.substr(0, 40)));
    made->first_ = made->put_in_line(made->root_, Condition::kTrue, Condition::kFalse);
    return std::unique_ptr<const Condition>(std::move(made));
  }

 private:
  using Kind = Condition::Kind;
  using Node = Condition::Node;

  static tl::unexpected<Error> error(const std::string& reason) {
    return fail(Errc::kInvalid, "condition: " + reason);
  }

  void spaces() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t'))
      rest_.remove_prefix(1);
  }
  static bool is_word_byte(char c) {
    return std::string_view(" \t\n()[],=!<>'\"").find(c) == std::string_view::npos;
  }
  std::string_view peek_word() {
    spaces();
    std::size_t length = 0;
    while (length < rest_.size() && is_word_byte(rest_[length])) ++length;
    return rest_.substr(0, length);
  }
  bool skip_word(std::string_view word) {
    if (peek_word() != word) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  bool skip(std::string_view text) {
    spaces();
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  Result<std::size_t> add(Node node) {
    if (made_->nodes_.size() == Condition::kNodesMax) return error("it has more than 500 parts");
    made_->nodes_.push_back(std::move(node));
    return made_->nodes_.size() - 1;
  }

  Result<std::size_t> joined(Kind kind, std::vector<std::size_t> parts) {
    if (parts.size() == 1) return parts[0];
    Node node;
    node.kind = kind;
    node.children = std::move(parts);
    return add(std::move(node));
  }

  Result<std::size_t> any(int depth) {
    if (depth > Condition::kDepthMax) return error("it is nested too deeply");
    std::vector<std::size_t> parts;
    do {
      PICKET_TRY(const std::size_t part, all(depth));
      parts.push_back(part);
    } while (skip_word("or"));
    return joined(Kind::kOr, std::move(parts));
  }

  Result<std::size_t> all(int depth) {
    std::vector<std::size_t> parts;
    do {
      PICKET_TRY(const std::size_t part, one(depth));
      parts.push_back(part);
    } while (skip_word("and"));
    return joined(Kind::kAnd, std::move(parts));
  }

  Result<std::size_t> one(int depth) {
    if (depth > Condition::kDepthMax) return error("it is nested too deeply");
    if (skip_word("not")) {
      PICKET_TRY(const std::size_t part, one(depth + 1));
      return negated(part);
    }
    if (skip("(")) {
      PICKET_TRY(const std::size_t part, any(depth + 1));
      if (!skip(")")) return error("a ) is missing");
      return part;
    }
    return test();
  }

  Result<std::size_t> negated(std::size_t part) {
    Node node;
    node.kind = Kind::kNot;
    node.children = {part};
    return add(std::move(node));
  }

  Result<std::size_t> test() {
    const std::string_view name = peek_word();
    if (name.empty()) return error("a field is expected at: " + std::string(rest_.substr(0, 40)));
    rest_.remove_prefix(name.size());
    Node node;
    const std::optional<FieldId> field = intern_field(name);
    if (!field) return error("too many field names are in use");
    node.field = *field;
    bool inverse = false;
    PICKET_TRY_VOID(operation(node, inverse));
    if (skip_word("nocase")) {
      node.nocase = true;
      for (std::string& value : node.values) value = lowered(value);
    }
    PICKET_TRY(const std::size_t made, add(std::move(node)));
    return inverse ? negated(made) : made;
  }

  Result<void> operation(Node& node, bool& inverse) {
    if (skip("==")) return values(node, Kind::kEquals, false);
    if (skip("!=")) {
      inverse = true;
      return values(node, Kind::kEquals, false);
    }
    if (skip("<=")) return number(node, Kind::kLessEqual);
    if (skip(">=")) return number(node, Kind::kGreaterEqual);
    if (skip("<")) return number(node, Kind::kLess);
    if (skip(">")) return number(node, Kind::kGreater);
    inverse = false;
    const std::string_view before = rest_;
    if (skip_word("not")) {
      if (peek_word() == "in") {
        inverse = true;
      } else {
        rest_ = before;
      }
    }
    if (skip_word("in")) return values(node, Kind::kEquals, true);
    if (skip_word("starts_with")) return values(node, Kind::kStartsWith, false);
    if (skip_word("ends_with")) return values(node, Kind::kEndsWith, false);
    if (skip_word("contains")) return values(node, Kind::kContains, false);
    if (skip_word("matches")) return regex(node);
    if (skip_word("is_ip")) node.kind = Kind::kIsIp;
    if (skip_word("is_number")) node.kind = Kind::kIsNumber;
    (void)skip_word("exists");
    return {};
  }

  // A word, a quoted text, or in brackets several of them.
  Result<void> values(Node& node, Kind kind, bool list) {
    node.kind = kind;
    const bool bracket = skip("[");
    if (list && !bracket) return error("a list in [ ] is expected behind `in`");
    do {
      PICKET_TRY(std::string value, value_text());
      node.values.push_back(std::move(value));
    } while (bracket && skip(","));
    if (bracket && !skip("]")) return error("a ] is missing");
    for (const std::string& value : node.values) node.sizes |= size_bit(value.size());
    return {};
  }

  Result<std::string> value_text() {
    spaces();
    if (!rest_.empty() && (rest_[0] == '\'' || rest_[0] == '"')) {
      const std::size_t end = rest_.find(rest_[0], 1);
      if (end == std::string_view::npos) return error("a quote is not closed");
      std::string value(rest_.substr(1, end - 1));
      rest_.remove_prefix(end + 1);
      return value;
    }
    const std::string_view word = peek_word();
    if (word.empty()) return error("a value is expected at: " + std::string(rest_.substr(0, 40)));
    rest_.remove_prefix(word.size());
    return std::string(word);
  }

  Result<void> number(Node& node, Kind kind) {
    node.kind = kind;
    const std::string_view word = peek_word();
    const auto [end, bad] = std::from_chars(word.data(), word.data() + word.size(), node.number);
    if (bad != std::errc() || end != word.data() + word.size())
      return error("a number is expected, not " + std::string(word));
    rest_.remove_prefix(word.size());
    return {};
  }

  Result<void> regex(Node& node) {
    node.kind = Kind::kMatches;
    if (!skip("/")) return error("a /regular expression/ is expected behind `matches`");
    std::size_t end = 0;
    while (end < rest_.size() && rest_[end] != '/') end += rest_[end] == '\\' ? 2U : 1U;
    if (end >= rest_.size()) return error("a / is missing");
    PICKET_TRY(node.regex, NamedRegex::compile(rest_.substr(0, end), {}));
    rest_.remove_prefix(end + 1);
    return {};
  }

  std::string_view rest_;
  Condition* made_ = nullptr;
};

Result<std::unique_ptr<const Condition>> Condition::compile(std::string_view text) {
  if (text.size() > kLengthMax) return fail(Errc::kLimit, "a condition is longer than 16 KiB");
  return ConditionReader(text).read();
}

// Backwards, because a test has to know where those behind it are. Gives the place of the first.
std::uint16_t Condition::put_in_line(std::size_t at, std::uint16_t yes, std::uint16_t no) {
  const Node& node = nodes_[at];
  if (node.kind == Kind::kNot) return put_in_line(node.children[0], no, yes);
  if (node.kind == Kind::kAnd || node.kind == Kind::kOr) {
    std::uint16_t first = node.kind == Kind::kAnd ? yes : no;
    for (auto child = node.children.rbegin(); child != node.children.rend(); ++child) {
      first = node.kind == Kind::kAnd ? put_in_line(*child, first, no)
                                      : put_in_line(*child, yes, first);
    }
    return first;
  }
  tests_.push_back({node.kind, node.nocase, node.field, static_cast<std::uint16_t>(at), yes, no});
  return static_cast<std::uint16_t>(tests_.size() - 1);
}

bool Condition::holds(Work& work) const {
  std::uint16_t at = first_;
  while (at < kFalse) {
    const Test& test = tests_[at];
    at = holds(test, work) ? test.yes : test.no;
  }
  return at == kTrue;
}

bool Condition::holds(const Test& test, Work& work) const {
  if (test.kind == Kind::kExists) return work.has(test.field);
  if (const Field* only = work.only_text(test.field)) {
    const Node& node = nodes_[test.node];
    return test.kind == Kind::kEquals && !test.nocase ? equals_one(node, only->token())
                                                      : fits(node, only->token(), work);
  }
  return work.any_text(
      test.field, [&](std::string_view value) { return fits(nodes_[test.node], value, work); });
}

// With lists for `or` and the shortest one for `and`. `message` and `record` always are.
std::vector<FieldId> Condition::needs(std::size_t at) const {
  static const std::optional<FieldId> kRecord = intern_field("record");
  const Node& node = nodes_[at];
  std::vector<FieldId> all;
  switch (node.kind) {
    case Kind::kNot:
      return {};
    case Kind::kAnd:
      for (const std::size_t child : node.children) {
        std::vector<FieldId> one = needs(child);
        if (!one.empty() && (all.empty() || one.size() < all.size())) all = std::move(one);
      }
      return all;
    case Kind::kOr:
      for (const std::size_t child : node.children) {
        const std::vector<FieldId> one = needs(child);
        if (one.empty()) return {};
        all.insert(all.end(), one.begin(), one.end());
      }
      return all;
    default:
      if (node.field == ecs::kMessage || node.field == kRecord) return {};
      return {node.field};
  }
}

void Condition::ask(AskedValues& asked) const {
  for (const Node& node : nodes_) {
    if (node.kind == Kind::kEquals) asked.add(node.field, node.values, node.nocase);
  }
}

Truth Condition::decide(std::size_t at, Facts& facts) const {
  const Node& node = nodes_[at];
  switch (node.kind) {
    case Kind::kNot: {
      const Truth of = decide(node.children[0], facts);
      return of == Truth::kUnknown ? of : truth_of(of == Truth::kNo);
    }
    case Kind::kAnd:
    case Kind::kOr:
      return decide_all(node, facts);
    default:
      return decide_test(node, facts);
  }
}

// One child decides; else all of them do. What those relied on that did not is forgotten.
Truth Condition::decide_all(const Node& node, Facts& facts) const {
  const Truth decisive = truth_of(node.kind == Kind::kOr);
  const std::size_t before = facts.relied().size();
  bool unknown = false;
  for (const std::size_t child : node.children) {
    const std::size_t own = facts.relied().size();
    const Truth of = decide(child, facts);
    if (of == decisive) {
      Facts::Relied& relied = facts.relied();
      relied.erase(relied.begin() + static_cast<std::ptrdiff_t>(before),
                   relied.begin() + static_cast<std::ptrdiff_t>(own));
      return decisive;
    }
    unknown |= of == Truth::kUnknown;
  }
  if (!unknown) return truth_of(node.kind == Kind::kAnd);
  facts.relied().resize(before);
  return Truth::kUnknown;
}

Truth Condition::decide_test(const Node& node, Facts& facts) {
  Truth made = facts.has(node.field);
  if (made == Truth::kYes && node.kind != Kind::kExists) {
    const std::string* const value = facts.value(node.field);
    const bool none = node.kind == Kind::kEquals && facts.is_other(node.field);
    made = none ? Truth::kNo : Truth::kUnknown;
    if (value != nullptr && node.kind == Kind::kEquals) made = truth_of(fits_known(node, *value));
  }
  if (made != Truth::kUnknown) facts.rely(node.field);
  return made;
}

bool Condition::fits_known(const Node& node, std::string_view value) {
  return node.nocase ? equals_one(node, lowered(value)) : equals_one(node, value);
}

bool Condition::equals_one(const Node& node, std::string_view value) {
  return (node.sizes & size_bit(value.size())) != 0 &&
         std::any_of(node.values.begin(), node.values.end(),
                     [&](const std::string& wanted) { return same_name(value, wanted); });
}

namespace {

bool less(double a, double b, bool or_equal) {
  return or_equal ? a <= b : a < b;
}

}  // namespace

bool Condition::fits(const Node& node, std::string_view value, Work& work) {
  return node.nocase ? fits_as_written(node, lowered(value), work)
                     : fits_as_written(node, value, work);
}

bool Condition::fits_as_written(const Node& node, std::string_view value, Work& work) {
  const auto any = [&](auto test) {
    return std::any_of(node.values.begin(), node.values.end(), test);
  };
  switch (node.kind) {
    case Kind::kEquals:
      return equals_one(node, value);
    case Kind::kStartsWith:
      return any([&](const std::string& wanted) { return value.starts_with(wanted); });
    case Kind::kEndsWith:
      return any([&](const std::string& wanted) { return value.ends_with(wanted); });
    case Kind::kContains:
      return any(
          [&](const std::string& wanted) { return value.find(wanted) != std::string_view::npos; });
    case Kind::kMatches:
      return node.regex->search(value, work.captures());
    case Kind::kIsIp:
      return is_ip(value);
    case Kind::kIsNumber:
      return is_number(value);
    default:
      break;
  }
  double number = 0;
  const auto [end, bad] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (bad != std::errc() || end != value.data() + value.size()) return false;
  const bool or_equal = node.kind == Kind::kLessEqual || node.kind == Kind::kGreaterEqual;
  const bool below = node.kind == Kind::kLess || node.kind == Kind::kLessEqual;
  return below ? less(number, node.number, or_equal) : less(node.number, number, or_equal);
}

}  // namespace picket::parsers
