// The key of a Sigma detection item, "Field|modifier|modifier", read into what its values become.
// Sigma specification 2.1, appendix "Sigma Modifiers". Owns its data, any thread.
#pragma once

#include <string>
#include <vector>

#include "base/yaml.h"
#include "rules/refusal.h"
#include "rules/rule.h"

namespace picket::rules {

enum class Place : std::uint8_t { kWhole, kContains, kStartsWith, kEndsWith };
enum class Transform : std::uint8_t {
  kBase64,
  kBase64Offset,
  kUtf16,
  kUtf16Le,
  kUtf16Be,
  kWindash
};

struct FieldKey {
  std::string field;  // trimmed; empty: keywords
  int line = 1;
  Op op = Op::kString;
  Place place = Place::kWhole;
  std::vector<Transform> transforms;  // in the order to apply
  Compare compare = Compare::kEqual;  // of kNumber and kTime
  std::string time_part;              // of kTime
  bool has_type = false;              // a modifier has set `op`
  bool has_compare = false;           // lt, lte, gt or gte was written
  bool all = false;
  bool negated = false;
  bool cased = false;
  bool expand = false;
  bool ignore_case = false;
  bool multi_line = false;
  bool dot_all = false;
};

// Refused: an unknown modifier (naming the nearest) and modifiers that contradict each other.
Parsed<FieldKey> parse_field_key(const YamlNode& key);

}  // namespace picket::rules
