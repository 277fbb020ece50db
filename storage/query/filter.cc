// A recursive descent parser of one function a level; depth is counted. Nodes are appended children
// first. `field` is that of an enclosing field:( ), else empty: a word is then a value.
#include "storage/query/filter.h"

#include <algorithm>

#include "storage/query/regex.h"

namespace picket::storage {
namespace {

enum class Sign : std::uint8_t { kNone, kColon, kEquals, kCased, kNot, kRange, kIn, kNotIn };

struct SignHere {
  Sign sign = Sign::kNone;
  std::size_t end = 0;  // where the value begins, or the space before it
};

class FilterParser {
 public:
  FilterParser(QueryReader& in, std::vector<QueryNode>& nodes) : in_(in), nodes_(nodes) {}

  std::uint32_t filter() {
    in_.skip_space();
    if (in_.done() || in_.peek() == '|') return add({.offset = in_.at()});
    const std::uint32_t root = alternatives("", 0);
    if (!in_.failed() && in_.peek() == ')')
      return in_.refuse(in_.at(), "bracket_extra", "this ) closes nothing");
    return root;
  }

 private:
  std::uint32_t alternatives(std::string_view field, std::size_t depth) {
    if (depth > kQueryDepthMax) {
      return in_.refuse(in_.at(), "too_deep",
                        "nested deeper than " + std::to_string(kQueryDepthMax));
    }
    QueryNode either{.op = QueryOp::kOr, .offset = in_.at()};
    do {
      either.children.push_back(conjunction(field, depth));
    } while (!in_.failed() && in_.take_keyword("or"));
    return either.children.size() == 1 ? either.children.front() : add(std::move(either));
  }

  std::uint32_t conjunction(std::string_view field, std::size_t depth) {
    QueryNode all{.op = QueryOp::kAnd, .offset = in_.at()};
    do {
      all.children.push_back(negation(field, depth));
      if (in_.take_keyword("and")) continue;
      if (in_.done() || in_.peek() == ')' || in_.peek() == '|' || in_.keyword_here("or")) break;
    } while (!in_.failed());
    return all.children.size() == 1 ? all.children.front() : add(std::move(all));
  }

  std::uint32_t negation(std::string_view field, std::size_t depth) {
    const std::size_t begin = in_.at();
    bool negated = false;
    while (in_.take_keyword("not") || take_minus(!field.empty())) negated = !negated;
    const std::uint32_t inner = primary(field, depth);
    return negated ? negate(inner, begin) : inner;
  }

  // "-word": not this word. "--word" and "->" are text; inside field:( ) "-1" is a number.
  bool take_minus(bool in_group) {
    if (in_.failed() || in_.peek() != '-') return false;
    const char next = in_.peek(1);
    const bool digit = next >= '0' && next <= '9';
    const bool begins = is_name_start(next) || next == '"' || next == '(' || next == '`' ||
                        next == '*' || next == '?' || static_cast<unsigned char>(next) >= 0x80;
    if (!begins && (!digit || in_group)) return false;
    return in_.take('-');
  }

  std::uint32_t primary(std::string_view field, std::size_t depth) {
    if (in_.failed()) return 0;
    if (in_.done() || in_.peek() == '|') {
      return in_.refuse(in_.at(), "term_missing", "a term is missing at the end", terms());
    }
    if (in_.peek() == ')')
      return in_.refuse(in_.at(), "term_missing", "a term is missing before )", terms());
    if (in_.keyword_here("and") || in_.keyword_here("or")) {
      return in_.refuse(in_.at(), "term_missing",
                        "a term is missing before this word (quote it to search for it)", terms());
    }
    if (in_.peek() == '(') return group(field, depth);
    if (!field.empty()) return value_node(field, true, {});
    if (in_.peek() == '"') {
      QueryNode node{.op = QueryOp::kText, .offset = in_.at()};
      in_.read_quoted(node.value);
      return finish(std::move(node));
    }
    const std::string_view name = in_.name_here();
    const SignHere sign = sign_behind(name);
    return sign.sign == Sign::kNone ? text() : field_term(name, sign, depth);
  }

  static std::vector<std::string> terms() { return {"a word", "field:value", "\"text\"", "("}; }

