#include "correlator/store_ports.h"

#include <algorithm>
#include <utility>

#include "storage/commit.h"

namespace picket::correlator {

// The first one. Partitions read at once.
void StoreState::keep_error(const Error& error) {
  error_.with([&](std::optional<Error>& first) {
    if (!first) first = error;
  });
}

std::optional<std::string> StoreState::get(std::string_view key) {
  const storage::Commit::State& pending = commit_.state();
  if (const auto found = pending.find(key); found != pending.end()) return found->second;
  auto value = store_.state(key);
  if (!value) {
    keep_error(value.error());
    return std::nullopt;
  }
  return *std::move(value);
}

std::vector<std::optional<std::string>> StoreState::get_many(const std::vector<std::string>& keys) {
  auto stored = store_.states(keys);
  if (!stored) {
    keep_error(stored.error());
    return std::vector<std::optional<std::string>>(keys.size());
  }
  const storage::Commit::State& pending = commit_.state();
  for (std::size_t i = 0; i < keys.size() && !pending.empty(); ++i) {
    if (const auto found = pending.find(keys[i]); found != pending.end()) (*stored)[i] = found->second;
  }
  return *std::move(stored);
}

void StoreState::put(std::string key, std::string value) {
  commit_.put_state(std::move(key), std::move(value));
}

void StoreState::erase(std::string key) {
  commit_.delete_state(std::move(key));
}

// Merges two ordered streams: what is committed, and what is pending, which wins.
void StoreState::for_each(std::string_view prefix, std::string_view first,
                          const std::function<bool(std::string_view, std::string_view)>& entry) {
  first = std::max(prefix, first);
  const storage::Commit::State& pending = commit_.state();
  auto at = pending.lower_bound(first);
  bool more = true;
  const auto pending_before = [&](std::string_view limit) {
    for (; more && at != pending.end() && at->first.starts_with(prefix) && at->first < limit;
         ++at) {
      if (at->second) more = entry(at->first, *at->second);
    }
  };
  const auto result =
      store_.for_each_state(prefix, first, [&](std::string_view key, std::string_view value) {
        pending_before(key);
        if (!more) return false;
        if (at != pending.end() && at->first == key) {
          if (at->second) more = entry(at->first, *at->second);
          ++at;
        } else {
          more = entry(key, value);
        }
        return more;
      });
  if (!result) keep_error(result.error());
  for (; more && at != pending.end() && at->first.starts_with(prefix); ++at) {
    if (at->second) more = entry(at->first, *at->second);
  }
}

const Incident* StoreIncidents::look(std::string_view id) {
  if (const auto now = renamed_.find(id); now != renamed_.end()) return look(now->second);
  if (const Incident* const pending = commit_.incident(id)) return pending;
  if (const auto found = at_hand_.find(id); found != at_hand_.end()) return &found->second;
  auto incident = store_.incident(id);
  if (incident) {
    const std::string own = incident->id;
    // Asked for by its number, or by the name that it had before.
    if (own != id && (renamed_.contains(own) || commit_.incident(own) != nullptr || at_hand_.contains(own)))
      return look(own);
    return &at_hand_.insert_or_assign(own, *std::move(incident)).first->second;
  }
  if (incident.error().code != Errc::kNotFound && !error_) error_ = incident.error();
  return nullptr;
}

Incident* StoreIncidents::edit(std::string_view id) {
  if (Incident* const pending = commit_.incident(id)) return pending;
  const Incident* const found = look(id);
  if (found == nullptr) return nullptr;
  if (Incident* const pending = commit_.incident(found->id)) return pending;
  auto stored = at_hand_.extract(at_hand_.find(found->id));
  return commit_.put(std::move(stored.mapped()));
}

std::uint64_t StoreIncidents::next_number() {
  return store_.next_incident_number() + numbers_given_++;
}

Incident* StoreIncidents::put(Incident incident) {
  if (const auto old = at_hand_.find(incident.id); old != at_hand_.end()) at_hand_.erase(old);
  return commit_.put(std::move(incident));
}

void StoreIncidents::rename(std::string_view id, Incident incident) {
  auto pending = commit_.take_incidents();
  if (const auto old = pending.find(id); old != pending.end()) pending.erase(old);
  for (auto& [name, each] : pending) commit_.put(std::move(each));
  if (const auto old = at_hand_.find(id); old != at_hand_.end()) at_hand_.erase(old);
  renamed_.erase(incident.id);
  renamed_.insert_or_assign(std::string(id), incident.id);
  put(std::move(incident));
}

std::optional<Alert> StoreIncidents::alert(std::string_view id) {
  if (pending_alerts_ != nullptr) {
    // The newest of those that grew in this commit.
    const auto same = [&](const Alert& alert) { return alert.id == id; };
    const auto found = std::find_if(pending_alerts_->rbegin(), pending_alerts_->rend(), same);
    if (found != pending_alerts_->rend()) return *found;
  }
  auto alert = store_.alert(id);
  if (alert) return *std::move(alert);
  if (alert.error().code != Errc::kNotFound && !error_) error_ = alert.error();
  return std::nullopt;
}

void StoreIncidents::committed() {
  numbers_given_ = 0;
  renamed_.clear();
  std::size_t alerts = 0;
  for (const auto& [id, incident] : at_hand_) alerts += incident.timeline.size() + 1;
  if (alerts > kAlertsAtHandMax) at_hand_.clear();
  for (auto& [id, incident] : commit_.take_incidents()) at_hand_.insert_or_assign(id, std::move(incident));
}

}  // namespace picket::correlator
