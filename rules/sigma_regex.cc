// Hyperscan parses an expression in no time and takes up to seconds to compile a large one; the
// size is estimated first, so a hostile expression never reaches a library.
#include "rules/sigma_regex.h"

#include <hs/hs.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "rules/regex_size.h"

namespace picket::rules {
namespace {

constexpr std::size_t kPatternBytesMax = 8192;

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
  const RegexSize size = size_of_regex(test.text);
  if (size.too_deep) return {RegexEngine::kNone, "its groups are nested too deep"};
  if (size.states > kRegexStatesMax) return {RegexEngine::kNone, "its repeats make it too large"};
  if (hyperscan_accepts(test)) return {RegexEngine::kHyperscan, {}};
  std::string problem = pcre2_problem(test);
  if (!problem.empty()) return {RegexEngine::kNone, std::move(problem)};
  if (size.nested)
    return {RegexEngine::kNone,
            "look-around and back references cannot be combined with a repeat inside of a repeat, "
            "which can take for ever"};
  return {RegexEngine::kPcre2, {}};
}

}  // namespace picket::rules
