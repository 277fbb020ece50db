#include "correlator/state.h"

#include <algorithm>

namespace picket::correlator {

std::vector<std::optional<std::string>> StatePort::get_many(const std::vector<std::string>& keys) {
  std::vector<std::optional<std::string>> values;
  values.reserve(keys.size());
  for (const std::string& key : keys) values.push_back(get(key));
  return values;
}

std::optional<std::string> MapState::get(std::string_view key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  return found->second;
}

void MapState::put(std::string key, std::string value) {
  const auto at = entries_.lower_bound(key);
  if (at != entries_.end() && at->first == key) {
    bytes_ += value.size() - at->second.size();
    at->second = std::move(value);
  } else {
    bytes_ += key.size() + value.size();
    entries_.emplace_hint(at, std::move(key), std::move(value));
  }
}

void MapState::erase(std::string key) {
  const auto at = entries_.find(key);
  if (at == entries_.end()) return;
  bytes_ -= at->first.size() + at->second.size();
  entries_.erase(at);
}

void MapState::for_each(std::string_view prefix, std::string_view first,
                        const std::function<bool(std::string_view, std::string_view)>& entry) {
  for (auto at = entries_.lower_bound(std::max(prefix, first)); at != entries_.end(); ++at) {
    if (!at->first.starts_with(prefix) || !entry(at->first, at->second)) return;
  }
}

}  // namespace picket::correlator
