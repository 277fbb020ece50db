#include "storage/query/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <atomic>

namespace picket::storage {
namespace {

std::atomic<std::uint64_t> limits_reached{0};

struct Freed {
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

// What matching needs beside the pattern; one per thread, for every pattern.
struct Scratch {
  std::unique_ptr<pcre2_match_context, Freed> context{pcre2_match_context_create(nullptr)};
  std::unique_ptr<pcre2_match_data, Freed> data{pcre2_match_data_create(1, nullptr)};
  Scratch() {
    pcre2_set_match_limit(context.get(), SearchRegex::kStepsMax);
    pcre2_set_depth_limit(context.get(), 1'000);
    pcre2_set_heap_limit(context.get(), 1'024);  // KiB
  }
};

Scratch& scratch() {
  thread_local Scratch mine;
  return mine;
}

std::uint32_t options_of(std::string_view flags) {
  std::uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
  for (const char flag : flags) {
    if (flag == 'i') options |= PCRE2_CASELESS;
    if (flag == 'm') options |= PCRE2_MULTILINE;
    if (flag == 's') options |= PCRE2_DOTALL;
  }
  return options;
}

}  // namespace

std::shared_ptr<const SearchRegex> SearchRegex::compile(std::string_view pattern,
                                                        std::string_view flags, RegexRefusal& why) {
  if (pattern.starts_with("(*")) {
    why = {0, "options in front of the pattern are not taken"};
    return nullptr;
  }
  if (pattern.size() > kPatternBytesMax) {
    why = {kPatternBytesMax,
           "the pattern is longer than " + std::to_string(kPatternBytesMax) + " bytes"};
    return nullptr;
  }
  const std::unique_ptr<pcre2_compile_context, Freed> context(
      pcre2_compile_context_create(nullptr));
  pcre2_set_parens_nest_limit(context.get(), kNestingMax);
  int error = 0;
  std::size_t offset = 0;
  pcre2_code* const code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options_of(flags),
                    &error, &offset, context.get());
  if (code == nullptr) {
    PCRE2_UCHAR text[256] = {};
    pcre2_get_error_message(error, text, sizeof text);
    why = {std::min(offset, pattern.size()), reinterpret_cast<const char*>(text)};
    return nullptr;
  }
  // Where it cannot be made into machine code, it is interpreted.
  (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  return std::shared_ptr<const SearchRegex>(new SearchRegex(code));
}

SearchRegex::~SearchRegex() {
  pcre2_code_free(code_);
}

bool SearchRegex::search(std::string_view text) const {
  Scratch& mine = scratch();
  const char* const begin = text.data() == nullptr ? "" : text.data();
  const int found = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(begin), text.size(), 0, 0,
                                mine.data.get(), mine.context.get());
  if (found >= 0) return true;
  if (found != PCRE2_ERROR_NOMATCH) limits_reached.fetch_add(1, std::memory_order_relaxed);
  return false;
}

std::uint64_t search_regex_limits_reached() {
  return limits_reached.load(std::memory_order_relaxed);
}

}  // namespace picket::storage
