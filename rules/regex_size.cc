#include "rules/regex_size.h"

#include <algorithm>
#include <vector>

namespace picket::rules {
namespace {

constexpr std::size_t kRepeatMax = 100'000;
constexpr double kCounted = 50;  // characters that a counter counts cost as much as one state

struct Repeat {
  std::size_t times = 0;   // the larger number; 0: this is no repeat
  bool unbounded = false;  // "{n,}"
  std::size_t end = 0;     // of its text, the brace
};

// Reads "{n}", "{n,}" or "{n,m}" at `at`.
Repeat repeat_at(std::string_view pattern, std::size_t at) {
  std::size_t number = 0;
  std::size_t largest = 0;
  for (std::size_t i = at + 1; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c >= '0' && c <= '9') {
      number = std::min<std::size_t>(number * 10 + static_cast<std::size_t>(c - '0'), kRepeatMax);
      largest = std::max(largest, number);
    } else if (c == ',') {
      number = 0;
    } else {
      return {.times = c == '}' ? largest : 0, .unbounded = pattern[i - 1] == ',', .end = i};
    }
  }
  return {};
}

// One past the character class that opens at `at`.
std::size_t class_end(std::string_view pattern, std::size_t at) {
  std::size_t i = at + 1;
  if (i < pattern.size() && pattern[i] == '^') ++i;
  if (i < pattern.size() && pattern[i] == ']') ++i;
  while (i < pattern.size() && pattern[i] != ']') i += pattern[i] == '\\' ? 2u : 1u;
  return std::min(i + 1, pattern.size());
}

bool is_high(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}
// What stands behind a backslash: "\\W".
bool is_wide_class(char c) {
  return std::string_view("WSDNXRHVpPx").find(c) != std::string_view::npos;
}
bool is_wide_set(std::string_view set) {
  if (set.starts_with("[^")) return true;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (is_high(set[i]) || (set[i] == '\\' && i + 1 < set.size() && is_wide_class(set[++i])))
      return true;
  }
  return false;
}

struct Part {
  double states = 0;
  double unrolled = 0;  // states when nothing can be counted
  double wide = 0;
  bool unbounded = false;  // has an unbounded repeat
  bool single = false;     // one character or set
};

class SizeReader {
 public:
  explicit SizeReader(std::string_view pattern) : pattern_(pattern) {}

  RegexSize read() {
    for (at_ = 0; at_ < pattern_.size() && !size_.too_deep; ++at_) sign();
    for (const Part& part : open_) {
      size_.states += part.states;
      size_.wide += part.wide;
    }
    return size_;
  }

 private:
  void sign() {
    switch (const char c = pattern_[at_]) {
      case '(':
        return open();
      case ')':
        return close();
      case '*':
      case '+':
        return repeat({.times = 1, .unbounded = true, .end = at_});
      case '{': {
        const Repeat found = repeat_at(pattern_, at_);
        return found.times > 0 ? repeat(found) : single(false);
      }
      case '[': {
        const std::string_view set = pattern_.substr(at_, class_end(pattern_, at_) - at_);
        at_ += set.size() - 1;
        return single(is_wide_set(set));
      }
      case '\\':
        ++at_;
        return single(at_ < pattern_.size() && is_wide_class(pattern_[at_]));
      default:
        return single(c == '.' || is_high(c));
    }
  }

  void open() {
    if (open_.size() > kRegexNestingMax) size_.too_deep = true;
    open_.emplace_back();
    last_ = {};
  }
  void close() {
    if (open_.size() == 1) return single(false);  // stands for itself, or is an error
    const Part group = open_.back();
    open_.pop_back();
    atom(group);
  }
  void single(bool wide) {
    atom(
        {.states = 1, .unrolled = 1, .wide = wide ? 1.0 : 0.0, .unbounded = false, .single = true});
  }
  void atom(const Part& part) {
    last_ = part;
    open_.back().states += part.states;
    open_.back().unrolled += part.unrolled;
    open_.back().wide += part.wide;
    open_.back().unbounded = open_.back().unbounded || part.unbounded;
  }
  // Of the last atom, which is counted once already.
  void repeat(const Repeat& found) {
    Part& group = open_.back();
    const auto times = static_cast<double>(found.times);
    group.states -= last_.states;
    group.unrolled += (times - 1) * last_.unrolled;
    group.wide += (times - 1) * last_.wide;
    last_.unrolled *= times;
    last_.wide *= times;
    if (times > 1) last_.states = last_.single ? 1 + times / kCounted : last_.unrolled;
    last_.single = false;
    group.states += last_.states;
    if (found.unbounded) {
      size_.nested = size_.nested || last_.unbounded;
      last_.unbounded = group.unbounded = true;
    }
    at_ = found.end;
    // Lazy or possessive; not another repeat.
    if (at_ + 1 < pattern_.size() && (pattern_[at_ + 1] == '?' || pattern_[at_ + 1] == '+')) ++at_;
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  RegexSize size_;
  std::vector<Part> open_ = std::vector<Part>(1);  // of each open group, so far
  Part last_;                                      // the atom before
};

}  // namespace

RegexSize size_of_regex(std::string_view pattern) {
  return SizeReader(pattern).read();
}

}  // namespace picket::rules
