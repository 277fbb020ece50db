// NamedRegex: a regular expression with named groups, by PCRE2 with its compiler to machine code.
//
// Matching is bounded; a text on which a bound is met does not match, and that is counted.
// Immutable; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/field.h"
#include "parsers/steps/work.h"

namespace picket::parsers {

class NamedRegex {
 public:
  static constexpr std::size_t kLengthMax = 16'000;
  static constexpr std::size_t kGroupsMax = 200;

  // Fields are the named groups, `prefix` before each; "__" in a name is a dot.
  static Result<std::unique_ptr<const NamedRegex>> compile(std::string_view pattern,
                                                           std::string_view prefix);
  ~NamedRegex();
  NamedRegex(const NamedRegex&) = delete;
  NamedRegex& operator=(const NamedRegex&) = delete;

  // Is there a match anywhere? The groups that took part are added to `captures`: values by their
  // place in fields().
  bool search(std::string_view text, std::vector<Capture>& captures) const;
  const std::vector<FieldId>& fields() const { return fields_; }

  // Texts on which a bound was met, since the program started.
  static std::uint64_t limits_reached();

 private:
  struct Code;
  NamedRegex();

  std::unique_ptr<Code> code_;
  std::vector<FieldId> fields_;
  std::vector<std::uint32_t> groups_;  // number of the group of each field
};

}  // namespace picket::parsers