  std::uint32_t group(std::string_view field, std::size_t depth) {
    const std::size_t open = in_.at();
    in_.take('(');
    in_.skip_space();
    const std::uint32_t inner = alternatives(field, depth + 1);
    if (in_.failed()) return 0;
    if (!in_.take(')')) return in_.refuse(open, "bracket_open", "this ( is not closed", {")"});
    in_.skip_space();
    return inner;
  }

  std::uint32_t text() {
    QueryNode node{.op = QueryOp::kText, .offset = in_.at()};
    node.value = in_.word();
    in_.move_to(in_.at() + node.value.size());
    if (node.value.find_first_of("*?") != std::string::npos) node.test = ValueTest::kWildcard;
    if (node.value == "*") node = {.offset = node.offset};
    return finish(std::move(node));
  }

  // What makes the name that begins here a field: an operator at once, or behind space. A colon
  // must follow at once.
  SignHere sign_behind(std::string_view name) {
    const bool quoted = name.starts_with('`');
    if (name.size() < 2 || (!quoted && (name.ends_with('-') || name.ends_with('.')))) return {};
    const std::size_t begin = in_.at();
    in_.move_to(begin + name.size());
    SignHere found = colon_here();
    if (found.sign == Sign::kNone) {
      const bool joined = !is_query_space(in_.peek());
      in_.skip_space();
      found.sign = take_sign();
      if (found.sign == Sign::kNone && !joined) found.sign = take_in();
      found.end = in_.at();
    }
    in_.move_to(begin);
    return found;
  }

  SignHere colon_here() const {
    const std::string_view rest = in_.rest();
    const bool colon = rest.starts_with(':') && !rest.starts_with("::") && !rest.starts_with("://");
    return colon ? SignHere{Sign::kColon, in_.at() + 1} : SignHere{};
  }

  Sign take_sign() {
    if (in_.take("==")) return Sign::kCased;
    if (in_.take("!=")) return Sign::kNot;
    if (in_.take('=')) return Sign::kEquals;
    return in_.peek() == '<' || in_.peek() == '>' ? Sign::kRange : Sign::kNone;
  }

  Sign take_in() {
    const bool negated = in_.take_keyword("not");
    const bool in = in_.take_keyword("in") && in_.peek() == '(';
    if (!in) return Sign::kNone;
    return negated ? Sign::kNotIn : Sign::kIn;
  }

  std::uint32_t field_term(std::string_view name, SignHere sign, std::size_t depth) {
    const std::size_t begin = in_.at();
    field_at_ = begin;
    const std::string field = plain_name(name);
    in_.move_to(sign.end);
    if (sign.sign != Sign::kColon) in_.skip_space();
    if (in_.done() || is_query_space(in_.peek()) || in_.peek() == ')' || in_.peek() == '|') {
      return in_.refuse(in_.at(), "value_missing",
                        "a value is missing after " + std::string(name) + ":",
                        {"a value", "\"text\"", "*", "(", "["});
    }
    std::uint32_t node = 0;
    if (sign.sign == Sign::kIn || sign.sign == Sign::kNotIn) {
      node = list(field);
    } else if (sign.sign == Sign::kCased) {
      node = cased(field);
    } else if (in_.peek() == '(') {
      node = group(field, depth);
    } else {
      node = value_node(field, sign.sign == Sign::kColon || sign.sign == Sign::kRange, {});
    }
    const bool negated = sign.sign == Sign::kNot || sign.sign == Sign::kNotIn;
    return negated ? other_than(field, node, begin) : node;
  }

  // field!=value: the field is there, and none of its values is that one.
  std::uint32_t other_than(const std::string& field, std::uint32_t node, std::size_t begin) {
    const std::uint32_t there =
        add({.op = QueryOp::kField, .test = ValueTest::kExists, .field = field, .offset = begin});
    const std::uint32_t differs = negate(node, begin);
    return add({.op = QueryOp::kAnd, .children = {there, differs}, .offset = begin});
  }

