// A recursive descent parser of one function a level; depth is counted. Nodes are appended children
// first, so the last one is the root.
#include "storage/query.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/time.h"
#include "storage/folded_text.h"

namespace picket::storage {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@';
}

// The size of the field name that begins a word, or 0 if the word is free text.
std::size_t field_size(std::string_view word) {
  const std::size_t colon = word.find(':');
  if (colon == std::string_view::npos || colon < 2 || !is_letter(word.front())) return 0;
  for (const char c : word.substr(0, colon)) {
    if (!is_letter(c) && !is_digit(c) && c != '.' && c != '-') return 0;
  }
  const std::string_view rest = word.substr(colon + 1);
  return rest.starts_with(":") || rest.starts_with("//") ? 0 : colon;
}

std::optional<double> parse_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || number != number)
    return {};
  return number;
}

// A time as people write it; a day alone begins at midnight UTC.
std::optional<std::int64_t> parse_moment(std::string_view text) {
  std::string moment(text);
  if (moment.size() == 10) moment += "T00:00:00Z";
  const auto parsed = parse_time(moment);
  return parsed ? std::optional(parsed->time_ns) : std::nullopt;
}

std::string_view sign_of(ValueTest test) {
  switch (test) {
    case ValueTest::kLess:
      return "<";
    case ValueTest::kLessEqual:
      return "<=";
    case ValueTest::kGreater:
      return ">";
    case ValueTest::kGreaterEqual:
      return ">=";
    default:
      return "";
  }
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

}  // namespace

std::optional<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  Network network;
  in_addr four{};
  unsigned bits_max = 128;
  if (address.size() >= INET6_ADDRSTRLEN || address.find('\0') != std::string::npos) return {};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) {
    network.address[10] = network.address[11] = 0xFF;
    std::memcpy(network.address.data() + 12, &four, 4);
    bits_max = 32;
  } else if (::inet_pton(AF_INET6, address.c_str(), network.address.data()) != 1) {
    return {};
  }
  if (slash == std::string_view::npos) return network;
  const std::string_view size = text.substr(slash + 1);
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), network.bits);
  if (size.empty() || error != std::errc() || end != size.data() + size.size()) return {};
  if (network.bits > bits_max) return {};
  network.bits += 128 - bits_max;
  return network;
}

bool Network::contains(const Network& other) const {
  if (other.bits < bits) return false;
  const std::size_t whole = bits / 8;
  if (std::memcmp(address.data(), other.address.data(), whole) != 0) return false;
  if (bits % 8 == 0) return true;
  const unsigned mask = 0xFFU << (8 - bits % 8);
  return ((address[whole] ^ other.address[whole]) & mask) == 0;
}

class QueryParser {
 public:
  explicit QueryParser(std::string_view text) : text_(text) {}

  bool parse(Query& query) {
    skip_space();
    if (text_.size() > kQueryBytesMax) {
      refuse(kQueryBytesMax,
             "the query is longer than " + std::to_string(kQueryBytesMax) + " bytes");
    } else if (at_ == text_.size()) {
      add({});
    } else {
      alternatives("", 0);
      if (!error_ && at_ < text_.size()) refuse(at_, "this ) closes nothing");
    }
    query.nodes_ = std::move(nodes_);
    return !error_;
  }
  const QueryError& error() const { return *error_; }

 private:
  // Each answers the index of its node; what it answers after an error is not used. `field` is that
  // of an enclosing field:( ), else empty.
  std::uint32_t alternatives(std::string_view field, std::size_t depth) {
    if (depth > kQueryDepthMax) {
      refuse(at_, "nested deeper than " + std::to_string(kQueryDepthMax));
      return 0;
    }
    QueryNode either{.op = QueryOp::kOr};
    do {
      either.children.push_back(conjunction(field, depth));
    } while (!error_ && take_keyword("or"));
    return either.children.size() == 1 ? either.children.front() : add(std::move(either));
  }

  std::uint32_t conjunction(std::string_view field, std::size_t depth) {
    QueryNode all{.op = QueryOp::kAnd};
    do {
      all.children.push_back(negation(field, depth));
      if (take_keyword("and")) continue;
      if (at_ == text_.size() || text_[at_] == ')' || keyword_here("or")) break;
    } while (!error_);
    return all.children.size() == 1 ? all.children.front() : add(std::move(all));
  }

  std::uint32_t negation(std::string_view field, std::size_t depth) {
    bool negated = false;
    while (take_keyword("not")) negated = !negated;
    const std::uint32_t inner = primary(field, depth);
    return negated ? add({.op = QueryOp::kNot, .children = {inner}}) : inner;
  }

