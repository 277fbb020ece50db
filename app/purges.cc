#include "app/purges.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "app/order_body.h"
#include "base/time.h"

namespace picket::app {
namespace {

constexpr std::int64_t kMinuteNs = 60LL * 1'000'000'000;
constexpr std::size_t kTokenMax = 1024;
constexpr std::size_t kHoldsNamed = 20;  // each is a look of its own at the store

PurgeRecord* find(std::vector<PurgeRecord>& all, std::string_view id) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const PurgeRecord& one) { return one.id == id; });
  return found == all.end() ? nullptr : &*found;
}

Json totals_json(const PurgeRecord& purge, const char* name) { return to_json(purge)[name]; }

// The step that began it.
Json asked_step(const PurgeRecord& purge) {
  const Json whole = to_json(purge);
  Json step = {{"step", "asked"}};
  for (const char* name : {"sources", "from", "to", "reason", "actor", "expires", "found", "holds"}) {
    if (whole.contains(name)) step[name] = whole[name];
  }
  return step;
}

}  // namespace

Purges::Purges(storage::Store& store, const Holds& holds, std::vector<Approver> approvers, Clock& clock)
    : store_(store), holds_(holds), approvers_(std::move(approvers)), clock_(clock) {}

Result<std::unique_ptr<Purges>> Purges::open(storage::Store& store, const Holds& holds, std::vector<Approver> approvers,
                                             Clock& clock) {
  std::unique_ptr<Purges> purges(new Purges(store, holds, std::move(approvers), clock));
  PICKET_TRY(std::vector<PurgeRecord> there, read_purges(store));
  purges->state_.with([&](State& state) { state.all = std::move(there); });
  return purges;
}

std::vector<PurgeRecord> Purges::all() const {
  return state_.with([](const State& state) { return state.all; });
}

std::size_t Purges::waiting() const {
  return state_.with([](const State& state) {
    return static_cast<std::size_t>(std::count_if(
        state.all.begin(), state.all.end(), [](const PurgeRecord& one) { return one.state == PurgeState::kAsked; }));
  });
}

// What was asked for, to the letter: nothing that was stored later, though its own time be in the range.
storage::Removal Purges::removal_of(const PurgeRecord& purge) const {
  storage::Removal removal;
  removal.since = [purge](std::string_view source) { return purge.is_of(source) ? purge.asked_ns : INT64_MIN; };
  removal.holds = [this] { return holds_.now(); };
  removal.from_ns = purge.from_ns;
  removal.to_ns = purge.to_ns;
  return removal;
}

Result<PurgeRecord> Purges::scope_of(const Json& body) const {
  PICKET_TRY_VOID(check_members(body, {"sources", "from", "to", "reason"}));
  PurgeRecord purge;
  PICKET_TRY(purge.from_ns, time_of(body, "from", INT64_MIN));
  PICKET_TRY(purge.to_ns, time_of(body, "to", INT64_MAX));
  PICKET_TRY(purge.reason, reason_of(body));
  if (purge.from_ns >= purge.to_ns) return fail(Errc::kInvalid, "from must be before to");
  const std::vector<std::string> names = store_.source_names();
  const auto sources = body.find("sources");
  if (sources == body.end()) return purge;
  if (!sources->is_array() || sources->empty() || sources->size() > kHoldSourcesMax)
    return fail(Errc::kInvalid, "sources is a list of at most 1000 names");
  for (const Json& source : *sources) {
    const std::string name = source.is_string() ? source.get<std::string>() : std::string();
    if (std::find(names.begin(), names.end(), name) == names.end())
      return fail(Errc::kInvalid, "the store has no source '" + name.substr(0, 128) + "'");
    purge.sources.push_back(name);
  }
  return purge;
}

// What would go, what stays for holds, and for which.
Result<void> Purges::count(PurgeRecord& purge) const {
  storage::Removal removal = removal_of(purge);
  removal.count_only = true;
  PICKET_TRY(purge.found, store_.expire(removal));
  if (purge.found.held == 0) return {};
  std::vector<std::string> sources = store_.source_names();
  std::erase_if(sources, [&](const std::string& source) { return !purge.is_of(source); });
  std::size_t looks = 0;
  for (const auto& [id, hold] : holds_.by_id()) {
    if (std::none_of(sources.begin(), sources.end(), [&covers = hold.covers](const std::string& one) { return covers(one); })) continue;
    if (++looks > kHoldsNamed) break;
    removal.holds = [one = hold] { return std::vector<storage::Hold>{one}; };
    PICKET_TRY(const storage::ExpiryTotals alone, store_.expire(removal));
    if (alone.held > 0) purge.holds.push_back(id);
  }
  return {};
}

Result<void> Purges::put(PurgeRecord& purge, Json step) {
  step["purge"] = purge.id;
  if (!step.contains("@timestamp")) step["@timestamp"] = format_time(clock_.now().count());
  PICKET_TRY_VOID(store_.put_document(kPurgeSpace, purge_step_key(purge), step));
  return purge.take(step);
}