  // field in (a, "b", c*)
  std::uint32_t list(const std::string& field) {
    const std::size_t open = in_.at();
    QueryNode either{.op = QueryOp::kOr, .offset = open};
    in_.take('(');
    do {
      in_.skip_space();
      either.children.push_back(value_node(field, false, ","));
    } while (!in_.failed() && in_.take(','));
    if (in_.failed()) return 0;
    if (!in_.take(')')) {
      return in_.done()
                 ? in_.refuse(open, "bracket_open", "this ( is not closed", {")"})
                 : in_.refuse(in_.at(), "list_comma", "a comma or ) is missing here", {",", ")"});
    }
    in_.skip_space();
    return either.children.size() == 1 ? either.children.front() : add(std::move(either));
  }

  std::uint32_t cased(const std::string& field) {
    QueryNode node{
        .op = QueryOp::kField, .test = ValueTest::kEqualsCase, .field = field, .offset = field_at_};
    if (in_.peek() == '"') {
      in_.read_quoted(node.value);
    } else {
      node.value = in_.word();
      in_.move_to(in_.at() + node.value.size());
      if (node.value.empty())
        return in_.refuse(in_.at(), "value_missing", "a value is missing here",
                          {"a value", "\"text\""});
    }
    return finish(std::move(node));
  }

  // One value of a field, as it may stand behind an operator or in a list. `signs`: < and >
  // compare.
  std::uint32_t value_node(std::string_view field, bool signs, std::string_view stops) {
    QueryNode node{.op = QueryOp::kField, .field = std::string(field), .offset = field_at_};
    if (in_.peek() == '"') {
      in_.read_quoted(node.value);
      // An address is compared as one, however it is spelt; a network is only text.
      if (node.value.find('/') == std::string::npos) node.network = parse_network(node.value);
    } else if (in_.peek() == '[' || in_.peek() == '{') {
      read_range(node);
    } else if (signs && (in_.peek() == '<' || in_.peek() == '>')) {
      read_comparison(node);
    } else if (const std::size_t size = regex_size(); size > 0) {
      read_regex(node, size);
    } else {
      read_word(node, stops);
    }
    return finish(std::move(node));
  }

  void read_word(QueryNode& node, std::string_view stops) {
    node.value = in_.word(stops);
    if (node.value.empty()) {
      in_.refuse(in_.at(), "value_missing", "a value is missing here",
                 {"a value", "\"text\"", "*"});
    }
    in_.move_to(in_.at() + node.value.size());
    if (node.value == "*") {
      node.test = ValueTest::kExists;
    } else if (node.value.find_first_of("*?") != std::string::npos) {
      node.test = ValueTest::kWildcard;
    } else {
      node.network = parse_network(node.value);
      if (node.network && node.value.find('/') != std::string::npos)
        node.test = ValueTest::kNetwork;
    }
  }

  void read_comparison(QueryNode& node) {
    const bool less = in_.take('<');
    if (!less) in_.take('>');
    const bool inclusive = in_.take('=');
    in_.skip_space();
    node.test = ValueTest::kRange;
    std::optional<QueryLimit> limit = read_limit({}, inclusive);
    (less ? node.upper : node.lower) = std::move(limit);
  }

  // A number, a time or an address; nullopt is an error.
  std::optional<QueryLimit> read_limit(std::string_view stops, bool inclusive) {
    const std::size_t begin = in_.at();
    std::string text;
    if (in_.peek() == '"') {
      if (!in_.read_quoted(text)) return {};
    } else {
      text = in_.word(stops);
      in_.move_to(begin + text.size());
    }
    std::optional<QueryLimit> limit = parse_limit(text);
    if (limit) {
      limit->inclusive = inclusive;
    } else {
      in_.refuse(begin, "limit_missing",
                 "a number, a time (RFC 3339) or an address is missing here",
                 {"a number", "a time", "an address"});
    }
    return limit;
  }

