#include "tests/rules/reference.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <algorithm>
#include <arpa/inet.h>
#include <pcre2.h>
#include <utf8proc.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/time.h"

namespace picket::rules {
namespace {

using Value = ReferenceEvent::Value;

// ---- texts

// A byte that is no UTF-8 becomes a character of its own beyond Unicode.
Characters characters(std::string_view text) {
  Characters all;
  for (std::size_t at = 0; at < text.size();) {
    utf8proc_int32_t code = 0;
    const auto read = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                                       static_cast<utf8proc_ssize_t>(text.size() - at), &code);
    if (read > 0) {
      all += static_cast<char32_t>(code);
      at += static_cast<std::size_t>(read);
    } else {
      all += static_cast<char32_t>(0x110000 + static_cast<unsigned char>(text[at]));
      ++at;
    }
  }
  return all;
}

// Unicode simple folding, one character for one.
Characters folded(Characters text) {
  for (char32_t& c : text) {
    if (c >= 0x110000 || c == U'\u0130' || c == U'\u0131') continue;  // these two only fold in Turkish
    const auto code = static_cast<utf8proc_int32_t>(c);
    c = static_cast<char32_t>(utf8proc_tolower(utf8proc_toupper(code)));
  }
  return text;
}

struct Piece {
  PatternPart::Kind kind = PatternPart::Kind::kText;
  Characters text;
};

// Keeps the set of places in `text` that the pieces so far can reach.
bool glob(const std::vector<Piece>& pieces, const Characters& text) {
  const std::size_t end = text.size();
  std::vector<char> here(end + 1, 0);
  here[0] = 1;
  for (const Piece& piece : pieces) {
    std::vector<char> next(end + 1, 0);
    bool running = false;
    for (std::size_t i = 0; i <= end; ++i) {
      switch (piece.kind) {
        case PatternPart::Kind::kAnyRun:
          running = running || here[i] != 0;
          if (running) next[i] = 1;
          break;
        case PatternPart::Kind::kAnyOne:
          if (here[i] != 0 && i < end) next[i + 1] = 1;
          break;
        case PatternPart::Kind::kText:
          if (here[i] != 0 && text.compare(i, piece.text.size(), piece.text) == 0) {
            next[i + piece.text.size()] = 1;
          }
          break;
      }
    }
    here = std::move(next);
  }
  return here[end] != 0;
}

bool begins(const Characters& text, const Characters& with) {
  return text.compare(0, with.size(), with) == 0;
}
bool ends(const Characters& text, const Characters& with) {
  return text.size() >= with.size() &&
         text.compare(text.size() - with.size(), with.size(), with) == 0;
}

bool refers(RefMode mode, const Characters& value, const Characters& other) {
  switch (mode) {
    case RefMode::kEqual:
      return value == other;
    case RefMode::kStartsWith:
      return begins(value, other);
    case RefMode::kEndsWith:
      return ends(value, other);
    case RefMode::kContains:
      return value.find(other) != Characters::npos;
  }
  return false;
}

// ---- numbers and times

// [+-] digits [. digits] [e [+-] digits], with a digit before or behind the point.
std::optional<double> number(const std::string& text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - begin;
  };
  const auto sign = [&] {
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
  };
  sign();
  std::size_t count = digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    count += digits();
  }
  if (count == 0) return std::nullopt;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    sign();
    if (digits() == 0) return std::nullopt;
  }
  if (at != text.size()) return std::nullopt;
  const double value = std::strtod(text.c_str(), nullptr);
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

bool compare(double value, Compare how, double with) {
  switch (how) {
    case Compare::kEqual:
      return value == with;
    case Compare::kNotEqual:
      return value != with;
    case Compare::kLess:
      return value < with;
    case Compare::kLessEqual:
      return value <= with;
    case Compare::kGreater:
      return value > with;
    case Compare::kGreaterEqual:
      return value >= with;
  }
  return false;
}