  std::uint32_t primary(std::string_view field, std::size_t depth) {
    if (error_) return 0;
    if (at_ == text_.size()) return refuse(at_, "a term is missing at the end");
    if (text_[at_] == ')') return refuse(at_, "a term is missing before )");
    if (keyword_here("and") || keyword_here("or")) {
      return refuse(at_, "a term is missing before this word (quote it to search for it)");
    }
    if (text_[at_] == '(') return group(field, depth);
    if (text_[at_] == '"') {
      QueryNode node{.op = field.empty() ? QueryOp::kText : QueryOp::kField,
                     .field = std::string(field)};
      if (read_quoted(node.value)) set_exact(node);
      return finish(std::move(node));
    }
    return word(field, depth);
  }

  std::uint32_t group(std::string_view field, std::size_t depth) {
    const std::size_t open = at_++;
    skip_space();
    const std::uint32_t inner = alternatives(field, depth + 1);
    if (error_) return 0;
    if (at_ == text_.size()) return refuse(open, "this ( is not closed");
    ++at_;  // ')': alternatives() ends at nothing else
    skip_space();
    return inner;
  }

  std::uint32_t word(std::string_view field, std::size_t depth) {
    const std::string_view here = text_.substr(at_, word_size(at_));
    if (here.starts_with('|'))
      return refuse(at_, "| is not part of the language yet; quote it to search for it");
    if (!field.empty()) {  // inside field:( ) a word is a value
      QueryNode node{.op = QueryOp::kField, .field = std::string(field)};
      read_value(node);
      return finish(std::move(node));
    }
    if (const std::size_t size = field_size(here); size > 0)
      return field_term(here.substr(0, size), depth);
    QueryNode node{.op = QueryOp::kText, .value = std::string(here)};
    at_ += here.size();
    if (here.find_first_of("*?") != std::string_view::npos) node.test = ValueTest::kWildcard;
    if (here == "*") node = {};
    return finish(std::move(node));
  }

  std::uint32_t field_term(std::string_view field, std::size_t depth) {
    at_ += field.size() + 1;
    if (at_ == text_.size() || is_space(text_[at_]) || text_[at_] == ')') {
      return refuse(at_, "a value is missing after " + std::string(field) + ":");
    }
    if (text_[at_] == '(') return group(field, depth);
    QueryNode node{.op = QueryOp::kField, .field = std::string(field)};
    if (text_[at_] == '"') {
      if (read_quoted(node.value)) set_exact(node);
    } else {
      read_value(node);
    }
    return finish(std::move(node));
  }

  // An unquoted value: a comparison, a wildcard, a network or the value itself.
  void read_value(QueryNode& node) {
    const std::size_t begin = at_;
    const bool less = text_[at_] == '<';
    if (less || text_[at_] == '>') {
      ++at_;
      const bool or_equal = at_ < text_.size() && text_[at_] == '=';
      if (or_equal) ++at_;
      node.test = less ? (or_equal ? ValueTest::kLessEqual : ValueTest::kLess)
                       : (or_equal ? ValueTest::kGreaterEqual : ValueTest::kGreater);
      read_limit(node);
      return;
    }
    node.value = text_.substr(begin, word_size(begin));
    at_ += node.value.size();
    if (node.value == "*") {
      node.test = ValueTest::kExists;
    } else if (node.value.find_first_of("*?") != std::string::npos) {
      node.test = ValueTest::kWildcard;
    } else {
      node.test = ValueTest::kEquals;
      node.network = parse_network(node.value);
      if (node.network && node.value.find('/') != std::string::npos)
        node.test = ValueTest::kNetwork;
    }
  }

  void read_limit(QueryNode& node) {
    const std::size_t begin = at_;
    if (at_ < text_.size() && text_[at_] == '"') {
      if (!read_quoted(node.value)) return;
    } else {
      node.value = text_.substr(at_, word_size(at_));
      at_ += node.value.size();
    }
    node.number = parse_number(node.value);
    if (!node.number) node.time_ns = parse_moment(node.value);
    if (!node.number && !node.time_ns)
      refuse(begin, "a number or a time (RFC 3339) is missing here");
  }

  // A quoted value. An address is compared as one, however it is spelt; a network is only text.
  static void set_exact(QueryNode& node) {
    node.test = ValueTest::kEquals;
    const bool address = node.op == QueryOp::kField && node.value.find('/') == std::string::npos;
    if (address) node.network = parse_network(node.value);
  }

