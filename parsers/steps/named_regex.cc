#include "parsers/steps/named_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <atomic>
#include <string>

namespace picket::parsers {
namespace {

constexpr std::uint32_t kMatchLimit = 50'000;
constexpr std::uint32_t kDepthLimit = 500;

std::atomic<std::uint64_t> reached{0};

// Working memory of a thread, for all expressions.
struct Scratch {
  pcre2_match_data* data = pcre2_match_data_create(NamedRegex::kGroupsMax + 1, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  Scratch() {
    pcre2_set_match_limit(context, kMatchLimit);
    pcre2_set_depth_limit(context, kDepthLimit);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
  }
};

std::string field_name_of(std::string_view group, std::string_view prefix) {
  std::string name(prefix);
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (group.substr(i).starts_with("__") && i > 0) {
      name += '.';
      ++i;
    } else {
      name += group[i];
    }
  }
  return name;
}

}  // namespace

struct NamedRegex::Code {
  pcre2_code* code = nullptr;
  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcre2_code_free(code); }
};

NamedRegex::NamedRegex() : code_(std::make_unique<Code>()) {}
NamedRegex::~NamedRegex() = default;

Result<std::unique_ptr<const NamedRegex>> NamedRegex::compile(std::string_view pattern,
                                                              std::string_view prefix) {
  if (pattern.size() > kLengthMax)
    return fail(Errc::kLimit, "a regular expression is longer than 16,000 bytes");
  std::unique_ptr<NamedRegex> made(new NamedRegex);
  int error = 0;
  PCRE2_SIZE offset = 0;
  made->code_->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                    PCRE2_NEVER_BACKSLASH_C, &error, &offset, nullptr);
  if (made->code_->code == nullptr) {
    std::array<unsigned char, 256> text{};
    pcre2_get_error_message(error, text.data(), text.size());
    return fail(Errc::kInvalid,
                "regular expression: " + std::string(reinterpret_cast<char*>(text.data())) +
                    " at character " + std::to_string(offset));
  }
  (void)pcre2_jit_compile(made->code_->code, PCRE2_JIT_COMPLETE);  // without it, it is slower
  std::uint32_t groups = 0;
  std::uint32_t names = 0;
  std::uint32_t entry_size = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(made->code_->code, PCRE2_INFO_CAPTURECOUNT, &groups);
  if (groups > kGroupsMax)
    return fail(Errc::kLimit, "a regular expression with more than 200 groups");
  pcre2_pattern_info(made->code_->code, PCRE2_INFO_NAMECOUNT, &names);
  pcre2_pattern_info(made->code_->code, PCRE2_INFO_NAMEENTRYSIZE, &entry_size);
  pcre2_pattern_info(made->code_->code, PCRE2_INFO_NAMETABLE, &table);
  for (std::uint32_t i = 0; i < names; ++i) {
    const unsigned char* entry = table + std::size_t{i} * entry_size;
    const std::string name = field_name_of(reinterpret_cast<const char*>(entry + 2), prefix);
    const std::optional<FieldId> field = intern_field(name);
    if (!field) return fail(Errc::kLimit, "too many field names are in use");
    made->fields_.push_back(*field);
    made->groups_.push_back(static_cast<std::uint32_t>(entry[0]) * 256 + entry[1]);
  }
  return std::unique_ptr<const NamedRegex>(std::move(made));
}

bool NamedRegex::search(std::string_view text, std::vector<Capture>& captures) const {
  static thread_local const Scratch scratch;
  const int matched = pcre2_match(code_->code, reinterpret_cast<PCRE2_SPTR>(text.data()),
                                  text.size(), 0, 0, scratch.data, scratch.context);
  if (matched < 0) {
    if (matched != PCRE2_ERROR_NOMATCH) reached.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  const PCRE2_SIZE* const spans = pcre2_get_ovector_pointer(scratch.data);
  for (std::uint32_t i = 0; i < fields_.size(); ++i) {
    const std::size_t group = groups_[i];
    if (group >= static_cast<std::size_t>(matched) || spans[2 * group] == PCRE2_UNSET) continue;
    captures.push_back({i, static_cast<std::uint32_t>(spans[2 * group]),
                        static_cast<std::uint32_t>(spans[2 * group + 1])});
  }
  return true;
}

std::uint64_t NamedRegex::limits_reached() {
  return reached.load(std::memory_order_relaxed);
}

}  // namespace picket::parsers
