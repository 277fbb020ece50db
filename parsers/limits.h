// Limits: which bounds a record met while it was read. What is beyond a bound stays in the raw
// record alone; that it was met is noted in the event and counted (docs/formats/sources.md,
// Bounds). Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace picket::parsers {

enum class Limit : std::uint8_t {
  kNesting,    // objects, lists or elements inside each other
  kFields,     // fields of one record
  kFieldName,  // bytes of a name
  kSize,       // bytes of the record
  kSteps,      // steps run for it
  kMade,       // bytes that steps made
  kPattern,    // places where patterns were tried
  kCount,
};
inline constexpr std::size_t kLimits = static_cast<std::size_t>(Limit::kCount);

constexpr std::string_view limit_name(Limit limit) {
  constexpr std::string_view kNames[kLimits] = {"nesting", "fields",     "field_name", "size",
                                                "steps",   "made_bytes", "pattern"};
  return kNames[static_cast<std::size_t>(limit)];
}

class LimitSet {
 public:
  void add(Limit limit) { bits_ |= 1U << static_cast<unsigned>(limit); }
  void add(LimitSet other) { bits_ |= other.bits_; }
  bool has(Limit limit) const { return (bits_ >> static_cast<unsigned>(limit) & 1U) != 0; }
  bool empty() const { return bits_ == 0; }
  // Gives it back and is empty.
  LimitSet take() { return std::exchange(*this, LimitSet{}); }

 private:
  std::uint32_t bits_ = 0;
};

}  // namespace picket::parsers