  // At an opening quote; leaves at_ behind the closing one.
  bool read_quoted(std::string& value) {
    const std::size_t open = at_++;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      const bool escape = text_[at_] == '\\' && at_ + 1 < text_.size() &&
                          (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\');
      if (escape) ++at_;
      value += text_[at_];
    }
    if (at_ == text_.size()) {
      refuse(open, "this quote is not closed");
      return false;
    }
    ++at_;
    return true;
  }

  std::size_t word_size(std::size_t from) const {
    const std::size_t end = std::min(text_.find_first_of(" \t\n\r()\"", from), text_.size());
    return end - from;
  }

  bool keyword_here(std::string_view keyword) const {
    const std::string_view here = text_.substr(at_, keyword.size() + 1);
    if (here.size() < keyword.size() || !equals_folded(here.substr(0, keyword.size()), keyword))
      return false;
    return here.size() == keyword.size() || is_space(here.back()) || here.back() == '(' ||
           here.back() == ')';
  }

  bool take_keyword(std::string_view keyword) {
    if (error_ || !keyword_here(keyword)) return false;
    at_ += keyword.size();
    skip_space();
    return true;
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  std::uint32_t finish(QueryNode node) {
    skip_space();
    return add(std::move(node));
  }

  std::uint32_t add(QueryNode node) {
    if (nodes_.size() >= kQueryNodesMax) {
      return refuse(at_, "more than " + std::to_string(kQueryNodesMax) + " terms");
    }
    nodes_.push_back(std::move(node));
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }

  std::uint32_t refuse(std::size_t offset, std::string what) {
    if (!error_) error_ = QueryError{offset, std::move(what)};
    return 0;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<QueryNode> nodes_;
  std::optional<QueryError> error_;
};

namespace {

// The query on one line with a caret under the character; long queries are cut around it.
std::string point_at(std::string_view text, std::size_t offset) {
  constexpr std::size_t kAround = 60;
  const std::size_t begin = offset > kAround ? offset - kAround : 0;
  std::string line = "  ";
  std::string caret = "  ";
  for (std::size_t i = begin; i < std::min(text.size(), offset + kAround); ++i) {
    const bool control = static_cast<unsigned char>(text[i]) < 0x20 || text[i] == 0x7F;
    line += control ? ' ' : text[i];
    const bool follows =
        (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;  // inside a UTF-8 character
    if (i < offset && !follows) caret += ' ';
  }
  return line + "\n" + caret + "^";
}

std::string show_term(const QueryNode& node) {
  const bool whole_word = node.test == ValueTest::kWildcard || node.test == ValueTest::kExists ||
                          node.test == ValueTest::kNetwork;
  std::string value = node.test == ValueTest::kExists ? "*"
                      : whole_word                    ? node.value
                                                      : quoted(node.value);
  value.insert(0, sign_of(node.test));
  if (node.op == QueryOp::kText) return value;
  if (value.starts_with(':') || value.starts_with("//")) value = "(" + value + ")";
  return node.field + ":" + value;
}

// Brackets only where a weaker operator stands inside a stronger one, and around the second of two
// "not", which would take each other away.
void show_node(const Query& query, const QueryNode& node, QueryOp inside, std::string& out) {
  const bool list = node.op == QueryOp::kAnd || node.op == QueryOp::kOr;
  const bool twice = node.op == QueryOp::kNot && inside == QueryOp::kAll;
  const bool bracket = twice || (list && node.op > inside);
  if (bracket) out += '(';
  if (node.op == QueryOp::kNot) out += "not ";
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    if (i > 0) out += node.op == QueryOp::kAnd ? " and " : " or ";
    const QueryOp strength = node.op == QueryOp::kNot ? QueryOp::kAll : node.op;
    show_node(query, query.node(node.children[i]), strength, out);
  }
  if (node.op == QueryOp::kAll) out += '*';
  if (node.op == QueryOp::kText || node.op == QueryOp::kField) out += show_term(node);
  if (bracket) out += ')';
}

}  // namespace

std::string Query::show() const {
  std::string out;
  show_node(*this, root(), QueryOp::kOr, out);
  return out;
}

Result<Query> parse_query(std::string_view text, QueryError* error) {
  Query query;
  QueryParser parser(text);
  if (parser.parse(query)) return query;
  if (error != nullptr) *error = parser.error();
  const std::size_t offset = parser.error().offset;
  return fail(Errc::kInvalid, "query, character " + std::to_string(offset + 1) + ": " +
                                  parser.error().what + "\n" + point_at(text, offset));
}

}  // namespace picket::storage