  // [a TO b], {a TO b}, [* TO b} ...
  void read_range(QueryNode& node) {
    const std::size_t open = in_.at();
    node.test = ValueTest::kRange;
    const bool lower_inclusive = in_.peek() == '[';
    in_.move_to(open + 1);
    in_.skip_space();
    node.lower = read_end(lower_inclusive);
    in_.skip_space();
    if (in_.failed()) return;
    if (!in_.take_keyword("to")) {
      in_.refuse(in_.at(), "range_to", "TO is missing here, as in [1 TO 5]", {"TO"});
      return;
    }
    node.upper = read_end(true);
    in_.skip_space();
    if (in_.failed()) return;
    const bool upper_inclusive = in_.peek() == ']';
    if (!in_.take(']') && !in_.take('}')) {
      in_.refuse(open, "range_open", "this range is not closed", {"]", "}"});
      return;
    }
    if (node.upper) node.upper->inclusive = upper_inclusive;
    if (!node.lower && !node.upper) node.test = ValueTest::kExists;
    if (node.lower && node.upper && !same_kind(*node.lower, *node.upper))
      in_.refuse(open, "range_kinds", "the ends of this range are of two kinds");
  }

  std::optional<QueryLimit> read_end(bool inclusive) {
    if (in_.word("]}") == "*") {
      in_.take('*');
      return {};
    }
    return read_limit("]}", inclusive);
  }

  static bool same_kind(const QueryLimit& a, const QueryLimit& b) {
    return a.number.has_value() == b.number.has_value() &&
           a.time_ns.has_value() == b.time_ns.has_value();
  }

  // The size of the /pattern/flags that begins here, or 0: its end must be the end of a word, so
  // that /var/log is a path.
  std::size_t regex_size() const {
    const std::string_view rest = in_.rest();
    if (!rest.starts_with('/')) return 0;
    std::size_t at = 1;
    while (at < rest.size() && rest[at] != '/') at += rest[at] == '\\' ? std::size_t{2} : 1;
    if (at >= rest.size() || at == 1) return 0;
    ++at;
    while (at < rest.size() && (rest[at] == 'i' || rest[at] == 'm' || rest[at] == 's')) ++at;
    const bool ends = at == rest.size() || is_query_space(rest[at]) || rest[at] == ')' ||
                      rest[at] == '|' || rest[at] == ',';
    return ends ? at : 0;
  }

  void read_regex(QueryNode& node, std::size_t size) {
    const std::string_view whole = in_.rest().substr(0, size);
    const std::size_t close = whole.rfind('/');
    node.test = ValueTest::kRegex;
    node.value = whole.substr(1, close - 1);
    for (const char flag : {'i', 'm', 's'}) {
      if (whole.find(flag, close) != std::string_view::npos) node.flags += flag;
    }
    const auto is_regex = [](const QueryNode& one) { return one.regex != nullptr; };
    if (std::count_if(nodes_.begin(), nodes_.end(), is_regex) == kQueryRegexesMax) {
      in_.refuse(in_.at(), "too_many_regexes",
                 "more than " + std::to_string(kQueryRegexesMax) + " regular expressions");
      return;
    }
    RegexRefusal why;
    node.regex = SearchRegex::compile(node.value, node.flags, why);
    if (!node.regex)
      in_.refuse(in_.at() + 1 + why.offset, "regex", "regular expression: " + why.what);
    if (node.value.find_first_of("\\^$.|?*+()[]{}") == std::string::npos) {
      in_.warn(
          in_.at(), "regex_plain",
          "this is read as a regular expression; quote it to look for the text with its slashes");
    }
    in_.move_to(in_.at() + size);
  }

  std::uint32_t negate(std::uint32_t inner, std::size_t begin) {
    return add({.op = QueryOp::kNot, .children = {inner}, .offset = begin});
  }

  std::uint32_t finish(QueryNode node) {
    in_.skip_space();
    return add(std::move(node));
  }

  std::uint32_t add(QueryNode node) {
    if (nodes_.size() >= kQueryNodesMax) {
      return in_.refuse(in_.at(), "too_many_terms",
                        "more than " + std::to_string(kQueryNodesMax) + " terms");
    }
    nodes_.push_back(std::move(node));
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }

  QueryReader& in_;
  std::size_t field_at_ = 0;  // where the field begins whose values are read
  std::vector<QueryNode>& nodes_;
};

}  // namespace

std::uint32_t read_filter(QueryReader& in, std::vector<QueryNode>& nodes) {
  return FilterParser(in, nodes).filter();
}

}  // namespace picket::storage