// ISO 8601: the week that holds the year's first Thursday is week 1.
int week(const CivilTime& civil) {
  using namespace std::chrono;
  const sys_days day = year{civil.year} / civil.month / civil.day;
  const sys_days thursday = day - days{weekday{day}.iso_encoding() - 1} + days{3};
  const sys_days first = year_month_day{thursday}.year() / January / 1;
  return static_cast<int>((thursday - first).count() / 7 + 1);
}

std::optional<double> time_part(const std::string& text, const std::string& part) {
  const auto parsed = parse_time(text);
  if (!parsed) return std::nullopt;
  const CivilTime civil = to_civil(parsed->time_ns);
  if (part == "minute") return civil.minute;
  if (part == "hour") return civil.hour;
  if (part == "day") return civil.day;
  if (part == "week") return week(civil);
  if (part == "month") return civil.month;
  if (part == "year") return civil.year;
  return std::nullopt;
}

// ---- networks

// An address as its bits, '0' and '1': 32 or 128 of them. Empty: no address.
std::string address_bits(const std::string& text) {
  if (text.find('\0') != std::string::npos) return {};
  std::array<unsigned char, 16> bytes{};
  std::size_t size = 0;
  if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    size = 4;
  } else if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) {
    size = 16;
  }
  std::string bits;
  for (std::size_t i = 0; i < size; ++i) {
    for (int bit = 7; bit >= 0; --bit) bits += ((bytes[i] >> bit) & 1) != 0 ? '1' : '0';
  }
  // An IPv4 address inside of IPv6 is that IPv4 address (RFC 4291 2.5.5.2).
  const std::string mapped = std::string(80, '0') + std::string(16, '1');
  return bits.size() == 128 && bits.starts_with(mapped) ? bits.substr(mapped.size()) : bits;
}

struct Network {
  std::string bits;  // those that count
  std::size_t width = 0;
};

Network network(const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string bits = address_bits(text.substr(0, slash));
  const std::size_t wanted = slash == std::string::npos
                                 ? bits.size()
                                 : static_cast<std::size_t>(std::stoul(text.substr(slash + 1)));
  return {.bits = bits.substr(0, wanted), .width = bits.size()};
}

// ---- regular expressions

struct PcreFree {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
using Pcre = std::unique_ptr<pcre2_code, PcreFree>;

Pcre compile(const Test& test, std::uint32_t flags) {
  if (test.ignore_case) flags |= PCRE2_CASELESS;
  if (test.multi_line) flags |= PCRE2_MULTILINE;
  if (test.dot_all) flags |= PCRE2_DOTALL;
  int error = 0;
  PCRE2_SIZE offset = 0;
  Pcre code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(test.text.data()), test.text.size(), flags,
                          &error, &offset, nullptr));
  return code;
}

// By character where the text is UTF-8, which PCRE2 itself finds out, else by byte.
struct Regex {
  Pcre by_character;
  Pcre by_byte;

  bool search(const std::string& text) const {
    int found = match(by_character.get(), text);
    const bool is_utf8 = found > PCRE2_ERROR_UTF8_ERR1 || found < PCRE2_ERROR_UTF8_ERR21;
    if (!is_utf8) found = by_byte ? match(by_byte.get(), text) : PCRE2_ERROR_NOMATCH;
    return found >= 0;
  }

 private:
  static int match(const pcre2_code* code, const std::string& text) {
    pcre2_match_data* data = pcre2_match_data_create_from_pattern(code, nullptr);
    const int found = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0,
                                  0, data, nullptr);
    pcre2_match_data_free(data);
    return found;
  }
};

Regex regex_of(const Test& test) {
  Regex regex{.by_character = compile(test, PCRE2_UTF), .by_byte = compile(test, 0)};
  PICKET_CHECK(regex.by_character != nullptr);  // the loader has accepted it
  return regex;
}

}  // namespace

std::vector<std::string> literal_names(const std::string& field) {
  std::string name;
  for (const char c : field) {
    if (c != ' ') name += c;
  }
  return {name};
}

