#include "app/holds.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "app/order_body.h"
#include "base/time.h"

namespace picket::app {
namespace {

Result<std::vector<std::string>> sources_of(const Json& json) {
  std::vector<std::string> sources;
  const auto found = json.find("sources");
  if (found == json.end()) return sources;
  if (!found->is_array() || found->size() > kHoldSourcesMax)
    return fail(Errc::kInvalid, "sources is a list of at most 1000 names");
  for (const Json& source : *found) {
    if (!source.is_string() || source.get_ref<const std::string&>().empty())
      return fail(Errc::kInvalid, "sources is a list of at most 1000 names");
    sources.push_back(source.get<std::string>());
  }
  return sources;
}

}  // namespace

Json to_json(const HoldRecord& hold) {
  Json json = {{"id", hold.id}, {"in_force", hold.in_force()}};
  if (!hold.sources.empty()) json["sources"] = hold.sources;
  if (!hold.system.empty()) json["system"] = hold.system;
  if (hold.from_ns != INT64_MIN) json["from"] = format_time(hold.from_ns);
  if (hold.to_ns != INT64_MAX) json["to"] = format_time(hold.to_ns);
  json["reason"] = hold.reason;
  json["actor"] = hold.actor;
  json["@timestamp"] = format_time(hold.time_ns);
  if (!hold.in_force())
    json["lifted"] = {{"@timestamp", format_time(hold.lifted_ns)}, {"actor", hold.lifted_by}, {"reason", hold.lifted_for}};
  return json;
}

Result<HoldRecord> hold_from_json(const Json& json) {
  if (!json.is_object()) return fail(Errc::kCorrupt, "not a hold");
  HoldRecord hold;
  hold.id = text_of(json, "id");
  PICKET_TRY(hold.sources, sources_of(json));
  hold.system = text_of(json, "system");
  PICKET_TRY(hold.from_ns, time_of(json, "from", INT64_MIN));
  PICKET_TRY(hold.to_ns, time_of(json, "to", INT64_MAX));
  hold.reason = text_of(json, "reason");
  hold.actor = text_of(json, "actor");
  PICKET_TRY(hold.time_ns, time_of(json, "@timestamp", 0));
  const auto lifted = json.find("lifted");
  if (lifted != json.end() && lifted->is_object()) {
    hold.lifted_by = text_of(*lifted, "actor");
    hold.lifted_for = text_of(*lifted, "reason");
    PICKET_TRY(hold.lifted_ns, time_of(*lifted, "@timestamp", 0));
  }
  if (hold.id.empty()) return fail(Errc::kCorrupt, "not a hold");
  return hold;
}

Result<std::vector<HoldRecord>> read_holds(const storage::Store& store) {
  PICKET_TRY(const auto documents, store.documents(kHoldSpace));
  std::vector<HoldRecord> holds;
  for (const auto& [key, json] : documents) {
    PICKET_TRY(HoldRecord hold, hold_from_json(json));
    holds.push_back(std::move(hold));
  }
  const auto number = [](const HoldRecord& hold) {
    std::uint64_t n = 0;
    std::from_chars(hold.id.data(), hold.id.data() + hold.id.size(), n);
    return n;
  };
  std::sort(holds.begin(), holds.end(),
            [&](const HoldRecord& a, const HoldRecord& b) { return number(a) < number(b); });
  return holds;
}

Holds::Holds(storage::Store& store, const std::vector<RetainedSource>& sources, const response::Systems& systems,
             Clock& clock)
    : store_(store), clock_(clock) {
  for (const RetainedSource& source : sources) systems_of_[source.name] = source.system;
  for (const response::System& system : systems.all()) known_systems_.push_back(system.name);
}

Result<std::unique_ptr<Holds>> Holds::open(storage::Store& store, const std::vector<RetainedSource>& sources,
                                           const response::Systems& systems, Clock& clock) {
  std::unique_ptr<Holds> holds(new Holds(store, sources, systems, clock));
  PICKET_TRY(std::vector<HoldRecord> there, read_holds(store));
  holds->holds_.with([&](std::vector<HoldRecord>& all) { all = std::move(there); });
  return holds;
}

std::vector<HoldRecord> Holds::all() const {
  return holds_.with([](const std::vector<HoldRecord>& all) { return all; });
}

std::size_t Holds::in_force() const {
  return holds_.with([](const std::vector<HoldRecord>& all) {
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const HoldRecord& hold) { return hold.in_force(); }));
  });
}

