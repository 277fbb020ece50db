#include "parsers/steps/pair_names.h"

#include <algorithm>

namespace picket::parsers {
namespace {

bool is_plain(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

}  // namespace

std::optional<FieldId> PairNames::look_up(std::string_view name) {
  if (name.size() > kLengthMax) names_->limits().add(Limit::kFieldName);
  if (name.empty() || name.size() > kLengthMax) return std::nullopt;
  const NameKey key = NameKey::of(name);
  const std::uint32_t* found = index_.find(key);
  if (found == nullptr) {
    const std::optional<FieldId> id = names_->field_named(prefix_ + std::string(name));
    if (entries_.size() >= kNamesMax) return id;
    const auto at = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({std::string(name), is_plain(name), 0, id});
    found = &(index_.insert(key) = at);
  }
  const std::uint32_t at = *found;
  entries_[last_].next = at;
  last_ = at;
  return entries_[at].field;
}

}  // namespace picket::parsers
