// FakeStore: the reading half of a Store in memory, so that the API is tested without a database.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "storage/store.h"

namespace picket::api {

class FakeStore : public storage::Store {
 public:
  struct StoredRecord {
    std::string source;
    std::uint64_t seq = 0;
    std::int64_t received_ns = 0;
    std::string raw;
  };
  std::vector<std::string> sources;
  std::vector<StoredRecord> records;
  std::vector<Alert> alert_list;                                 // newest first
  std::vector<Incident> incident_list;                           // newest first
  std::vector<std::pair<std::string, std::string>> incident_of;  // alert id -> incident id
  std::vector<storage::Ledger> ledgers;

  Result<SourceId> source_id(std::string_view) override { return unused(); }
  std::vector<std::string> source_names() const override { return sources; }
  std::uint64_t next_seq(SourceId) const override { return 0; }
  std::map<std::string, std::string> offsets() const override { return {}; }
  Result<void> commit(const storage::Commit&) override { return unused(); }
  Result<std::vector<storage::Ledger>> ledger() const override { return ledgers; }
  Result<storage::ScanTotals> scan(
      const storage::ScanOptions&,
      const std::function<bool(const storage::StoredRow&)>&) const override {
    return unused();
  }

  Result<void> fetch(SourceId source, std::uint64_t seq, Batch& batch) const override {
    const std::string& name = sources.at(static_cast<std::size_t>(source));
    for (const StoredRecord& record : records) {
      if (record.source != name || record.seq != seq) continue;
      batch.add(record.raw, source, seq, record.received_ns);
      return {};
    }
    return fail(Errc::kNotFound, name + " has no record " + std::to_string(seq));
  }

  Result<Alert> alert(std::string_view id) const override {
    for (const Alert& alert : alert_list) {
      if (alert.id == id) return alert;
    }
    return fail(Errc::kNotFound, "no alert " + std::string(id));
  }
  Result<std::vector<Alert>> alerts(const storage::AlertFilter& filter, std::size_t limit,
                                    std::string& cursor) const override {
    std::vector<Alert> chosen;
    for (const Alert& alert : alert_list) {
      const bool rule = filter.rule_id.empty() || alert.rule.id == filter.rule_id;
      const bool incident = filter.incident_id.empty() ||
                            std::find(incident_of.begin(), incident_of.end(),
                                      std::pair(alert.id, filter.incident_id)) != incident_of.end();
      const bool named = !filter.entity || std::find(alert.entities.begin(), alert.entities.end(),
                                                     *filter.entity) != alert.entities.end();
      if (rule && incident && named) chosen.push_back(alert);
    }
    return page(chosen, limit, cursor);
  }
  Result<Incident> incident(std::string_view id) const override {
    for (const Incident& incident : incident_list) {
      if (incident.id == id || std::to_string(incident.number) == id) return incident;
    }
    return fail(Errc::kNotFound, "no incident " + std::string(id));
  }
  Result<std::vector<Incident>> incidents(std::size_t limit, std::string& cursor) const override {
    return page(incident_list, limit, cursor);
  }
  std::uint64_t next_incident_number() const override { return incident_list.size() + 1; }

  std::uint64_t last_commit() const override { return 0; }
  Result<void> hits(std::uint64_t,
                    const std::function<bool(const storage::StoredHit&)>&) const override {
    return unused();
  }

  Result<std::optional<std::string>> state(std::string_view) const override { return unused(); }
  Result<void> for_each_state(
      std::string_view, std::string_view,
      const std::function<bool(std::string_view, std::string_view)>&) const override {
    return unused();
  }
  Result<void> put_document(std::string_view, std::string_view, const Json&) override {
    return unused();
  }
  Result<Json> document(std::string_view, std::string_view) const override { return unused(); }
  Result<std::vector<std::pair<std::string, Json>>> documents(std::string_view) const override {
    return unused();
  }
  storage::ChainStatus chain() const override { return {}; }
  Result<void> seal_chain() override { return {}; }
  Result<bool> pack() override { return unused(); }
  storage::PackStatus packing() const override { return {}; }
  Result<storage::ExpiryTotals> expire(const storage::Removal&) override { return unused(); }

 private:
  static tl::unexpected<Error> unused() { return fail(Errc::kIo, "not in a FakeStore"); }

  // The cursor is a number with a byte that no URL may carry, as a real store's keys have.
  template <class T>
  static Result<std::vector<T>> page(const std::vector<T>& all, std::size_t limit,
                                     std::string& cursor) {
    std::size_t at = 0;
    if (!cursor.empty()) {
      if (cursor[0] != '\xff') return fail(Errc::kInvalid, "not a cursor");
      for (const char c : cursor.substr(1)) at = at * 10 + static_cast<std::size_t>(c - '0');
    }
    const std::size_t end = std::min(at + limit, all.size());
    const auto from = [&](std::size_t i) {
      return all.begin() + static_cast<std::ptrdiff_t>(std::min(i, all.size()));
    };
    cursor = end < all.size() ? '\xff' + std::to_string(end) : std::string();
    return std::vector<T>(from(at), from(end));
  }
};

}  // namespace picket::api
