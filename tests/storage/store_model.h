// StoreModel: what a store must hold, kept the obvious way, and one text for both to compare.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "storage/store.h"

namespace picket::storage {

inline const std::vector<std::string> kModelSources = {"web", "auth.log", "edge-fw"};

struct StoreModel {
  std::uint64_t commits = 0;
  std::map<std::string, Ledger> ledger;
  std::map<std::string, std::string> offsets;
  std::map<std::string, std::string> state;
  std::vector<std::string> rows;  // in order of arrival
  std::vector<std::string> hits;
  std::map<std::string, std::uint64_t> alerts;     // id -> hit count
  std::map<std::uint64_t, std::string> incidents;  // number -> status
};

inline std::string show_row(const Record& record, std::int64_t time_ns, ParseStatus status) {
  return std::to_string(static_cast<std::uint32_t>(record.source)) + ":" +
         std::to_string(record.seq) + " " + std::string(record.raw) + " " +
         std::to_string(record.received_ns) + " " + std::to_string(time_ns) + " " +
         std::string(parse_status_name(status));
}

inline std::string show(const StoreModel& model) {
  std::string text = "commits " + std::to_string(model.commits) + "\n";
  for (const auto& [name, line] : model.ledger) text += dump_json(to_json(line)) + "\n";
  for (const auto& [name, value] : model.offsets) text += "offset " + name + "=" + value + "\n";
  for (const auto& [key, value] : model.state) text += "state " + key + "=" + value + "\n";
  for (const std::string& row : model.rows) text += "row " + row + "\n";
  for (const std::string& hit : model.hits) text += "hit " + hit + "\n";
  for (const auto& [id, count] : model.alerts)
    text += "alert " + id + " " + std::to_string(count) + "\n";
  for (const auto& [number, status] : model.incidents) {
    text += "incident " + std::to_string(number) + " " + status + "\n";
  }
  return text;
}

// The same of a real store; whatever cannot be read is named in place of it.
inline std::string show(const Store& store) {
  StoreModel seen;
  std::string errors;
  const auto check = [&](const auto& result) {
    if (!result) errors += "error: " + result.error().what + "\n";
    return result.has_value();
  };
  seen.commits = store.last_commit();
  if (const auto lines = store.ledger(); check(lines)) {
    for (const Ledger& line : *lines) {
      if (line.received > 0) seen.ledger[line.source] = line;
      if (line.residual() != 0) errors += "residual of " + line.source + "\n";
    }
  }
  seen.offsets = store.offsets();
  check(store.for_each_state("", "", [&](std::string_view key, std::string_view value) {
    seen.state.emplace(key, value);
    return true;
  }));
  check(store.scan({.newest_first = false}, [&](const StoredRow& row) {
    seen.rows.push_back(show_row(row.record, row.time_ns, row.status));
    return true;
  }));
  check(store.hits(0, [&](const StoredHit& hit) {
    seen.hits.push_back(std::string(hit.rule_id) + " " + std::to_string(hit.seq));
    return true;
  }));
  std::string cursor;
  do {
    const auto alerts = store.alerts({}, 7, cursor);
    if (!check(alerts)) break;
    for (const Alert& alert : *alerts) {
      if (!seen.alerts.emplace(alert.id, alert.hit_count).second)
        errors += "twice: " + alert.id + "\n";
    }
  } while (!cursor.empty());
  do {
    const auto incidents = store.incidents(7, cursor);
    if (!check(incidents)) break;
    for (const Incident& one : *incidents)
      seen.incidents[one.number] = incident_status_name(one.status);
  } while (!cursor.empty());
  for (const auto& [name, line] :
       seen.ledger) {  // every row can be fetched, and there is none behind
    const auto id =
        std::find(kModelSources.begin(), kModelSources.end(), name) - kModelSources.begin();
    const SourceId source{static_cast<std::uint32_t>(id)};
    Batch batch;
    if (line.stored != store.next_seq(source)) errors += "next seq of " + name + "\n";
    if (line.stored > 0) check(store.fetch(source, line.stored - 1, batch));
    if (store.fetch(source, line.stored, batch)) errors += "a row too many in " + name + "\n";
  }
  return show(seen) + errors;
}

// Random commits, and the model as it is when one has succeeded.
class CommitMaker {
 public:
  explicit CommitMaker(std::uint64_t seed) : random_(seed) {}

