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
    if (known_.size() >= kNamesMax) return id;
    const auto at = static_cast<std::uint32_t>(known_.size());
    names_known_.emplace_back(name);
    Known& made = known_.emplace_back();
    if (id) made.field_ = static_cast<std::uint32_t>(*id);
    if (name.size() <= Known::kLengthMax && is_plain(name)) {
      made.size_ = static_cast<std::uint32_t>(name.size());
      std::memcpy(made.head_.data(), name.data(), name.size());
      std::memset(made.mask_.data(), 0xFF, name.size());
    }
    found = &(index_.insert(key) = at);
  }
  const std::uint32_t at = *found;
  known_[last_].next_ = at;
  last_ = at;
  return field_of(known_[at]);
}

}  // namespace picket::parsers
