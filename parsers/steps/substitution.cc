#include "parsers/steps/substitution.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <utility>

namespace picket::parsers {
namespace {

constexpr std::size_t kLengthMax = 16'000;
constexpr std::uint32_t kMatchLimit = 50'000;
constexpr std::uint32_t kDepthLimit = 500;
constexpr std::size_t kRoom = 256;  // the text may grow to twice its size and this

struct ContextFree {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

}  // namespace

struct Substitution::Code {
  pcre2_code* code = nullptr;
  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcre2_code_free(code); }
};

Substitution::Substitution(std::unique_ptr<Code> code, std::string replacement)
    : code_(std::move(code)), replacement_(std::move(replacement)) {}
Substitution::Substitution(Substitution&&) noexcept = default;
Substitution& Substitution::operator=(Substitution&&) noexcept = default;
Substitution::~Substitution() = default;

Result<Substitution> Substitution::compile(std::string_view pattern, std::string replacement) {
  if (pattern.size() > kLengthMax || replacement.size() > kLengthMax)
    return fail(Errc::kLimit, "a regular expression is longer than 16,000 bytes");
  auto code = std::make_unique<Code>();
  int error = 0;
  PCRE2_SIZE offset = 0;
  code->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                             PCRE2_NEVER_BACKSLASH_C, &error, &offset, nullptr);
  if (code->code == nullptr) {
    std::array<unsigned char, 256> text{};
    pcre2_get_error_message(error, text.data(), text.size());
    return fail(Errc::kInvalid,
                "regular expression: " + std::string(reinterpret_cast<char*>(text.data())) +
                    " at character " + std::to_string(offset));
  }
  (void)pcre2_jit_compile(code->code, PCRE2_JIT_COMPLETE);  // without it, it is slower
  return Substitution(std::move(code), std::move(replacement));
}

std::string_view Substitution::apply(std::string_view text, Work& work) const {
  const std::unique_ptr<pcre2_match_context, ContextFree> context(
      pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), kMatchLimit);
  pcre2_set_depth_limit(context.get(), kDepthLimit);
  PCRE2_SIZE size = text.size() * 2 + replacement_.size() + kRoom;
  char* const made = work.make(size);
  if (made == nullptr) return text;
  const int places =
      pcre2_substitute(code_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0,
                       PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_UNSET_EMPTY, nullptr,
                       context.get(), reinterpret_cast<PCRE2_SPTR>(replacement_.data()),
                       replacement_.size(), reinterpret_cast<PCRE2_UCHAR*>(made), &size);
  if (places < 0) work.limit(Limit::kPattern);
  return places > 0 ? std::string_view(made, size) : text;
}

}  // namespace picket::parsers
