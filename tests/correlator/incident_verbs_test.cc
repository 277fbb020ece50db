// Verbs on incidents: what each does, and random orders with undo against an obvious model.
#include "correlator/incident_verbs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "correlator/entities.h"
#include "correlator/incident_history.h"
#include "correlator/incidents.h"
#include "correlator/store_ports.h"

namespace picket::correlator {
namespace {

using Kind = IncidentOrder::Kind;
using Outcome = OrderResult::Outcome;
constexpr std::int64_t kMinute = 60'000'000'000;

// The grouper over a real store: every step is a commit, and restart() opens it again.
class World {
 public:
  World() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            ("picket-verbs-" + std::string(test->name()) + std::to_string(getpid()));
    std::filesystem::remove_all(path_);
    restart();
  }
  ~World() {
    close();
    std::filesystem::remove_all(path_);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void restart() {
    close();
    storage::StoreOptions options;
    options.path = path_.string();
    options.sync = false;
    auto store = storage::Store::open(options);
    PICKET_CHECK(store.has_value());
    store_ = *std::move(store);
    state_.emplace(*store_, commit_);
    port_.emplace(*store_, commit_);
    grouper_.emplace(IncidentOptions{}, *state_, *port_);
  }

  Alert tell(std::int64_t minute, const std::string& rule, std::vector<Entity> entities,
             Level level = Level::kMedium) {
    Alert made;
    made.time_ns = made.last_seen_ns = minute * kMinute;
    made.rule = {rule, rule, level, "h", "p"};
    made.layer = Layer::kServer;
    made.layers = {Layer::kServer};
    made.trigger.source = "s";
    made.trigger.seq = ++seq_;
    merge_entities(made.entities, entities, 1000);
    made.id = make_alert_id(made);
    tell(made);
    return made;
  }
  void tell(const Alert& alert) {
    commit_.put(alert);
    grouper_->absorb(alert, Nanos(++now_));
    commit();
  }
  Result<OrderResult> order(IncidentOrder order) {
    if (order.actor.empty()) order.actor = "ann";
    auto result = grouper_->change(order, Nanos(++now_));
    commit();
    return result;
  }
  Result<OrderResult> edit(const std::string& id, const std::string& verb, IncidentStatus status) {
    IncidentOrder order;
    order.verb = verb;
    order.incident = id;
    order.status = status;
    return this->order(order);
  }
  Result<OrderResult> undo(const std::string& id) {
    IncidentOrder order;
    order.kind = Kind::kUndo;
    order.incident = id;
    return this->order(order);
  }
  Incident incident(const std::string& id) { return *port_->find(id); }
  std::string of(const Alert& alert) {  // id of the incident that lists it; "" if none does
    std::string home;
    for (const Incident& incident : all()) {
      if (!incident.merged_into.empty()) continue;
      for (const TimelineEntry& entry : incident.timeline) {
        if (entry.alert_id != alert.id) continue;
        EXPECT_TRUE(home.empty()) << "an alert in two incidents";
        home = incident.id;
      }
    }
    return home;
  }
  std::vector<Incident> all() {
    std::string cursor;
    return *store_->incidents(10'000, cursor);
  }

 private:
  void close() {
    grouper_.reset();
    port_.reset();
    state_.reset();
    store_.reset();
  }
  void commit() {
    PICKET_CHECK(!state_->error() && !port_->error());
    PICKET_CHECK(store_->commit(commit_).has_value());
    port_->committed();
    commit_.clear();
  }

  std::filesystem::path path_;
  std::unique_ptr<storage::Store> store_;
  storage::Commit commit_;
  std::optional<StoreState> state_;
  std::optional<StoreIncidents> port_;
  std::optional<IncidentGrouper> grouper_;
  std::int64_t now_ = 0;
  std::uint64_t seq_ = 0;
};

Entity user(const std::string& name) {
  return {"user", name};
}
Entity host(const std::string& name) {
  return {"host", name};
}

TEST(IncidentVerbs, SettingsWithHistoryAndUndo) {
  World world;
  const std::string id = world.of(world.tell(0, "a", {user("ann")}));
  ASSERT_TRUE(world.edit(id, "acknowledge", IncidentStatus::kAcknowledged));
  IncidentOrder assign;
  assign.verb = "assign";
  assign.incident = id;
  assign.assignee = "bình";
  assign.comment = "please look";
  ASSERT_TRUE(world.order(assign));
  IncidentOrder close;
  close.verb = "close";
  close.incident = id;
  close.status = IncidentStatus::kClosed;
  close.disposition = Disposition::kBenign;
  ASSERT_TRUE(world.order(close));
  world.restart();
  Incident now = world.incident(id);
  EXPECT_EQ(now.status, IncidentStatus::kClosed);
  EXPECT_EQ(now.assignee, "bình");
  EXPECT_EQ(now.disposition, Disposition::kBenign);
  EXPECT_NE(now.resolved_ns, 0);
  ASSERT_EQ(now.history.size(), 3U);
  EXPECT_EQ(now.history[1].actor, "ann");
  EXPECT_EQ(now.history[1].comment, "please look");
  EXPECT_EQ(now.history[1].before, Json({{"assignee", ""}}));
  EXPECT_EQ(now.history[1].after, Json({{"assignee", "bình"}}));
  // A closed one must be reopened first.
  const auto refused = world.edit(id, "acknowledge", IncidentStatus::kAcknowledged);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kInvalid);
  ASSERT_TRUE(world.undo(id));
  now = world.incident(id);
  EXPECT_EQ(now.status, IncidentStatus::kAcknowledged);
  EXPECT_EQ(now.disposition, Disposition::kNone);
  EXPECT_EQ(now.resolved_ns, 0);
  EXPECT_EQ(now.assignee, "bình");
  EXPECT_EQ(now.history[2].undone_by, 4U);
  ASSERT_TRUE(world.undo(id));
  ASSERT_TRUE(world.undo(id));
  now = world.incident(id);
  EXPECT_EQ(now.status, IncidentStatus::kNew);
  EXPECT_EQ(now.acknowledged_ns, 0);
  EXPECT_EQ(now.assignee, "");
  EXPECT_FALSE(world.undo(id));
  EXPECT_EQ(now.history.size(), 6U);
}

TEST(IncidentVerbs, OnceOnlyAndOnlyOnWhatWasSeen) {
  World world;
  const std::string id = world.of(world.tell(0, "a", {user("ann")}));
  IncidentOrder comment;
  comment.verb = "comment";
  comment.incident = id;
  comment.comment = "seen";
  comment.key = "k1";
  comment.version = incident_version(world.incident(id));
  EXPECT_EQ(world.order(comment)->outcome, Outcome::kChanged);
  world.restart();
  EXPECT_EQ(world.order(comment)->outcome, Outcome::kUnchanged);  // the key is known, durably
  comment.key = "k2";
  EXPECT_EQ(world.order(comment)->outcome, Outcome::kStale);
  EXPECT_EQ(world.incident(id).history.size(), 1U);
  // Changes nothing: leaves nothing.
  EXPECT_EQ(world.edit(id, "reopen", IncidentStatus::kNew)->outcome, Outcome::kUnchanged);
  comment.version.clear();
  comment.comment = std::string(5000, 'x');
  EXPECT_EQ(world.order(comment).error().code, Errc::kLimit);
  comment.incident = "nobody";
  comment.comment = "x";
  EXPECT_EQ(world.order(comment).error().code, Errc::kNotFound);
}

TEST(IncidentVerbs, MergedGoesOnGathering) {
  World world;
  const std::string a = world.of(world.tell(0, "a", {user("ann")}));
  const Alert of_b = world.tell(1, "b", {user("bob")});
  const std::string b = world.of(of_b);
  IncidentOrder order;
  order.kind = Kind::kMerge;
  order.incident = a;
  order.other = b;
  ASSERT_TRUE(world.order(order));
  EXPECT_EQ(world.order(order)->outcome, Outcome::kUnchanged);
  world.restart();
  EXPECT_EQ(world.of(world.tell(2, "c", {user("bob")})), a);
  EXPECT_EQ(world.of(world.tell(3, "d", {user("ann")})), a);
  EXPECT_EQ(world.incident(a).alert_count, 4U);
  EXPECT_FALSE(world.edit(b, "acknowledge", IncidentStatus::kAcknowledged));
  // Undo from either side gives back what came with it; what came later stays.
  ASSERT_TRUE(world.undo(b));
  EXPECT_EQ(world.incident(a).alert_count, 3U);
  EXPECT_EQ(world.incident(b).alert_count, 1U);
  EXPECT_EQ(world.incident(b).status, IncidentStatus::kNew);
  EXPECT_EQ(world.of(of_b), b);
  // An alert with both does not bring them together again.
  world.tell(4, "e", {user("ann"), user("bob")});
  EXPECT_TRUE(world.incident(a).merged_into.empty());
  EXPECT_TRUE(world.incident(b).merged_into.empty());
}

TEST(IncidentVerbs, AlertsMergeAndAPersonTakesItBack) {
  World world;
  const std::string a = world.of(world.tell(0, "a", {user("ann"), host("ws-1")}));
  const std::string b = world.of(world.tell(1, "b", {user("bob"), host("ws-2")}));
  const Alert link = world.tell(2, "link", {user("ann"), host("ws-2")});
  EXPECT_EQ(world.incident(b).merged_into, a);
  EXPECT_EQ(world.incident(a).history.back().actor, "picket");
  ASSERT_TRUE(world.undo(a));
  EXPECT_EQ(world.incident(b).merged_into, "");
  EXPECT_EQ(world.of(link), a);
  EXPECT_EQ(world.of(world.tell(3, "c", {user("bob")})), b);
  EXPECT_EQ(world.of(world.tell(4, "d", {user("ann")})), a);
}

TEST(IncidentVerbs, SplitTakesItsEntitiesAlong) {
  World world;
  const Alert one = world.tell(0, "a", {user("ann"), host("ws-1")});
  const Alert two = world.tell(1, "b", {user("bob"), host("ws-1")});
  const std::string a = world.of(one);
  ASSERT_EQ(world.of(two), a);
  IncidentOrder order;
  order.kind = Kind::kSplit;
  order.incident = a;
  order.alerts = {two.id};
  const auto split = world.order(order);
  ASSERT_TRUE(split) << split.error().what;
  ASSERT_EQ(split->incidents.size(), 2U);
  const std::string b = split->incidents[1].id;
  EXPECT_NE(b, a);
  EXPECT_EQ(world.of(two), b);
  EXPECT_EQ(world.incident(a).entities, (std::vector<Entity>{host("ws-1"), user("ann")}));
  world.restart();
  EXPECT_EQ(world.of(world.tell(2, "c", {user("bob")})), b);
  EXPECT_EQ(world.of(world.tell(3, "d", {user("ann")})), a);
  EXPECT_EQ(world.of(world.tell(4, "e", {host("ws-1")})), a);  // of both: it stays
  world.tell(5, "f", {user("ann"), user("bob"), host("ws-1")});
  EXPECT_TRUE(world.incident(b).merged_into.empty());
  EXPECT_EQ(world.of(world.tell(6, "h", {user("bob")})),
            b);  // an alert of both has not taken it away
  ASSERT_TRUE(world.undo(a));
  EXPECT_EQ(world.incident(b).merged_into, a);
  EXPECT_EQ(world.of(two), a);
  EXPECT_EQ(world.incident(a).alert_count, 7U);
  EXPECT_EQ(world.of(world.tell(6, "g", {user("bob")})), a);
  order.alerts = {"nobody"};
  EXPECT_EQ(world.order(order).error().code, Errc::kNotFound);
  order.alerts = {};
  EXPECT_EQ(world.order(order).error().code, Errc::kInvalid);
}

TEST(IncidentVerbs, DetachedDoesNotComeBackByItself) {
  World world;
  const Alert one = world.tell(0, "a", {user("ann"), host("ws-1")});
  Alert two = world.tell(1, "b", {user("bob"), host("ws-1")});
  const std::string a = world.of(one);
  IncidentOrder order;
  order.kind = Kind::kDetach;
  order.incident = a;
  order.alerts = {two.id};
  ASSERT_TRUE(world.order(order));
  EXPECT_EQ(world.of(two), "");
  EXPECT_EQ(world.incident(a).alert_count, 1U);
  two.hit_count = 9;
  world.restart();
  world.tell(two);  // it grows
  EXPECT_EQ(world.of(two), "");
  const std::string other = world.of(world.tell(2, "c", {user("bob")}));
  EXPECT_NE(other, a);
  EXPECT_EQ(world.of(world.tell(3, "d", {user("ann")})), a);
  ASSERT_TRUE(world.undo(a));
  EXPECT_EQ(world.of(two), a);
  EXPECT_EQ(world.incident(a).alert_count, 3U);
  for (const TimelineEntry& entry : world.incident(a).timeline) {
    if (entry.alert_id == two.id) {
      EXPECT_EQ(entry.hits, 9U);
    }
  }
  // The last alert cannot leave.
  order.incident = other;
  order.alerts = {world.incident(other).timeline[0].alert_id};
  EXPECT_EQ(world.order(order).error().code, Errc::kInvalid);
}

// The obvious model: what every incident is, and for each a list of what to put back.
class Model {
 public:
  struct One {
    std::string status = "new";
    std::string assignee;
    std::string disposition;
    std::string merged_into;
    std::set<std::string> alerts;
    friend bool operator==(const One&, const One&) = default;
  };
  struct Step {
    std::uint64_t id;
    std::string verb;
    std::string other;            // of merge and split
    One before;                   // settings, of an edit; the whole, of what was merged
    std::set<std::string> moved;  // of merge, split, detach
  };

