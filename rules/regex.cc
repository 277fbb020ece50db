#include "rules/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <hs/hs.h>
#include <pcre2.h>

#include <array>
#include <atomic>
#include <cstdlib>

#include "base/check.h"
#include "base/utf8.h"
#include "rules/fold.h"
#include "rules/hyperscan_bytes.h"
#include "rules/regex_size.h"

namespace picket::rules {
namespace {

constexpr std::uint32_t kMatchLimit = 100'000;
constexpr std::uint32_t kDepthLimit = 1'000;
constexpr std::size_t kPatternMax = 16'000;

std::atomic<std::uint64_t> limits_reached{0};

enum class Unit { kByte, kCharacter };

int stop_at_first(unsigned, unsigned long long, unsigned long long, unsigned, void* found) {
  *static_cast<bool*>(found) = true;
  return 1;
}

unsigned hyperscan_flags(RegexFlags flags, Unit unit) {
  unsigned bits = HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY;
  if (flags.ignore_case) bits |= HS_FLAG_CASELESS;
  if (flags.multi_line) bits |= HS_FLAG_MULTILINE;
  if (flags.dot_all) bits |= HS_FLAG_DOTALL;
  if (unit == Unit::kCharacter) bits |= HS_FLAG_UTF8;
  return bits;
}

// Bytes that every match of an expression has.
std::size_t shortest_match(const std::string& pattern, unsigned flags) {
  hs_expr_info_t* info = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_expression_info(pattern.c_str(), flags, &info, &error) != HS_SUCCESS) {
    hs_free_compile_error(error);
    return 0;
  }
  const std::size_t shortest = info->min_width;
  std::free(info);
  return shortest;
}

hs_database* compile_hyperscan(const std::string& pattern, unsigned flags) {
  hs_database* database = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_compile(pattern.c_str(), flags, HS_MODE_BLOCK, nullptr, &database, &error) != HS_SUCCESS) {
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

// The pattern in PCRE2, with limits.
class Pcre {
 public:
  static Result<std::unique_ptr<const Pcre>> compile(const std::string& pattern, RegexFlags flags, Unit unit) {
    std::uint32_t bits = 0;
    if (flags.ignore_case) bits |= PCRE2_CASELESS;
    if (flags.multi_line) bits |= PCRE2_MULTILINE;
    if (flags.dot_all) bits |= PCRE2_DOTALL;
    if (unit == Unit::kCharacter) bits |= PCRE2_UTF;
    int error = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code* const code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), bits,
                                           &error, &offset, nullptr);
    if (code != nullptr) return std::make_unique<const Pcre>(code);
    std::array<unsigned char, 256> text{};
    pcre2_get_error_message(error, text.data(), text.size());
    return fail(Errc::kInvalid, "regular expression: " + std::string(reinterpret_cast<char*>(text.data())) +
                                    " at character " + std::to_string(offset));
  }

  explicit Pcre(pcre2_code* code) : code_(code) {}
  Pcre(const Pcre&) = delete;
  Pcre& operator=(const Pcre&) = delete;
  ~Pcre() { pcre2_code_free(code_); }

  enum class Answer { kNo, kYes, kGaveUp };
  struct Found {
    Answer answer = Answer::kNo;
    std::pair<std::size_t, std::size_t> span = {0, 0};
  };
  Found search(std::string_view text) const {
    const std::unique_ptr<pcre2_match_data, MatchDataFree> data(
        pcre2_match_data_create_from_pattern(code_, nullptr));
    const std::unique_ptr<pcre2_match_context, ContextFree> context(pcre2_match_context_create(nullptr));
    pcre2_set_match_limit(context.get(), kMatchLimit);
    pcre2_set_depth_limit(context.get(), kDepthLimit);
    const int matched = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0,
                                    data.get(), context.get());
    if (matched == PCRE2_ERROR_NOMATCH) return {};
    if (matched < 0) return {.answer = Answer::kGaveUp};
    const PCRE2_SIZE* vector = pcre2_get_ovector_pointer(data.get());
    return {.answer = Answer::kYes, .span = {vector[0], vector[1]}};
  }

 private:
  pcre2_code* code_;
};

}  // namespace

// What runs the pattern on texts of one sort.
class Regex::Engine {
 public:
  static Result<std::unique_ptr<const Engine>> compile(const std::string& pattern, RegexFlags flags, Unit unit,
                                                       const std::string* stored) {
    const unsigned bits = hyperscan_flags(flags, unit);
    std::unique_ptr<Engine> engine(new Engine);
    if (stored != nullptr && !stored->empty()) engine->hyperscan_ = database_of(*stored);
    const bool known_to_fail = (stored != nullptr && stored->empty()) ||
                               (unit == Unit::kCharacter && size_of_regex(pattern).wide > kRegexWideMax);
    if (engine->hyperscan_ == nullptr && !known_to_fail) engine->hyperscan_ = compile_hyperscan(pattern, bits);
    if (engine->hyperscan_ != nullptr) {
      engine->shortest_ = shortest_match(pattern, bits);
    } else {
      PICKET_TRY(engine->pcre_, Pcre::compile(pattern, flags, unit));
    }
    return std::unique_ptr<const Engine>(std::move(engine));
  }

  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine() { hs_free_database(hyperscan_); }

