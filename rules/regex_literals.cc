#include "rules/regex_literals.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <optional>
#include <utility>

namespace picket::rules {
namespace {

constexpr int kDepthMax = 20;
constexpr std::size_t kSetMax = 64;  // literals in a set
constexpr std::size_t kMinSize = 2;  // shorter literals say nothing, but for rare signs
constexpr std::size_t kLongEnough =
    5;  // longer literals need not become several for a character more
constexpr std::size_t kWaysMax = 12;    // texts that one run may be
constexpr std::size_t kChoicesMax = 6;  // characters that a set may be, to be written out

using Literals = std::vector<std::string>;
using Sets = std::vector<Literals>;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
// Characters, each once.
void add_choice(std::string& choices, char c) {
  if (choices.find(c) == std::string::npos) choices += c;
}
// One sign that ordinary values do not have.
bool is_rare(std::string_view run) {
  return run.size() == 1 &&
         std::string_view("`^~{}[]<>|;!$&?*").find(run[0]) != std::string_view::npos;
}
constexpr std::string_view kSpaces = " \t\n\v\f\r";  // what "\s" is
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
  // What comes before a quantifier: one character of a few, or anything else with what it needs.
  struct Atom {
    std::string choices;  // in lower case; empty: no character, or one of too many
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
    Run run;
    const auto end_run = [&] {
      if (Literals texts = run.take(); !texts.empty()) needs.push_back(std::move(texts));
    };
    while (!lost_ && !rest_.empty() && !at('|') && !at(')')) {
      Atom atom = next_atom(depth);
      const auto [least, most] = quantifier();
      if (lost_) break;
      if (least == 0 || atom.choices.empty()) end_run();
      if (least == 0) continue;
      std::move(atom.needs.begin(), atom.needs.end(), std::back_inserter(needs));
      if (atom.choices.empty()) continue;
      if (!run.takes(atom.choices)) end_run();
      run.append(atom.choices);
      if (most == 1) continue;
      end_run();  // of what is repeated the last stands before what follows
      run.append(atom.choices);
    }
    end_run();
    return needs;
  }

  // Characters in a row, some of them one of several: all the texts that they may be.
  class Run {
   public:
    bool takes(const std::string& choices) const {
      if (choices.size() == 1) return true;
      return texts_.front().size() < kLongEnough && texts_.size() * choices.size() <= kWaysMax;
    }
    void append(const std::string& choices) {
      varied_begin_ = varied_begin_ || (texts_.front().empty() && choices.size() > 1);
      Literals longer;
      for (const std::string& text : texts_) {
        for (const char c : choices) longer.push_back(text + c);
      }
      texts_ = std::move(longer);
    }
    // Empties it; no texts when they say nothing.
    Literals take() {
      Literals texts = std::exchange(texts_, {""});
      const bool varied = std::exchange(varied_begin_, false);
      if (varied && texts.front().size() > kLongEnough) {  // the first character is worth little
        for (std::string& text : texts) text.erase(0, 1);
        std::sort(texts.begin(), texts.end());
        texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
      }
      const bool tell =
          texts.front().size() >= kMinSize ||
          std::all_of(texts.begin(), texts.end(), [](const auto& t) { return is_rare(t); });
      return tell ? texts : Literals{};
    }

   private:
    Literals texts_ = {""};
    bool varied_begin_ = false;
  };

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
        return {.choices = {}, .needs = group(depth + 1)};
      case '[':
        return {.choices = set(), .needs = {}};
      case '\\':
        if (at('s')) {
          take();
          return {.choices = std::string(kSpaces), .needs = {}};
        }
        return {.choices = text_of(escape()), .needs = {}};
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
    return {.choices = std::string(1, lower(c)), .needs = {}};
  }

  static std::string text_of(std::optional<char> c) {
    return c ? std::string(1, lower(*c)) : std::string();
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

  // Behind the bracket of a character set: what it may be, if that is little.
  std::string set() {
    std::string choices;
    bool few = !take("^");
    bool first = true;  // a bracket in the first place is one of the set
    while (!rest_.empty()) {
      char c = take();
      if (c == ']' && !first) return few && choices.size() <= kChoicesMax ? choices : std::string();
      first = false;
      if (c == '\\' && !rest_.empty()) {
        if (at('Q') || at('E') || at('c')) lost_ = true;  // "\c]" is one character
        const bool letter_or_digit = std::isalnum(static_cast<unsigned char>(rest_.front())) != 0;
        c = take();
        few = few && !letter_or_digit;
      } else if (c == '[' && (at(':') || at('.') || at('='))) {
        skip_named_class();
        few = false;
      }
      few = few && static_cast<unsigned char>(c) < 0x80 && !range();
      add_choice(choices, lower(c));
    }
    lost_ = true;
    return {};
  }
  // A character of a set begins a range.
  bool range() const { return rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']'; }

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