  std::map<std::string, One> all;
  std::map<std::string, std::vector<Step>> steps;

  void edit(const std::string& id, const std::function<void(One&)>& change) {
    const One before = all[id];
    change(all[id]);
    if (!(all[id] == before)) steps[id].push_back({++next_, "edit", "", before, {}});
  }
  bool merge(const std::string& into, const std::string& from) {
    if (into == from || !all[into].merged_into.empty() || !all[from].merged_into.empty())
      return false;
    if (over(all[into])) return false;
    const One before = all[from];
    steps[into].push_back({++next_, "merge", from, before, before.alerts});
    steps[from].push_back({next_, "merge", into, before, before.alerts});
    take_in(into, from);
    return true;
  }
  void split(const std::string& of, const std::string& to, const std::set<std::string>& moved) {
    all[to] = all[of];
    all[to].disposition.clear();
    all[to].alerts = moved;
    for (const std::string& alert : moved) all[of].alerts.erase(alert);
    steps[of].push_back({++next_, "split", to, {}, moved});
    steps[to].push_back({next_, "split", of, {}, moved});
    made_.insert(to);
  }
  void detach(const std::string& id, const std::string& alert) {
    all[id].alerts.erase(alert);
    steps[id].push_back({++next_, "detach", "", {}, {alert}});
  }
  bool undo(const std::string& id) {
    if (steps[id].empty()) return false;
    const Step step = steps[id].back();
    if (!step.other.empty() &&
        (steps[step.other].empty() || steps[step.other].back().id != step.id))
      return false;
    steps[id].pop_back();
    if (!step.other.empty()) steps[step.other].pop_back();
    if (step.verb == "edit") {
      all[id].status = step.before.status;
      all[id].assignee = step.before.assignee;
      all[id].disposition = step.before.disposition;
    } else if (step.verb == "detach") {
      all[id].alerts.insert(step.moved.begin(), step.moved.end());
    } else if (step.verb == "merge") {
      const bool is_from = all[id].merged_into == step.other;
      const std::string from = is_from ? id : step.other;
      const std::string into = is_from ? step.other : id;
      for (const std::string& alert : step.moved) all[into].alerts.erase(alert);
      all[from] = step.before;
    } else {
      const bool made = made_.contains(id) && split_of_[id] == step.other;
      take_in(made ? step.other : id, made ? id : step.other);
    }
    return true;
  }
  void note_split(const std::string& of, const std::string& to) { split_of_[to] = of; }
  static bool over(const One& one) { return one.status == "closed" || one.status == "resolved"; }

