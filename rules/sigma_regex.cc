// Hyperscan parses every expression that is not large (cheap); compiling costs a thousand times as
// much, seconds for a large one, so those are left to PCRE2. A repeat of a repeat multiplies, so
// the size is estimated first and a hostile expression never reaches a library.
#include "rules/sigma_regex.h"

#include <hs/hs.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace picket::rules {
namespace {

constexpr std::size_t kPatternBytesMax = 8192;
constexpr std::size_t kNestingMax = 64;
constexpr double kStatesMax = 200'000;    // estimated; more is refused
constexpr double kStatesTrusted = 2'000;  // up to here, what Hyperscan parses it also compiles soon

// Reads "{n}", "{n,}" or "{n,m}" at `at`; its larger number, or 0 if it is no repeat.
std::size_t repeat_at(std::string_view pattern, std::size_t at, std::size_t& end) {
  std::size_t number = 0;
  std::size_t largest = 0;
  for (std::size_t i = at + 1; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c >= '0' && c <= '9') {
      number = std::min<std::size_t>(number * 10 + static_cast<std::size_t>(c - '0'), 100'000);
      largest = std::max(largest, number);
    } else if (c == ',') {
      number = 0;
    } else {
      end = i;
      return c == '}' ? largest : 0;
    }
  }
  return 0;
}

// One past the character class that opens at `at`.
std::size_t class_end(std::string_view pattern, std::size_t at) {
  std::size_t i = at + 1;
  if (i < pattern.size() && pattern[i] == '^') ++i;
  if (i < pattern.size() && pattern[i] == ']') ++i;
  while (i < pattern.size() && pattern[i] != ']') i += pattern[i] == '\\' ? 2u : 1u;
  return std::min(i + 1, pattern.size());
}

// Roughly how many automaton states the pattern needs: repeats multiply what they repeat. Negative
// when groups are nested too deep.
double estimated_states(std::string_view pattern) {
  std::vector<double> open = {0};  // states so far in each open group
  double last = 0;                 // states of the last atom, already added
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '(') {
      if (open.size() > kNestingMax) return -1;
      open.push_back(0);
      continue;
    }
    if (c == '{') {
      std::size_t end = i;
      const std::size_t times = repeat_at(pattern, i, end);
      if (times > 1) {
        const double more = last * static_cast<double>(times - 1);
        open.back() += more;
        last += more;
        i = end;
      }
      continue;
    }
    last = 1;
    if (c == ')' && open.size() > 1) {
      last = open.back();
      open.pop_back();
    } else if (c == '[') {
      i = class_end(pattern, i) - 1;
    } else if (c == '\\') {
      ++i;
    }
    open.back() += last;
  }
  double sum = 0;
  for (const double states : open) sum += states;
  return sum;
}

unsigned hyperscan_flags(const Test& test) {
  return HS_FLAG_ALLOWEMPTY | HS_FLAG_UTF8 | (test.ignore_case ? HS_FLAG_CASELESS : 0u) |
         (test.multi_line ? HS_FLAG_MULTILINE : 0u) | (test.dot_all ? HS_FLAG_DOTALL : 0u);
}

bool hyperscan_accepts(const Test& test) {
  hs_compile_error_t* error = nullptr;
  hs_expr_info_t* info = nullptr;
  const bool accepted =
      hs_expression_info(test.text.c_str(), hyperscan_flags(test), &info, &error) == HS_SUCCESS;
  std::free(info);  // by Hyperscan's default allocator
  if (error != nullptr) hs_free_compile_error(error);
  return accepted;
}

// Empty when PCRE2 compiles it.
std::string pcre2_problem(const Test& test) {
  const std::uint32_t flags = PCRE2_UTF | (test.ignore_case ? PCRE2_CASELESS : 0u) |
                              (test.multi_line ? PCRE2_MULTILINE : 0u) |
                              (test.dot_all ? PCRE2_DOTALL : 0u) | PCRE2_NEVER_BACKSLASH_C;
  int code = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* compiled = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(test.text.data()),
                                       test.text.size(), flags, &code, &offset, nullptr);
  if (compiled != nullptr) {
    pcre2_code_free(compiled);
    return {};
  }
  std::array<PCRE2_UCHAR, 200> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return std::string(reinterpret_cast<const char*>(text.data())) + " at offset " +
         std::to_string(offset);
}

}  // namespace

RegexCheck check_regex(const Test& test) {
  if (test.text.size() > kPatternBytesMax) return {RegexEngine::kNone, "it is too long"};
  if (test.text.find('\0') != std::string::npos) return {RegexEngine::kNone, "it has a zero byte"};
  const double states = estimated_states(test.text);
  if (states < 0) return {RegexEngine::kNone, "its groups are nested too deep"};
  if (states > kStatesMax) return {RegexEngine::kNone, "its repeats make it too large"};
  if (states <= kStatesTrusted && hyperscan_accepts(test)) return {RegexEngine::kHyperscan, {}};
  std::string problem = pcre2_problem(test);
  if (problem.empty()) return {RegexEngine::kPcre2, {}};
  return {RegexEngine::kNone, std::move(problem)};
}

}  // namespace picket::rules
