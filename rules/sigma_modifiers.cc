#include "rules/sigma_modifiers.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/nearest.h"

namespace picket::rules {
namespace {

constexpr std::size_t kModifiersMax = 16;

constexpr std::array<std::string_view, 34> kModifiers = {
    "all",      "startswith", "endswith",  "contains", "exists",  "cased",
    "neq",      "re",         "i",         "m",        "s",       "cidr",
    "lt",       "lte",        "gt",        "gte",      "base64",  "base64offset",
    "utf16",    "utf16le",    "utf16be",   "wide",     "windash", "expand",
    "fieldref", "minute",     "hour",      "day",      "week",    "month",
    "year",     "ignorecase", "multiline", "dotall"};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::vector<std::string_view> split_at_bars(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const std::size_t bar = text.find('|');
    pieces.push_back(trimmed(text.substr(0, bar)));
    if (bar == std::string_view::npos) return pieces;
    text.remove_prefix(bar + 1);
  }
}

tl::unexpected<Refusal> conflict(const FieldKey& key, std::string_view name) {
  return refuse(key.line, "modifier-conflict",
                "modifier '" + std::string(name) + "' cannot follow the modifiers before it in '" +
                    key.field + "|...'");
}

Parsed<void> set_type(FieldKey& key, std::string_view name, Op op) {
  if (key.has_type && key.op != op) return conflict(key, name);
  key.has_type = true;
  key.op = op;
  return {};
}

Parsed<void> set_place(FieldKey& key, std::string_view name, Place place) {
  if (key.place != Place::kWhole && key.place != place) return conflict(key, name);
  key.place = place;
  return {};
}

// lt, lte, gt, gte: of a number, or of a part of a time.
Parsed<void> set_compare(FieldKey& key, std::string_view name, Compare compare) {
  if (key.has_compare) return conflict(key, name);
  if (key.op != Op::kTime) {
    PICKET_TRY_VOID(set_type(key, name, Op::kNumber));
  }
  key.has_compare = true;
  key.compare = compare;
  return {};
}

Parsed<void> set_time_part(FieldKey& key, std::string_view name) {
  if (key.op == Op::kNumber && key.has_compare) key.has_type = false;  // "gte|hour"
  PICKET_TRY_VOID(set_type(key, name, Op::kTime));
  if (!key.time_part.empty()) return conflict(key, name);
  key.time_part = name;
  return {};
}

bool transform_of(std::string_view name, Transform& transform) {
  if (name == "base64")
    transform = Transform::kBase64;
  else if (name == "base64offset")
    transform = Transform::kBase64Offset;
  else if (name == "utf16")
    transform = Transform::kUtf16;
  else if (name == "utf16le" || name == "wide")
    transform = Transform::kUtf16Le;
  else if (name == "utf16be")
    transform = Transform::kUtf16Be;
  else if (name == "windash")
    transform = Transform::kWindash;
  else
    return false;
  return true;
}

// i, m and s (and their long names) say how an `re` is read.
bool set_regex_flag(FieldKey& key, std::string_view name) {
  if (name == "i" || name == "ignorecase")
    key.ignore_case = true;
  else if (name == "m" || name == "multiline")
    key.multi_line = true;
  else if (name == "s" || name == "dotall")
    key.dot_all = true;
  else
    return false;
  return true;
}

bool set_switch(FieldKey& key, std::string_view name) {
  if (name == "all")
    key.all = true;
  else if (name == "neq")
    key.negated = true;
  else if (name == "cased")
    key.cased = true;
  else if (name == "expand")
    key.expand = true;
  else
    return false;
  return true;
}

Parsed<void> apply(FieldKey& key, std::string_view name) {
  if (set_switch(key, name)) return {};
  if (name == "contains") return set_place(key, name, Place::kContains);
  if (name == "startswith") return set_place(key, name, Place::kStartsWith);
  if (name == "endswith") return set_place(key, name, Place::kEndsWith);
  if (name == "re") return set_type(key, name, Op::kRegex);
  if (name == "cidr") return set_type(key, name, Op::kCidr);
  if (name == "exists") return set_type(key, name, Op::kExists);
  if (name == "fieldref") return set_type(key, name, Op::kFieldRef);
  if (name == "lt") return set_compare(key, name, Compare::kLess);
  if (name == "lte") return set_compare(key, name, Compare::kLessEqual);
  if (name == "gt") return set_compare(key, name, Compare::kGreater);
  if (name == "gte") return set_compare(key, name, Compare::kGreaterEqual);
  Transform transform{};
  if (transform_of(name, transform)) {
    key.transforms.push_back(transform);
    return {};
  }
  if (std::find(kModifiers.begin(), kModifiers.end(), name) == kModifiers.end()) {
    return refuse(key.line, "bad-modifier",
                  "unknown modifier '" + std::string(name) + "' on field '" + key.field + "'" +
                      did_you_mean(name, kModifiers));
  }
  if (!set_regex_flag(key, name)) return set_time_part(key, name);
  if (key.op == Op::kRegex) return {};
  return refuse(key.line, "bad-modifier",
                "modifier '" + std::string(name) + "' is only allowed after 're'");
}

bool is_utf16(Transform transform) {
  return transform == Transform::kUtf16 || transform == Transform::kUtf16Le ||
         transform == Transform::kUtf16Be;
}

// UTF-16 of a Base64 text would be a text with zero bytes, which no field holds: "base64|wide" is
// meant as "wide|base64". A UTF-16 step with another Base64 step after it stays where it is.
void order_transforms(std::vector<Transform>& transforms) {
  const auto is_base64 = [](Transform t) {
    return t == Transform::kBase64 || t == Transform::kBase64Offset;
  };
  const auto last = std::find_if(transforms.rbegin(), transforms.rend(), is_base64);
  if (last == transforms.rend()) return;
  std::stable_partition(std::prev(last.base()), transforms.end(), is_utf16);
}

// What the whole chain may not be.
Parsed<void> check_chain(const FieldKey& key) {
  const bool text_steps = !key.transforms.empty() || key.expand;
  const bool is_text = key.op == Op::kString;
  if (!is_text && !key.transforms.empty()) {
    return refuse(key.line, "modifier-conflict",
                  "an encoding modifier of '" + key.field + "' has a type modifier beside it");
  }
  const bool placed = key.place != Place::kWhole;
  if (placed && !is_text && key.op != Op::kRegex && key.op != Op::kFieldRef) {
    return refuse(key.line, "modifier-conflict",
                  "contains, startswith and endswith need a text, which '" + key.field +
                      "' is not compared as");
  }
  if (key.op == Op::kExists && (text_steps || key.all || key.cased)) {
    return refuse(key.line, "modifier-conflict", "'exists' stands alone");
  }
  const bool keyword_op = is_text || key.op == Op::kRegex;
  if (key.op == Op::kRegex && key.expand) {
    return refuse(key.line, "modifier-conflict", "placeholders are not expanded inside 're'");
  }
  if (key.field.empty() && !keyword_op) {
    return refuse(key.line, "bad-modifier", "this modifier needs a field name before it");
  }
  return {};
}

}  // namespace

Parsed<FieldKey> parse_field_key(const YamlNode& node) {
  const std::vector<std::string_view> pieces = split_at_bars(node.scalar);
  FieldKey key;
  key.field = pieces.front();
  key.line = node.line;
  if (pieces.size() > kModifiersMax + 1) {
    return refuse(node.line, "bad-modifier", "too many modifiers on field '" + key.field + "'");
  }
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    PICKET_TRY_VOID(apply(key, pieces[i]));
  }
  order_transforms(key.transforms);
  PICKET_TRY_VOID(check_chain(key));
  return key;
}

}  // namespace picket::rules
