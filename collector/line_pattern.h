// LinePattern: a regular expression asked of the lines of a followed file. PCRE2 with limits on
// backtracking and heap: a line that reaches them does not match. One thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace picket::collector {

class LinePattern {
 public:
  static constexpr std::size_t kLengthMax = 1000;
  static constexpr std::size_t kSearchedMax = 4096;  // bytes of a line that are looked at

  // Perl syntax. kInvalid, with what is wrong and where.
  static Result<LinePattern> compile(const std::string& expression);
  LinePattern(LinePattern&&) noexcept;
  LinePattern& operator=(LinePattern&&) noexcept;
  ~LinePattern();

  // Anywhere in the line.
  bool matches(std::string_view line) const;

 private:
  struct State;
  explicit LinePattern(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace picket::collector