 private:
  void take_in(const std::string& into, const std::string& from) {
    all[into].alerts.insert(all[from].alerts.begin(), all[from].alerts.end());
    all[from].status = "closed";
    all[from].merged_into = into;
  }
  std::uint64_t next_ = 0;
  std::set<std::string> made_;
  std::map<std::string, std::string> split_of_;
};

Model::One seen(const Incident& incident) {
  Model::One one;
  one.status = incident_status_name(incident.status);
  one.assignee = incident.assignee;
  one.disposition = disposition_name(incident.disposition);
  one.merged_into = incident.merged_into;
  for (const TimelineEntry& entry : incident.timeline) one.alerts.insert(entry.alert_id);
  EXPECT_EQ(incident.alert_count, one.alerts.size());
  return one;
}

void check_random_orders(World& world, unsigned seed, int orders) {
  std::mt19937 random(seed);
  const auto pick = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  Model model;
  std::vector<std::string> ids;
  for (int i = 0; i < 12; ++i) {
    const Alert alert = world.tell(i, "r" + std::to_string(i), {user("u" + std::to_string(i / 3))});
    const std::string id = world.of(alert);
    model.all[id].alerts.insert(alert.id);
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  for (int i = 0; i < orders; ++i) {
    const std::string id = ids[pick(ids.size())];
    Model::One& one = model.all[id];
    IncidentOrder order;
    order.incident = id;
    order.verb = "update";
    bool fine = one.merged_into.empty();
    switch (pick(8)) {
      case 0: {
        const auto status = static_cast<IncidentStatus>(pick(5));
        order.status = status;
        if (fine) model.edit(id, [&](Model::One& m) { m.status = incident_status_name(status); });
        break;
      }
      case 1: {
        order.assignee = pick(3) == 0 ? "" : "a" + std::to_string(pick(3));
        if (fine) model.edit(id, [&](Model::One& m) { m.assignee = *order.assignee; });
        break;
      }
      case 2: {
        const auto disposition = static_cast<Disposition>(pick(6));
        order.disposition = disposition;
        if (fine)
          model.edit(id, [&](Model::One& m) { m.disposition = disposition_name(disposition); });
        break;
      }
      case 3: {
        order.kind = Kind::kMerge;
        order.other = ids[pick(ids.size())];
        if (model.all[order.other].merged_into == id && fine && order.other != id)
          break;  // done already
        fine = model.merge(id, order.other);
        break;
      }
      case 4: {
        order.kind = Kind::kSplit;
        for (const std::string& alert : one.alerts) {
          if (pick(2) == 0) order.alerts.push_back(alert);
        }
        fine = fine && !order.alerts.empty() && order.alerts.size() < one.alerts.size() &&
               ids.size() < 20;
        if (ids.size() >= 20) continue;
        break;
      }
      case 5: {
        order.kind = Kind::kDetach;
        if (one.alerts.empty()) continue;
        order.alerts = {
            *std::next(one.alerts.begin(), static_cast<std::ptrdiff_t>(pick(one.alerts.size())))};
        fine = fine && one.alerts.size() > 1;
        if (fine) model.detach(id, order.alerts[0]);
        break;
      }
      default:
        order.kind = Kind::kUndo;
        fine = model.undo(id);
    }
    const auto result = world.order(order);
    ASSERT_EQ(result.has_value(), fine)
        << "seed " << seed << " order " << i << " kind " << static_cast<int>(order.kind) << ": "
        << (result ? "done" : result.error().what);
    if (order.kind == Kind::kSplit && fine) {
      const std::string to = result->incidents.at(1).id;
      model.split(id, to, {order.alerts.begin(), order.alerts.end()});
      model.note_split(id, to);
      ids.push_back(to);
    }
    if (pick(10) == 0) world.restart();
    for (const Incident& incident : world.all()) {
      ASSERT_TRUE(seen(incident) == model.all[incident.id])
          << "seed " << seed << " order " << i << " incident " << incident.number << " is "
          << dump_json(to_json(incident));
    }
  }
}

TEST(IncidentVerbs, RandomOrdersAndUndoGiveTheModelsState) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    World world;
    check_random_orders(world, seed, 120);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace picket::correlator
