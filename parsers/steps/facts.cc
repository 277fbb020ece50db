#include "parsers/steps/facts.h"

#include <algorithm>

#include "base/ascii.h"
#include "event/ecs.h"

namespace picket::parsers {
namespace {

bool has_upper(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return ascii_lower(c) != c; });
}

}  // namespace

void AskedValues::add(FieldId field, const std::vector<std::string>& values, bool nocase) {
  Field& asked = fields_[field];
  asked.values.insert(values.begin(), values.end());
  asked.nocase |= nocase;
  ++asked.times;
}

std::vector<std::pair<FieldId, AskedValues::Field>> AskedValues::most_asked() const {
  std::vector<std::pair<FieldId, Field>> all(fields_.begin(), fields_.end());
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.second.times > b.second.times; });
  if (all.size() > kFieldsMax) all.resize(kFieldsMax);
  return all;
}

ValueClasses::ValueClasses(FieldId field, const AskedValues::Field& asked)
    : field_(field), nocase_(asked.nocase), values_(asked.values.begin(), asked.values.end()) {
  constexpr std::size_t kMost = UINT16_MAX - kOther - 1;
  if (values_.size() > kMost) values_.clear();  // then nothing is said of it
  last_class_ = look_up(last_);
}

// Values repeat from record to record.
ValueClasses::Class ValueClasses::of(Work& work) {
  const Field* const only = work.only_text(field_);
  if (only == nullptr || values_.empty()) return kUnsaid;
  const std::string_view text = only->token();
  if (same_name(text, last_)) return last_class_;
  constexpr std::size_t kKeptMax = 64;  // bytes
  const Class found = look_up(text);
  if (text.size() > kKeptMax) return found;
  last_ = text;
  return last_class_ = found;
}

ValueClasses::Class ValueClasses::look_up(std::string_view text) const {
  const auto at = std::lower_bound(values_.begin(), values_.end(), text);
  if (at != values_.end() && *at == text)
    return static_cast<Class>(kOther + 1 + (at - values_.begin()));
  return nocase_ && has_upper(text) ? kUnsaid : kOther;
}

Facts::Facts(const Work& work, const std::vector<ValueClasses>& keys,
             const std::vector<ValueClasses::Class>& classes, const Work::Aliases& aliases,
             const std::set<FieldId>& unsteady)
    : work_(work), keys_(keys), classes_(classes), aliases_(aliases), unsteady_(unsteady) {}

bool Facts::steady(FieldId field) const {
  if (unsteady_.contains(field)) return false;
  const auto originals = aliases_.of(field);
  return std::none_of(originals.begin(), originals.end(),
                      [this](const auto& alias) { return unsteady_.contains(alias.second); });
}

Truth Facts::has(FieldId field) const {
  static const FieldId kRecord = intern_field("record").value_or(ecs::kMessage);
  if (field == ecs::kMessage || field == kRecord || !steady(field)) return Truth::kUnknown;
  return truth_of(work_.find(field) != nullptr);
}

ValueClasses::Class Facts::class_of(FieldId field) const {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i].field() == field) return steady(field) ? classes_[i] : ValueClasses::kUnsaid;
  }
  return ValueClasses::kUnsaid;
}

const std::string* Facts::value(FieldId field) const {
  for (const ValueClasses& key : keys_) {
    if (key.field() != field) continue;
    const ValueClasses::Class known = class_of(field);
    return known > ValueClasses::kOther ? &key.value(known) : nullptr;
  }
  return nullptr;
}

bool Facts::is_other(FieldId field) const {
  return class_of(field) == ValueClasses::kOther;
}

}  // namespace picket::parsers
