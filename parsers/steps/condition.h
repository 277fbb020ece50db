// Condition: the `when` of a step, an expression over fields, compiled.
//
// docs/formats/sources.md has the language. Immutable; any thread, each with a Work of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/field.h"
#include "parsers/steps/named_regex.h"
#include "parsers/steps/work.h"

namespace picket::parsers {

class Condition {
 public:
  static constexpr std::size_t kLengthMax = 16 * 1024;
  static constexpr std::size_t kNodesMax = 500;
  static constexpr int kDepthMax = 32;

  static Result<std::unique_ptr<const Condition>> compile(std::string_view text);
  bool holds(Work& work) const { return holds(root_, work); }

 private:
  friend class ConditionReader;

  enum class Kind : std::uint8_t {
    kAnd,
    kOr,
    kNot,
    kExists,
    kEquals,  // one of the values
    kStartsWith,
    kEndsWith,
    kContains,
    kMatches,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kIsIp,
    kIsNumber,
  };
  struct Node {
    Kind kind = Kind::kExists;
    FieldId field{};
    bool nocase = false;
    std::vector<std::string> values;  // in lower case if `nocase`
    double number = 0;
    std::unique_ptr<const NamedRegex> regex;
    std::vector<std::size_t> children;
  };

  bool holds(std::size_t node, Work& work) const;
  static bool fits(const Node& node, std::string_view value, Work& work);
  static bool fits_as_written(const Node& node, std::string_view value, Work& work);

  std::vector<Node> nodes_;
  std::size_t root_ = 0;
};

}  // namespace picket::parsers