Result<void> Holds::put(std::vector<HoldRecord>& all, HoldRecord hold) {
  PICKET_TRY_VOID(store_.put_document(kHoldSpace, hold.id, to_json(hold)));
  const auto same = std::find_if(all.begin(), all.end(), [&](const HoldRecord& one) { return one.id == hold.id; });
  if (same != all.end()) {
    *same = std::move(hold);
  } else {
    all.push_back(std::move(hold));
  }
  return {};
}

Result<HoldRecord> Holds::add(const Json& body, const std::string& actor) {
  PICKET_TRY_VOID(check_members(body, {"sources", "system", "from", "to", "reason"}));
  HoldRecord hold;
  PICKET_TRY(hold.sources, sources_of(body));
  hold.system = text_of(body, "system");
  PICKET_TRY(hold.from_ns, time_of(body, "from", INT64_MIN));
  PICKET_TRY(hold.to_ns, time_of(body, "to", INT64_MAX));
  PICKET_TRY(hold.reason, reason_of(body));
  if (hold.from_ns >= hold.to_ns) return fail(Errc::kInvalid, "from must be before to");
  if (!hold.system.empty() && !hold.sources.empty())
    return fail(Errc::kInvalid, "a hold is of sources or of a system, not of both");
  if (!hold.system.empty() &&
      std::find(known_systems_.begin(), known_systems_.end(), hold.system) == known_systems_.end())
    return fail(Errc::kInvalid, "there is no system '" + hold.system.substr(0, 128) + "'");
  const std::vector<std::string> names = store_.source_names();
  for (const std::string& source : hold.sources) {
    if (std::find(names.begin(), names.end(), source) == names.end())
      return fail(Errc::kInvalid, "the store has no source '" + source.substr(0, 128) + "'");
  }
  hold.actor = actor;
  return holds_.with([&](std::vector<HoldRecord>& all) -> Result<HoldRecord> {
    const auto active = std::count_if(all.begin(), all.end(), [](const HoldRecord& one) { return one.in_force(); });
    if (static_cast<std::size_t>(active) >= kHoldsMax) return fail(Errc::kLimit, "at most 1000 holds are in force");
    hold.id = std::to_string(all.size() + 1);
    hold.time_ns = clock_.now().count();
    PICKET_TRY_VOID(put(all, hold));
    return hold;
  });
}

Result<HoldRecord> Holds::lift(std::string_view id, const Json& body, const std::string& actor) {
  PICKET_TRY_VOID(check_members(body, {"reason"}));
  PICKET_TRY(const std::string reason, reason_of(body));
  return holds_.with([&](std::vector<HoldRecord>& all) -> Result<HoldRecord> {
    const auto found = std::find_if(all.begin(), all.end(), [&](const HoldRecord& one) { return one.id == id; });
    if (found == all.end()) return fail(Errc::kNotFound, "there is no hold '" + std::string(id.substr(0, 64)) + "'");
    if (!found->in_force()) return fail(Errc::kInvalid, "this hold was lifted already");
    HoldRecord hold = *found;
    hold.lifted_by = actor;
    hold.lifted_for = reason;
    hold.lifted_ns = clock_.now().count();
    PICKET_TRY_VOID(put(all, hold));
    return hold;
  });
}

std::vector<std::pair<std::string, storage::Hold>> Holds::by_id() const {
  std::vector<std::pair<std::string, storage::Hold>> holds;
  for (const HoldRecord& hold : all()) {
    if (!hold.in_force()) continue;
    const auto covers = [this, sources = hold.sources, system = hold.system](std::string_view source) {
      if (!sources.empty()) return std::find(sources.begin(), sources.end(), source) != sources.end();
      if (system.empty()) return true;
      const auto own = systems_of_.find(source);
      return own == systems_of_.end() || own->second.empty() || own->second == system;
    };
    holds.emplace_back(hold.id, storage::Hold{covers, hold.from_ns, hold.to_ns});
  }
  return holds;
}

std::vector<storage::Hold> Holds::now() const {
  std::vector<storage::Hold> holds;
  for (auto& [id, hold] : by_id()) holds.push_back(std::move(hold));
  return holds;
}

}  // namespace picket::app