  Commit make(StoreModel& model) {
    Commit commit;
    ++model.commits;
    Batch batch;
    const std::uint64_t rows = random_() % 12;
    for (std::uint64_t i = 0; i < rows; ++i) add_row(batch, model);
    commit.add(batch, [](std::uint32_t rule) { return rule == 0 ? "rule-a" : "rule-b"; });
    add_counts(commit, model);
    const std::string number = std::to_string(model.commits);
    commit.put_offset("tail", number);
    commit.put_state("last", number);
    model.offsets["tail"] = model.state["last"] = number;
    const std::string key = "group/" + std::to_string(random_() % 10);
    if (random_() % 3 == 0) {
      commit.delete_state(key);
      model.state.erase(key);
    } else {
      model.state[key] = std::string(random_() % 200, 'x') + number;
      commit.put_state(key, model.state[key]);
    }
    if (random_() % 2 == 0) add_alert(commit, model);
    return commit;
  }

 private:
  void add_row(Batch& batch, StoreModel& model) {
    const auto source = static_cast<std::uint32_t>(random_() % kModelSources.size());
    Ledger& line = model.ledger[kModelSources[source]];
    line.source = kModelSources[source];
    const std::string raw = "line " + std::to_string(random_()) + std::string(random_() % 300, 'y');
    const auto received = static_cast<std::int64_t>(random_() % 1'000'000);
    const Record& record = batch.add(raw, SourceId{source}, line.stored, received);
    Event& event = batch.begin_event();
    event.time_ns = received - 5;
    event.status = static_cast<ParseStatus>(random_() % 3);
    ++line.received;
    ++line.stored;
    ++(event.status == ParseStatus::kParsed ? line.parsed
       : event.status == ParseStatus::kRaw  ? line.raw
                                            : line.partial);
    line.bytes += raw.size();
    model.rows.push_back(show_row(record, event.time_ns, event.status));
    if (random_() % 4 == 0) {
      batch.hits().push_back(
          {static_cast<std::uint32_t>(batch.records().size() - 1), random_() % 2 == 0 ? 0U : 1U});
      model.hits.push_back((batch.hits().back().rule == 0 ? "rule-a " : "rule-b ") +
                           std::to_string(record.seq));
    }
  }

  void add_counts(Commit& commit, StoreModel& model) {
    const auto source = static_cast<std::uint32_t>(random_() % kModelSources.size());
    Ledger& line = model.ledger[kModelSources[source]];
    line.source = kModelSources[source];
    const std::uint64_t rejected = random_() % 3;
    commit.count_rejected(SourceId{source}, "framing", rejected);
    commit.count_dropped(SourceId{source}, "queue_full", 1);
    if (rejected > 0) line.rejected["framing"] += rejected;
    ++line.dropped["queue_full"];
    line.received += rejected + 1;
  }

  void add_alert(Commit& commit, StoreModel& model) {
    Alert alert;
    alert.id = "alert-" + std::to_string(random_() % 20);
    alert.time_ns = static_cast<std::int64_t>(random_() % 1000) * 1'000'000'000;
    alert.hit_count = model.commits;
    alert.entities = {{"host", "h"}, {"user", alert.id}};
    commit.put(alert);
    model.alerts[alert.id] = alert.hit_count;
    Incident incident;
    incident.number = 1 + random_() % 5;
    incident.id = "incident-" + std::to_string(incident.number);
    incident.status = static_cast<IncidentStatus>(random_() % 5);
    commit.put(incident);
    model.incidents[incident.number] = incident_status_name(incident.status);
  }

  std::mt19937_64 random_;
};

}  // namespace picket::storage
