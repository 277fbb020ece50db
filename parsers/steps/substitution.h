// Substitution: every place of a regular expression in a text, replaced.
//
// PCRE2's pcre2_substitute(3): "$1" and "${name}" stand for groups, "$$" for a dollar. Bounded in
// time as NamedRegex is, and in what it makes. Immutable; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "parsers/steps/work.h"

namespace picket::parsers {

class Substitution {
 public:
  static Result<Substitution> compile(std::string_view pattern, std::string replacement);
  Substitution(Substitution&&) noexcept;
  Substitution& operator=(Substitution&&) noexcept;
  ~Substitution();

  // The text as it is where nothing fits or a bound is met; the record then says so.
  std::string_view apply(std::string_view text, Work& work) const;

 private:
  struct Code;
  Substitution(std::unique_ptr<Code> code, std::string replacement);

  std::unique_ptr<Code> code_;
  std::string replacement_;
};

}  // namespace picket::parsers
