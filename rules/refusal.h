// Refusal: why a rule is not accepted, before the file's name and the rule's id are put to it.
// Parsed<T>: a part of a rule, or the refusal of the whole rule. Works with PICKET_TRY.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace picket::rules {

struct Refusal {
  int line = 1;
  std::string code;    // stable, for machines
  std::string reason;  // one sentence for people
};

template <class T>
class [[nodiscard]] Parsed : public tl::expected<T, Refusal> {
 public:
  using tl::expected<T, Refusal>::expected;
};

inline tl::unexpected<Refusal> refuse(int line, std::string code, std::string reason) {
  return tl::unexpected<Refusal>(Refusal{line, std::move(code), std::move(reason)});
}

// 'text', cut when it is long: what a file says, in a message.
inline std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShown = 80;
  std::string result("'");
  result.append(text.substr(0, kShown));
  result.append(text.size() > kShown ? "...'" : "'");
  return result;
}

}  // namespace picket::rules