Result<PurgeRecord> Purges::ask(const Json& body, const std::string& actor) {
  if (approvers_.size() < kApprovalsNeeded)
    return fail(Errc::kInvalid, "a purge needs two approvers, and the configuration names fewer; `picket approver token` makes what it needs");
  PICKET_TRY(PurgeRecord purge, scope_of(body));
  purge.actor = actor;
  purge.asked_ns = clock_.now().count();
  purge.expires_ns = purge.asked_ns + kPurgeLifetimeNs;
  PICKET_TRY_VOID(count(purge));
  return state_.with([&](State& state) -> Result<PurgeRecord> {
    PICKET_TRY_VOID(expire(state));
    const auto asked = std::count_if(state.all.begin(), state.all.end(),
                                     [](const PurgeRecord& one) { return one.state == PurgeState::kAsked; });
    if (static_cast<std::size_t>(asked) >= kPurgesWaitingMax) return fail(Errc::kLimit, "at most 100 purges wait for approval");
    purge.id = std::to_string(state.all.size() + 1);
    Json step = asked_step(purge);
    step["@timestamp"] = format_time(purge.asked_ns);
    PICKET_TRY_VOID(put(purge, std::move(step)));
    state.all.push_back(purge);
    return purge;
  });
}

// An attempt that does not count is on record, and too many of them in a minute are not looked at.
tl::unexpected<Error> Purges::refuse(State& state, PurgeRecord& purge, const Json& step, const std::string& why) {
  ++state.failures;
  Json refused = {{"step", "refused"}, {"attempt", step["step"]}, {"actor", step["actor"]}, {"reason", why}};
  if (step.contains("approver")) refused["approver"] = step["approver"];
  const Result<void> kept = put(purge, std::move(refused));
  if (!kept) return tl::unexpected(kept.error());
  return fail(Errc::kInvalid, why);
}

Result<PurgeRecord> Purges::decide(std::string_view id, const Json& body, const std::string& actor, const char* name) {
  const std::string token = text_of(body, "token");
  if (token.empty() || token.size() > kTokenMax) return fail(Errc::kInvalid, "the token of an approver is missing");
  const bool approves = std::string_view(name) == "approved";
  std::string reason;
  if (!approves) {
    PICKET_TRY(reason, reason_of(body));
  }
  return state_.with([&](State& state) -> Result<PurgeRecord> {
    PICKET_TRY_VOID(expire(state));
    PurgeRecord* const purge = find(state.all, id);
    if (purge == nullptr) return fail(Errc::kNotFound, "there is no purge '" + std::string(id.substr(0, 64)) + "'");
    const std::int64_t now = clock_.now().count();
    if (now - state.window_ns >= kMinuteNs || now < state.window_ns) {
      state.window_ns = now;
      state.failures = 0;
    }
    if (state.failures >= kWrongTokensMax) return fail(Errc::kLimit, "too many attempts that did not count; wait a minute");
    Json step = {{"step", name}, {"actor", actor}};
    const Approver* const approver = approver_of(approvers_, token);
    if (approver == nullptr) return refuse(state, *purge, step, "this is the token of none of the approvers");
    step["approver"] = approver->name;
    if (purge->state != PurgeState::kAsked)
      return refuse(state, *purge, step, "this purge does not wait for approval: it is " + std::string(purge_state_name(purge->state)));
    if (approves && purge->is_approved_by(approver->name))
      return refuse(state, *purge, step, "'" + approver->name + "' has approved this purge already; another approver is needed");
    if (!approves) step["reason"] = reason;
    PICKET_TRY_VOID(put(*purge, std::move(step)));
    return *purge;
  });
}

Result<PurgeRecord> Purges::approve(std::string_view id, const Json& body, const std::string& actor) {
  PICKET_TRY_VOID(check_members(body, {"token"}));
  return decide(id, body, actor, "approved");
}

Result<PurgeRecord> Purges::reject(std::string_view id, const Json& body, const std::string& actor) {
  PICKET_TRY_VOID(check_members(body, {"token", "reason"}));
  return decide(id, body, actor, "rejected");
}

Result<void> Purges::expire(State& state) {
  const std::int64_t now = clock_.now().count();
  for (PurgeRecord& purge : state.all) {
    if (purge.state != PurgeState::kAsked || now < purge.expires_ns) continue;
    PICKET_TRY_VOID(put(purge, {{"step", "expired"}}));
  }
  return {};
}

Result<std::vector<PurgeRecord>> Purges::carry_out() {
  std::vector<PurgeRecord> approved;
  PICKET_TRY_VOID(state_.with([&](State& state) -> Result<void> {
    for (const PurgeRecord& purge : state.all) {
      if (purge.state == PurgeState::kApproved) approved.push_back(purge);
    }
    return expire(state);
  }));
  std::vector<PurgeRecord> done;
  for (PurgeRecord& purge : approved) {
    PICKET_TRY(purge.removed, store_.expire(removal_of(purge)));
    purge.state = PurgeState::kDone;
    purge.ended_ns = clock_.now().count();
    const Json removed = totals_json(purge, "removed");
    PICKET_TRY(PurgeRecord now, state_.with([&](State& state) -> Result<PurgeRecord> {
                 PurgeRecord* const there = find(state.all, purge.id);
                 PICKET_TRY_VOID(put(*there, {{"step", "done"}, {"removed", removed}}));
                 return *there;
               }));
    done.push_back(std::move(now));
  }
  return done;
}

}  // namespace picket::app