ReferenceEvent::ReferenceEvent(const PlainEvent& event) {
  const auto ready = [](const std::string& text) {
    const Characters exact = characters(text);
    return Value{.text = text, .exact = exact, .folded = folded(exact)};
  };
  for (const auto& [name, values] : event.fields) {
    std::vector<Value>& here = fields_[name];
    for (const std::string& value : values) here.push_back(ready(value));
  }
  for (const std::string& leaf : event.leaves) leaves_.push_back(ready(leaf));
}

bool ReferenceEvent::has(const std::vector<std::string>& names) const {
  return std::any_of(names.begin(), names.end(),
                     [this](const std::string& name) { return fields_.contains(name); });
}

const std::vector<Value>& ReferenceEvent::values(const std::vector<std::string>& names) const {
  static const std::vector<Value> kNone;
  for (const std::string& name : names) {
    const auto found = fields_.find(name);
    if (found != fields_.end() && !found->second.empty()) return found->second;
  }
  return kNone;
}

struct ReferenceRule::Part {
  Node::Kind kind = Node::Kind::kTest;
  std::vector<Part> children;
  Test test;
  std::vector<std::string> names;        // of the field
  std::vector<std::string> other_names;  // of the field that it refers to
  std::vector<Piece> pieces;
  Network network;
  Regex regex;

  Part(const Node& node, const FieldNames& names_of) : kind(node.kind), test(node.test) {
    for (const Node& child : node.children) children.emplace_back(child, names_of);
    if (kind != Node::Kind::kTest) return;
    names = names_of(test.field);
    if (test.op == Op::kFieldRef) other_names = names_of(test.text);
    if (test.op == Op::kCidr) network = rules::network(test.text);
    if (test.op == Op::kRegex) regex = regex_of(test);
    for (const PatternPart& part : test.parts) {
      const Characters text = characters(part.text);
      pieces.push_back({.kind = part.kind, .text = test.cased ? text : folded(text)});
    }
  }

  bool holds(const ReferenceEvent& event) const {
    switch (kind) {
      case Node::Kind::kNot:
        return !children.front().holds(event);
      case Node::Kind::kAnd:
        for (const Part& child : children) {
          if (!child.holds(event)) return false;
        }
        return true;
      case Node::Kind::kOr:
        for (const Part& child : children) {
          if (child.holds(event)) return true;
        }
        return false;
      case Node::Kind::kTest:
        break;
    }
    if (test.op == Op::kExists) return event.has(names) == test.flag;
    const std::vector<Value>& values = test.field.empty() ? event.leaves() : event.values(names);
    if (test.op == Op::kNull) return values.empty();
    for (const Value& value : values) {
      if (passes(value, event)) return true;
    }
    return false;
  }

  bool passes(const Value& value, const ReferenceEvent& event) const {
    switch (test.op) {
      case Op::kString:
        return glob(pieces, test.cased ? value.exact : value.folded);
      case Op::kRegex:
        return regex.search(value.text);
      case Op::kCidr: {
        const std::string bits = address_bits(value.text);
        return !bits.empty() && bits.size() == network.width && bits.starts_with(network.bits);
      }
      case Op::kNumber: {
        const auto have = number(value.text);
        return have && compare(*have, test.compare, test.number);
      }
      case Op::kBool:
        return value.folded == (test.flag ? U"true" : U"false");
      case Op::kTime: {
        const auto have = time_part(value.text, test.text);
        return have && compare(*have, test.compare, test.number);
      }
      case Op::kFieldRef:
        for (const Value& other : event.values(other_names)) {
          if (test.cased ? refers(test.ref, value.exact, other.exact)
                         : refers(test.ref, value.folded, other.folded)) {
            return true;
          }
        }
        return false;
      case Op::kExists:
      case Op::kNull:
        break;
    }
    return false;
  }
};

ReferenceRule::ReferenceRule(const Node& condition, const FieldNames& names)
    : root_(std::make_unique<Part>(condition, names)) {}
ReferenceRule::ReferenceRule(ReferenceRule&&) noexcept = default;
ReferenceRule::~ReferenceRule() = default;

bool ReferenceRule::holds(const ReferenceEvent& event) const {
  return root_->holds(event);
}

}  // namespace picket::rules
