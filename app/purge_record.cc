#include "app/purge_record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

#include "base/time.h"

namespace picket::app {
namespace {

constexpr std::array<std::string_view, 5> kStates = {"asked", "approved", "rejected", "expired", "done"};

std::string text_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t time_of(const Json& json, const char* name, std::int64_t otherwise) {
  const auto time = parse_time(text_of(json, name));
  return time ? time->time_ns : otherwise;
}

std::vector<std::string> texts_of(const Json& json, const char* name) {
  std::vector<std::string> texts;
  const auto found = json.find(name);
  if (found == json.end() || !found->is_array()) return texts;
  for (const Json& one : *found) {
    if (one.is_string()) texts.push_back(one.get<std::string>());
  }
  return texts;
}

storage::ExpiryTotals totals_of(const Json& json, const char* name) {
  storage::ExpiryTotals totals;
  const auto found = json.find(name);
  if (found == json.end() || !found->is_object()) return totals;
  const auto number = [&](const char* key) -> std::uint64_t {
    const auto value = found->find(key);
    return value != found->end() && value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
  };
  totals.blocks = number("blocks");
  totals.rows = number("records");
  totals.raw_bytes = number("raw_bytes");
  totals.held = number("held_blocks");
  totals.held_rows = number("held_records");
  totals.mixed = number("shared_blocks");
  return totals;
}

Json totals_json(const storage::ExpiryTotals& totals) {
  return {{"blocks", totals.blocks},         {"records", totals.rows},           {"raw_bytes", totals.raw_bytes},
          {"held_blocks", totals.held},      {"held_records", totals.held_rows}, {"shared_blocks", totals.mixed}};
}

void put_scope(Json& json, const PurgeRecord& purge) {
  if (!purge.sources.empty()) json["sources"] = purge.sources;
  if (purge.from_ns != INT64_MIN) json["from"] = format_time(purge.from_ns);
  if (purge.to_ns != INT64_MAX) json["to"] = format_time(purge.to_ns);
}

void take_scope(PurgeRecord& purge, const Json& json) {
  purge.sources = texts_of(json, "sources");
  purge.from_ns = time_of(json, "from", INT64_MIN);
  purge.to_ns = time_of(json, "to", INT64_MAX);
  purge.reason = text_of(json, "reason");
  purge.actor = text_of(json, "actor");
  purge.asked_ns = time_of(json, "@timestamp", 0);
  purge.expires_ns = time_of(json, "expires", 0);
  purge.found = totals_of(json, "found");
  purge.holds = texts_of(json, "holds");
}

std::uint64_t number_of(const std::string& id) {
  std::uint64_t n = 0;
  std::from_chars(id.data(), id.data() + id.size(), n);
  return n;
}

}  // namespace

std::string_view purge_state_name(PurgeState state) { return kStates[static_cast<std::size_t>(state)]; }

bool PurgeRecord::is_of(std::string_view source) const {
  return sources.empty() || std::find(sources.begin(), sources.end(), source) != sources.end();
}

bool PurgeRecord::is_approved_by(std::string_view approver) const {
  return std::any_of(approvals.begin(), approvals.end(),
                     [&](const PurgeApproval& one) { return one.approver == approver; });
}

Result<void> PurgeRecord::take(const Json& step) {
  if (!step.is_object()) return fail(Errc::kCorrupt, "not a step of a purge");
  const std::string name = text_of(step, "step");
  const std::int64_t time_ns = time_of(step, "@timestamp", 0);
  ++steps;
  if (name == "asked") {
    take_scope(*this, step);
    return {};
  }
  if (name == "refused") {
    ++refused;
    return {};
  }
  if (name == "approved") {
    const std::string approver = text_of(step, "approver");
    if (!is_approved_by(approver)) approvals.push_back({approver, time_ns});
    if (approvals.size() >= kApprovalsNeeded && state == PurgeState::kAsked) state = PurgeState::kApproved;
    return {};
  }
  const auto named = std::find(kStates.begin(), kStates.end(), name);
  if (named == kStates.end()) return fail(Errc::kCorrupt, "not a step of a purge");
  state = static_cast<PurgeState>(named - kStates.begin());
  ended_ns = time_ns;
  ended_by = text_of(step, "approver");
  ended_for = text_of(step, "reason");
  removed = totals_of(step, "removed");
  return {};
}

Json to_json(const PurgeRecord& purge) {
  Json json = {{"id", purge.id}, {"state", std::string(purge_state_name(purge.state))}};
  put_scope(json, purge);
  json["reason"] = purge.reason;
  json["actor"] = purge.actor;
  json["@timestamp"] = format_time(purge.asked_ns);
  json["expires"] = format_time(purge.expires_ns);
  json["found"] = totals_json(purge.found);
  json["holds"] = purge.holds;
  json["approvals"] = Json::array();
  for (const PurgeApproval& one : purge.approvals)
    json["approvals"].push_back({{"approver", one.approver}, {"@timestamp", format_time(one.time_ns)}});
  json["refused"] = purge.refused;
  if (purge.ended_ns == 0) return json;
  json["ended"] = {{"@timestamp", format_time(purge.ended_ns)}};
  if (!purge.ended_by.empty()) json["ended"]["approver"] = purge.ended_by;
  if (!purge.ended_for.empty()) json["ended"]["reason"] = purge.ended_for;
  if (purge.state == PurgeState::kDone) json["removed"] = totals_json(purge.removed);
  return json;
}

Result<PurgeRecord> purge_from_json(const Json& json) {
  const auto state = std::find(kStates.begin(), kStates.end(), json.is_object() ? text_of(json, "state") : std::string());
  if (state == kStates.end()) return fail(Errc::kCorrupt, "not a purge");
  PurgeRecord purge;
  purge.id = text_of(json, "id");
  take_scope(purge, json);
  purge.state = static_cast<PurgeState>(state - kStates.begin());
  const auto approvals = json.find("approvals");
  if (approvals != json.end() && approvals->is_array()) {
    for (const Json& one : *approvals) {
      if (one.is_object()) purge.approvals.push_back({text_of(one, "approver"), time_of(one, "@timestamp", 0)});
    }
  }
  purge.removed = totals_of(json, "removed");
  const auto ended = json.find("ended");
  if (ended != json.end() && ended->is_object()) {
    purge.ended_ns = time_of(*ended, "@timestamp", 0);
    purge.ended_by = text_of(*ended, "approver");
    purge.ended_for = text_of(*ended, "reason");
  }
  return purge;
}

Result<std::vector<PurgeRecord>> read_purges(const storage::Store& store) {
  PICKET_TRY(const auto documents, store.documents(kPurgeSpace));
  std::vector<PurgeRecord> purges;
  for (const auto& [key, step] : documents) {  // in the order of their keys
    const std::string id = std::to_string(number_of(key.substr(0, key.find('/'))));
    if (purges.empty() || purges.back().id != id) purges.emplace_back().id = id;
    PICKET_TRY_VOID(purges.back().take(step));
  }
  return purges;
}

std::string purge_step_key(const PurgeRecord& purge) {
  char key[64];
  std::snprintf(key, sizeof key, "%08llu/%08llu", static_cast<unsigned long long>(number_of(purge.id)),
                static_cast<unsigned long long>(purge.steps + 1));
  return key;
}

}  // namespace picket::app
