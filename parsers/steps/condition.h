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
#include "parsers/steps/facts.h"
#include "parsers/steps/named_regex.h"
#include "parsers/steps/work.h"

namespace picket::parsers {

class Condition {
 public:
  static constexpr std::size_t kLengthMax = 16 * 1024;
  static constexpr std::size_t kNodesMax = 500;
  static constexpr int kDepthMax = 32;

  static Result<std::unique_ptr<const Condition>> compile(std::string_view text);
  bool holds(Work& work) const;
  // It will be asked soon.
  void prefetch() const { __builtin_prefetch(tests_.data()); }
  // It cannot hold while a record has none of these fields. Empty: nothing can be said.
  std::vector<FieldId> needs() const { return needs(root_); }
  // The values that it compares fields with.
  void ask(AskedValues& asked) const;
  // Does it hold for all records of which this is known? What that relies on is noted there.
  Truth decide(Facts& facts) const { return decide(root_, facts); }

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
    std::uint64_t sizes = 0;          // which sizes they have; the last bit is of all longer ones
    double number = 0;
    std::unique_ptr<const NamedRegex> regex;
    std::vector<std::size_t> children;
  };

  // The tests of the tree one behind the other, each with where to go on: what is looked at for
  // every record lies together.
  struct Test {
    Kind kind = Kind::kExists;
    bool nocase = false;
    FieldId field{};
    std::uint16_t node = 0;
    std::uint16_t yes = kTrue;
    std::uint16_t no = kFalse;
  };
  static constexpr std::uint16_t kTrue = 0xFFFF;
  static constexpr std::uint16_t kFalse = 0xFFFE;

  std::uint16_t put_in_line(std::size_t node, std::uint16_t yes, std::uint16_t no);
  bool holds(const Test& test, Work& work) const;
  std::vector<FieldId> needs(std::size_t node) const;
  Truth decide(std::size_t node, Facts& facts) const;
  Truth decide_all(const Node& node, Facts& facts) const;
  static Truth decide_test(const Node& node, Facts& facts);
  static bool fits_known(const Node& node, std::string_view value);
  static bool equals_one(const Node& node, std::string_view value);
  static bool fits(const Node& node, std::string_view value, Work& work);
  static bool fits_as_written(const Node& node, std::string_view value, Work& work);

  std::vector<Node> nodes_;
  std::vector<Test> tests_;
  std::uint16_t first_ = kFalse;  // of the tests
  std::size_t root_ = 0;
};

}  // namespace picket::parsers
