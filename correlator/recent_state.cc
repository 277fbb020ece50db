#include "correlator/recent_state.h"

#include <utility>

namespace picket::correlator {
namespace {

constexpr std::size_t kEntryBytes = 128;  // of the table itself

std::size_t bytes_of(std::string_view key, const std::optional<std::string>& value) {
  return kEntryBytes + key.size() + (value ? value->size() : 0);
}

}  // namespace

std::optional<std::string> RecentState::get(std::string_view key) {
  if (const auto found = newer_.entries.find(key); found != newer_.entries.end())
    return found->second;
  std::optional<std::string> value;
  if (const auto found = older_.entries.find(key); found != older_.entries.end()) {
    value = found->second;
  } else {
    value = behind_.get(key);
  }
  remember(std::string(key), value);
  return value;
}

void RecentState::put(std::string key, std::string value) {
  remember(key, value);
  behind_.put(std::move(key), std::move(value));
}

void RecentState::erase(std::string key) {
  remember(key, std::nullopt);
  behind_.erase(std::move(key));
}

void RecentState::for_each(std::string_view prefix, std::string_view first,
                           const std::function<bool(std::string_view, std::string_view)>& entry) {
  behind_.for_each(prefix, first, entry);
}

void RecentState::remember(std::string key, std::optional<std::string> value) {
  forget(newer_, key);
  forget(older_, key);
  if (value && value->size() > kValueMax) return;
  newer_.bytes += bytes_of(key, value);
  newer_.entries.insert_or_assign(std::move(key), std::move(value));
  if (newer_.bytes <= bytes_max_ / 2) return;
  older_ = std::exchange(newer_, Half());
}

void RecentState::forget(Half& half, std::string_view key) {
  const auto found = half.entries.find(key);
  if (found == half.entries.end()) return;
  half.bytes -= bytes_of(found->first, found->second);
  half.entries.erase(found);
}

}  // namespace picket::correlator
