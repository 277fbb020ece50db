#include "rules/regex_literals.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace picket::rules {
namespace {

constexpr int kDepthMax = 20;
constexpr std::size_t kSetMax = 64;  // literals in a set
constexpr std::size_t kMinSize = 2;  // shorter literals say nothing, but for rare signs

using Literals = std::vector<std::string>;
using Sets = std::vector<Literals>;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
// One sign that ordinary values do not have.
bool is_rare(std::string_view run) {
  return run.size() == 1 && std::string_view("`^~{}[]<>|;!$&?*").find(run[0]) != std::string_view::npos;
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Reads an expression from left to right. Any surprise sets lost_, and then nothing of it counts.
class Reader {
 public:
  explicit Reader(std::string_view regex) : rest_(regex) {}

  Sets read() {
    Sets sets = alternatives(0);
    if (lost_ || !rest_.empty()) return {};
    return sets;
  }

 private:
  // What comes before a quantifier: one known character, or anything else with what it needs.
  struct Atom {
    std::optional<char> character;
    Sets needs;
  };

  bool at(char c) const { return !rest_.empty() && rest_.front() == c; }
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  Sets alternatives(int depth) {
    Sets needs = sequence(depth);
    bool several = false;
    Literals either = several_ways(needs);
    while (!lost_ && at('|')) {
      take();
      const Literals other = several_ways(sequence(depth));
      if (either.empty() || other.empty() || either.size() + other.size() > kSetMax) {
        either.clear();
      } else {
        either.insert(either.end(), other.begin(), other.end());
      }
      several = true;
    }
    if (!several) return needs;
    return either.empty() ? Sets{} : Sets{std::move(either)};
  }

  // One set out of several that all must hold: the one whose shortest literal is longest.
  static Literals several_ways(const Sets& needs) {
    const Literals* best = nullptr;
    for (const Literals& set : needs) {
      if (best == nullptr || shortest(set) > shortest(*best)) best = &set;
    }
    return best == nullptr ? Literals{} : *best;
  }
  static std::size_t shortest(const Literals& set) {
    std::size_t size = set.front().size();
    for (const std::string& literal : set) size = std::min(size, literal.size());
    return size;
  }

  Sets sequence(int depth) {
    Sets needs;
    std::string run;
    const auto end_run = [&] {
      if (run.size() >= kMinSize || is_rare(run)) needs.push_back({run});
      run.clear();
    };
    while (!lost_ && !rest_.empty() && !at('|') && !at(')')) {
      Atom atom = next_atom(depth);
      const auto [least, most] = quantifier();
      if (lost_) break;
      if (least == 0) {
        end_run();
      } else if (atom.character) {
        run += lower(*atom.character);
        if (most != 1) end_run();
      } else {
        end_run();
        std::move(atom.needs.begin(), atom.needs.end(), std::back_inserter(needs));
      }
    }
    end_run();
    return needs;
  }

  // How often: {1, 1} without a quantifier. At most 2 is told apart from 1.
  std::pair<int, int> quantifier() {
    std::pair<int, int> count{1, 1};
    if (take("?")) {
      count = {0, 1};
    } else if (take("*")) {
      count = {0, 2};
    } else if (take("+")) {
      count = {1, 2};
    } else if (at('{') && rest_.size() > 1 &&
               std::string_view("0123456789, \t").find(rest_[1]) != std::string_view::npos) {
      count = braces();
    } else {
      return count;  // another brace stands for itself
    }
    if (!take("?")) take("+");  // lazy, possessive
    if (at('?') || at('*') || at('+') || at('{')) lost_ = true;
    return count;
  }

  std::pair<int, int> braces() {
    const std::size_t end = rest_.find('}');
    const std::string_view inside =
        end == std::string_view::npos ? std::string_view() : rest_.substr(1, end - 1);
    bool zero = true;
    std::size_t digits = 0;
    for (; digits < inside.size() && is_digit(inside[digits]); ++digits)
      zero = zero && inside[digits] == '0';
    const bool counted =
        digits > 0 && inside.find_first_not_of("0123456789,") == std::string_view::npos;
    if (!counted) {  // a brace that counts nothing, or that dialects read differently
      lost_ = true;
      return {0, 2};
    }
    rest_.remove_prefix(end + 1);
    if (zero) return {0, 2};
    return {1, inside == "1" ? 1 : 2};
  }

  Atom next_atom(int depth) {
    const char c = take();
    switch (c) {
      case '(':
        return {.character = {}, .needs = group(depth + 1)};
      case '[':
        skip_class();
        return {};
      case '\\':
        return {.character = escape(), .needs = {}};
      case '.':
      case '^':
      case '$':
      case '{':
        return {};
      case '?':
      case '*':
      case '+':
        lost_ = true;
        return {};
      default:
        break;
    }
    if (static_cast<unsigned char>(c) >= 0x80) return {};
    return {.character = c, .needs = {}};
  }

  Sets group(int depth) {
    if (depth > kDepthMax) lost_ = true;
    bool counts = true;  // what is inside must be in the text
    if (take("?")) {
      if (take("!") || take("<!") || take("=") || take("<=")) {
        counts = false;
      } else if (take("<") || take("P<") || take("'")) {
        const std::size_t end = rest_.find_first_of(">'");
        lost_ = lost_ || end == std::string_view::npos;
        rest_.remove_prefix(lost_ ? rest_.size() : end + 1);
      } else if (!take(":") && !take(">")) {
        if (!flags()) return {};  // "(?i)": no group at all
      }
    } else if (at('*')) {
      lost_ = true;  // a verb
    }
    if (lost_) return {};
    Sets needs = alternatives(depth);
    if (!take(")")) lost_ = true;
    return counts ? needs : Sets{};
  }

  // "i-ms:" of "(?i-ms:"; false when it ends there, with its bracket.
  bool flags() {
    while (!rest_.empty() && (at('i') || at('m') || at('s') || at('-') || at('U'))) take();
    if (take(")")) return false;
    if (!take(":")) lost_ = true;
    return true;
  }

  void skip_class() {
    take("^");
    take("]");  // a bracket in the first place is one of the class
    while (!rest_.empty()) {
      const char c = take();
      if (c == ']') return;
      if (c == '\\' && !rest_.empty()) {
        if (at('Q') || at('E') || at('c')) lost_ = true;  // "\c]" is one character
        take();
      }
      if (c == '[' && (at(':') || at('.') || at('='))) skip_named_class();
    }
    lost_ = true;
  }

  // "[:alpha:]". Anything else that begins like one is read differently by different engines.
  void skip_named_class() {
    const std::size_t end = rest_.find(":]");
    std::string_view name = rest_.substr(1, end == std::string_view::npos ? 0 : end - 1);
    if (name.starts_with('^')) name.remove_prefix(1);
    const bool letters =
        std::all_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (!at(':') || name.empty() || !letters) {
      lost_ = true;
      return;
    }
    rest_.remove_prefix(end + 2);
  }

  // The character that is meant, if it is one.
  std::optional<char> escape() {
    if (rest_.empty()) {
      lost_ = true;
      return std::nullopt;
    }
    const char c = take();
    if (c == 'x') return hexadecimal();
    if (c == 'n') return '\n';
    if (c == 'r') return '\r';
    if (c == 't') return '\t';
    if (is_digit(c)) {  // a reference or an octal number: more digits belong to it
      while (!rest_.empty() && is_digit(rest_.front())) take();
      return std::nullopt;
    }
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter) return static_cast<unsigned char>(c) < 0x80 ? std::optional(c) : std::nullopt;
    constexpr std::string_view kClasses = "dDwWsSbBAzZhHvVRN";
    if (kClasses.find(c) == std::string_view::npos || (c == 'N' && at('{'))) lost_ = true;
    return std::nullopt;
  }

  std::optional<char> hexadecimal() {
    int value = 0;
    int digits = 0;
    while (digits < 2 && !rest_.empty() && is_hex(rest_.front())) {
      const char c = lower(take());
      value = value * 16 + (is_digit(c) ? c - '0' : c - 'a' + 10);
      ++digits;
    }
    if (digits == 0) lost_ = true;  // "\x{...}"
    return digits > 0 && value < 0x80 ? std::optional(static_cast<char>(value)) : std::nullopt;
  }

  std::string_view rest_;
  bool lost_ = false;
};

}  // namespace

std::vector<std::vector<std::string>> necessary_literals(std::string_view regex) {
  return Reader(regex).read();
}

}  // namespace picket::rules