  const hs_database* database() const { return hyperscan_; }
  std::size_t shortest() const { return shortest_; }
  Pcre::Answer search(std::string_view text, const HyperscanScratch& scratch) const {
    if (pcre_) return pcre_->search(text).answer;
    if (text.size() < shortest_) return Pcre::Answer::kNo;
    bool found = false;
    const int result = hs_scan(hyperscan_, text.data(), static_cast<unsigned>(text.size()), 0, scratch.get(),
                               stop_at_first, &found);
    PICKET_CHECK(result == HS_SUCCESS || result == HS_SCAN_TERMINATED);
    return found ? Pcre::Answer::kYes : Pcre::Answer::kNo;
  }

 private:
  Engine() = default;

  hs_database* hyperscan_ = nullptr;
  std::size_t shortest_ = 0;          // bytes that every match has, as Hyperscan knows
  std::unique_ptr<const Pcre> pcre_;  // when Hyperscan cannot
};

HyperscanScratch::~HyperscanScratch() { hs_free_scratch(scratch_); }

void HyperscanScratch::prepare(const hs_database* database) {
  PICKET_CHECK(hs_alloc_scratch(database, &scratch_) == HS_SUCCESS);
}

Regex::Regex(std::string pattern, RegexFlags flags) : pattern_(std::move(pattern)), flags_(flags) {}
Regex::~Regex() = default;

Result<std::unique_ptr<const Regex>> Regex::compile(const std::string& pattern, RegexFlags flags,
                                                    const std::string* stored) {
  if (pattern.size() > kPatternMax) {
    return fail(Errc::kLimit, "regular expression of " + std::to_string(pattern.size()) + " bytes is longer than " +
                                  std::to_string(kPatternMax));
  }
  std::unique_ptr<Regex> regex(new Regex(pattern, flags));
  Result<std::unique_ptr<const Engine>> engine = Engine::compile(pattern, flags, Unit::kByte, stored);
  // A pattern that names a character by its number has no meaning byte by byte.
  if (!engine) engine = Engine::compile(pattern, flags, Unit::kCharacter, stored);
  PICKET_TRY(regex->by_byte_, std::move(engine));
  // A character has a byte at least, so the same holds for matching by character; but not if the
  // pattern names one of several bytes that may also be written as one of a single byte.
  if (is_ascii(pattern)) regex->shortest_ = regex->by_byte_->shortest();
  return std::unique_ptr<const Regex>(std::move(regex));
}

std::string Regex::bytes() const {
  return look_around() ? std::string() : bytes_of(by_byte_->database());
}

bool Regex::look_around() const { return by_byte_->database() == nullptr; }

void Regex::prepare(HyperscanScratch& scratch) const {
  if (!look_around()) scratch.prepare(by_byte_->database());
}

bool Regex::search(std::string_view text, HyperscanScratch& scratch) const {
  Pcre::Answer answer = Pcre::Answer::kGaveUp;
  if (!is_ascii(text) && is_utf8(text)) {
    const Engine& engine = by_character();
    if (engine.database() != nullptr) scratch.prepare(engine.database());
    answer = engine.search(text, scratch);
  }
  // Also what counts characters too long for PCRE2: by byte Hyperscan answers at once.
  if (answer == Pcre::Answer::kGaveUp) answer = by_byte_->search(text, scratch);
  if (answer == Pcre::Answer::kGaveUp) limits_reached.fetch_add(1, std::memory_order_relaxed);
  return answer == Pcre::Answer::kYes;
}

const Regex::Engine& Regex::by_character() const {
  using Owned = std::unique_ptr<const Engine>;
  const Owned& made = by_character_.get([this] {
    Result<Owned> engine = Engine::compile(pattern_, flags_, Unit::kCharacter, nullptr);
    return std::make_unique<const Owned>(engine ? *std::move(engine) : nullptr);
  });
  return made ? *made : *by_byte_;
}

std::pair<std::size_t, std::size_t> Regex::span(std::string_view text) const {
  const Unit unit = is_utf8(text) ? Unit::kCharacter : Unit::kByte;
  const Result<std::unique_ptr<const Pcre>> pcre = Pcre::compile(pattern_, flags_, unit);
  return pcre ? (*pcre)->search(text).span : std::pair<std::size_t, std::size_t>{0, 0};
}

std::uint64_t regex_limits_reached() { return limits_reached.load(std::memory_order_relaxed); }

}  // namespace picket::rules
