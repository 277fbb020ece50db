#include "collector/line_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <utility>

namespace picket::collector {

struct LinePattern::State {
  pcre2_code* code = nullptr;
  pcre2_match_data* data = nullptr;
  pcre2_match_context* limits = nullptr;
  ~State() {
    pcre2_match_context_free(limits);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
  }
};

LinePattern::LinePattern(std::unique_ptr<State> state) : state_(std::move(state)) {}
LinePattern::LinePattern(LinePattern&&) noexcept = default;
LinePattern& LinePattern::operator=(LinePattern&&) noexcept = default;
LinePattern::~LinePattern() = default;

Result<LinePattern> LinePattern::compile(const std::string& expression) {
  if (expression.empty() || expression.size() > kLengthMax)
    return fail(Errc::kInvalid, "a pattern has 1 to 1000 characters");
  auto state = std::make_unique<State>();
  int error = 0;
  PCRE2_SIZE at = 0;
  state->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(), 0,
                              &error, &at, nullptr);
  if (state->code == nullptr) {
    std::array<PCRE2_UCHAR, 200> text{};
    (void)pcre2_get_error_message(error, text.data(), text.size());
    return fail(Errc::kInvalid, "the pattern is wrong at character " + std::to_string(at + 1) +
                                    ": " + reinterpret_cast<const char*>(text.data()));
  }
  state->data = pcre2_match_data_create(1, nullptr);
  state->limits = pcre2_match_context_create(nullptr);
  if (state->data == nullptr || state->limits == nullptr)
    return fail(Errc::kLimit, "no memory for a pattern");
  pcre2_set_match_limit(state->limits, 20'000);
  pcre2_set_heap_limit(state->limits, 1024);  // KiB
  return LinePattern(std::move(state));
}

bool LinePattern::matches(std::string_view line) const {
  line = line.substr(0, kSearchedMax);
  return pcre2_match(state_->code, reinterpret_cast<PCRE2_SPTR>(line.data()), line.size(), 0, 0,
                     state_->data, state_->limits) >= 0;
}

}  // namespace picket::collector
