#include "correlator/pending_state.h"

#include <utility>

#include "base/check.h"

namespace picket::correlator {

std::optional<std::string> PendingState::get(std::string_view key) {
  if (!pending_.empty()) {
    if (const auto found = pending_.find(std::string(key)); found != pending_.end())
      return found->second;
  }
  return below_.get(key);
}

std::vector<std::optional<std::string>> PendingState::get_many(
    const std::vector<std::string>& keys) {
  std::vector<std::optional<std::string>> values = below_.get_many(keys);
  for (std::size_t i = 0; i < keys.size() && !pending_.empty(); ++i) {
    if (const auto found = pending_.find(keys[i]); found != pending_.end())
      values[i] = found->second;
  }
  return values;
}

void PendingState::put(std::string key, std::string value) {
  pending_.insert_or_assign(std::move(key), std::move(value));
}

void PendingState::erase(std::string key) {
  pending_.insert_or_assign(std::move(key), std::nullopt);
}

void PendingState::for_each(std::string_view prefix, std::string_view first,
                            const std::function<bool(std::string_view, std::string_view)>& entry) {
  PICKET_CHECK(pending_.empty());
  below_.for_each(prefix, first, entry);
}

void PendingState::apply() {
  while (!pending_.empty()) {
    auto change = pending_.extract(pending_.begin());
    if (change.mapped()) {
      below_.put(std::move(change.key()), *std::move(change.mapped()));
    } else {
      below_.erase(std::move(change.key()));
    }
  }
}

}  // namespace picket::correlator
