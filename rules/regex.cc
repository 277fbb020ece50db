#include "rules/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <hs/hs.h>
#include <pcre2.h>

#include <array>
#include <cstdlib>

#include "base/check.h"
#include "rules/hyperscan_bytes.h"

namespace picket::rules {
namespace {

constexpr std::uint32_t kMatchLimit = 100'000;
constexpr std::uint32_t kDepthLimit = 1'000;
constexpr std::size_t kPatternMax = 16'000;

std::atomic<std::uint64_t> limits_reached{0};

int stop_at_first(unsigned, unsigned long long, unsigned long long, unsigned, void* found) {
  *static_cast<bool*>(found) = true;
  return 1;
}

unsigned hyperscan_flags(RegexFlags flags) {
  unsigned bits = HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY;
  if (flags.ignore_case) bits |= HS_FLAG_CASELESS;
  if (flags.multi_line) bits |= HS_FLAG_MULTILINE;
  if (flags.dot_all) bits |= HS_FLAG_DOTALL;
  return bits;
}

// Bytes that every match of an expression has.
std::size_t shortest_match(const std::string& pattern, RegexFlags flags) {
  hs_expr_info_t* info = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_expression_info(pattern.c_str(), hyperscan_flags(flags), &info, &error) != HS_SUCCESS) {
    hs_free_compile_error(error);
    return 0;
  }
  const std::size_t shortest = info->min_width;
  std::free(info);
  return shortest;
}

hs_database* compile_hyperscan(const std::string& pattern, RegexFlags flags) {
  const unsigned bits = hyperscan_flags(flags);
  hs_database* database = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_compile(pattern.c_str(), bits, HS_MODE_BLOCK, nullptr, &database, &error) != HS_SUCCESS) {
    hs_free_compile_error(error);
    return nullptr;
  }
  return database;
}

struct MatchDataFree {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct ContextFree {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

}  // namespace

struct Regex::Pcre {
  pcre2_code* code = nullptr;
  Pcre() = default;
  Pcre(const Pcre&) = delete;
  Pcre& operator=(const Pcre&) = delete;
  ~Pcre() { pcre2_code_free(code); }

  static Result<std::unique_ptr<Pcre>> compile(const std::string& pattern, RegexFlags flags) {
    std::uint32_t bits = 0;
    if (flags.ignore_case) bits |= PCRE2_CASELESS;
    if (flags.multi_line) bits |= PCRE2_MULTILINE;
    if (flags.dot_all) bits |= PCRE2_DOTALL;
    int error = 0;
    PCRE2_SIZE offset = 0;
    auto made = std::make_unique<Pcre>();
    made->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), bits, &error,
                               &offset, nullptr);
    if (made->code == nullptr) {
      std::array<unsigned char, 256> text{};
      pcre2_get_error_message(error, text.data(), text.size());
      return fail(Errc::kInvalid, "regular expression: " + std::string(reinterpret_cast<char*>(text.data())) +
                                      " at character " + std::to_string(offset));
    }
    return made;
  }

  std::pair<std::size_t, std::size_t> search(std::string_view text, bool& found) const {
    const std::unique_ptr<pcre2_match_data, MatchDataFree> data(
        pcre2_match_data_create_from_pattern(code, nullptr));
    const std::unique_ptr<pcre2_match_context, ContextFree> context(pcre2_match_context_create(nullptr));
    pcre2_set_match_limit(context.get(), kMatchLimit);
    pcre2_set_depth_limit(context.get(), kDepthLimit);
    const int matched = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0,
                                    data.get(), context.get());
    if (matched < 0 && matched != PCRE2_ERROR_NOMATCH) limits_reached.fetch_add(1, std::memory_order_relaxed);
    found = matched >= 0;
    if (!found) return {0, 0};
    const PCRE2_SIZE* vector = pcre2_get_ovector_pointer(data.get());
    return {vector[0], vector[1]};
  }
};

HyperscanScratch::~HyperscanScratch() { hs_free_scratch(scratch_); }

void HyperscanScratch::prepare(const hs_database* database) {
  PICKET_CHECK(hs_alloc_scratch(database, &scratch_) == HS_SUCCESS);
}

Regex::~Regex() { hs_free_database(hyperscan_); }

Result<std::unique_ptr<const Regex>> Regex::compile(const std::string& pattern, RegexFlags flags,
                                                    const std::string* stored) {
  if (pattern.size() > kPatternMax) {
    return fail(Errc::kLimit, "regular expression of " + std::to_string(pattern.size()) + " bytes is longer than " +
                                  std::to_string(kPatternMax));
  }
  std::unique_ptr<Regex> regex(new Regex);
  regex->pattern_ = pattern;
  regex->flags_ = flags;
  if (stored != nullptr && !stored->empty()) regex->hyperscan_ = database_of(*stored);
  const bool known_to_fail = stored != nullptr && stored->empty();
  if (regex->hyperscan_ == nullptr && !known_to_fail) regex->hyperscan_ = compile_hyperscan(pattern, flags);
  if (regex->hyperscan_ == nullptr) {
    PICKET_TRY(regex->pcre_, Pcre::compile(pattern, flags));
  } else {
    regex->shortest_ = shortest_match(pattern, flags);
  }
  return std::unique_ptr<const Regex>(std::move(regex));
}

std::string Regex::bytes() const { return hyperscan_ != nullptr ? bytes_of(hyperscan_) : std::string(); }

void Regex::prepare(HyperscanScratch& scratch) const {
  if (hyperscan_ != nullptr) scratch.prepare(hyperscan_);
}

bool Regex::search(std::string_view text, const HyperscanScratch& scratch) const {
  bool found = false;
  if (pcre_) {
    pcre_->search(text, found);
    return found;
  }
  if (text.size() < shortest_) return false;
  const int result = hs_scan(hyperscan_, text.data(), static_cast<unsigned>(text.size()), 0, scratch.get(),
                             stop_at_first, &found);
  PICKET_CHECK(result == HS_SUCCESS || result == HS_SCAN_TERMINATED);
  return found;
}

std::pair<std::size_t, std::size_t> Regex::span(std::string_view text) const {
  bool found = false;
  if (pcre_) return pcre_->search(text, found);
  const Result<std::unique_ptr<Pcre>> pcre = Pcre::compile(pattern_, flags_);
  if (!pcre) return {0, 0};
  return (*pcre)->search(text, found);
}

std::uint64_t regex_limits_reached() { return limits_reached.load(std::memory_order_relaxed); }

}  // namespace picket::rules
