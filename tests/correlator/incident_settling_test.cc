// Whatever way alerts come - in any order, growing, withdrawn, across restarts, settled now and
// then - the incidents are in the end those of the same alerts taken in order.
#include "correlator/incident_settling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>

#include "correlator/entities.h"
#include "correlator/incident_history.h"
#include "correlator/incidents.h"
#include "correlator/map_incidents.h"

namespace picket::correlator {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;
using Random = std::mt19937_64;

std::int64_t pick(Random& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

// What is said of incidents apart from their way: those that are left, the oldest first.
std::string shown(const MapIncidents& port) {
  std::vector<const Incident*> left;
  for (const auto& [id, incident] : port.all) {
    if (incident.merged_into.empty() && incident.alert_count > 0) left.push_back(&incident);
  }
  std::sort(left.begin(), left.end(), [](const Incident* a, const Incident* b) {
    return a->first_ns != b->first_ns ? a->first_ns < b->first_ns : a->id < b->id;
  });
  std::string text;
  for (const Incident* incident : left) {
    Json json = to_json(*incident);
    for (const char* key : {"number", "created", "history", "history_dropped"}) json.erase(key);
    text += dump_json(json) + '\n';
  }
  return text;
}

struct World {
  int users = 12;
  int hosts = 12;
  int addresses = 12;
  int hours = 20;
  bool shared = false;  // one address in many alerts
};

std::vector<Alert> make_alerts(Random& random, std::size_t count, const World& world) {
  std::vector<Alert> alerts;
  for (std::size_t i = 0; i < count; ++i) {
    Alert made;
    made.time_ns = pick(random, 0, world.hours * 60) * kMinute;
    const std::string rule = "rule-" + std::to_string(pick(random, 0, 6));
    made.rule = {rule, rule, static_cast<Level>(pick(random, 0, 4)), "h", "p"};
    made.kind = pick(random, 0, 3) == 0 ? AlertKind::kCorrelation : AlertKind::kDetection;
    made.layer = static_cast<Layer>(pick(random, 1, 4));
    made.layers = {made.layer};
    made.system = pick(random, 0, 3) == 0 ? "" : pick(random, 0, 1) == 0 ? "mail" : "portal";
    made.trigger.source = "s";
    made.trigger.seq = i;
    std::vector<Entity> entities;
    const auto name = [&](const char* type, int of) {
      if (pick(random, 0, 2) != 0) entities.push_back({type, std::to_string(pick(random, 1, of))});
    };
    name("user", world.users);
    name("host", world.hosts);
    name("ip", world.addresses);
    if (world.shared && pick(random, 0, 1) == 0) entities.push_back({"ip", "gateway"});
    merge_entities(made.entities, entities, 1000);
    made.hit_count = 1;
    made.last_seen_ns = made.time_ns;
    if (made.kind == AlertKind::kCorrelation && pick(random, 0, 1) == 0) {
      made.hit_count = 5;
      made.last_seen_ns += pick(random, 0, 200) * kMinute;
      for (std::int64_t more = pick(random, 0, 12); more > 0; --more)
        merge_entities(made.entities, {{"user", std::to_string(pick(random, 1, world.users))}},
                       1000);
    }
    made.id = make_alert_id(made);
    alerts.push_back(std::move(made));
  }
  return alerts;
}

// As it was before all that it has now had come.
Alert young(Random& random, Alert alert) {
  alert.hit_count = 1;
  alert.last_seen_ns = alert.time_ns + (alert.last_seen_ns - alert.time_ns) / 2;
  while (alert.entities.size() > 1 && pick(random, 0, 1) == 0)
    alert.entities.erase(alert.entities.begin() +
                         pick(random, 0, static_cast<std::int64_t>(alert.entities.size()) - 1));
  // And now and then something that turns out to be wrong.
  if (pick(random, 0, 5) == 0) merge_entities(alert.entities, {{"user", "99"}}, 1000);
  return alert;
}

std::string in_order(std::vector<Alert> alerts, const IncidentOptions& options) {
  std::sort(alerts.begin(), alerts.end(), [](const Alert& a, const Alert& b) {
    return a.time_ns != b.time_ns ? a.time_ns < b.time_ns : a.id < b.id;
  });
  MapState state;
  MapIncidents port;
  IncidentGrouper grouper(options, state, port);
  for (const Alert& alert : alerts) {
    port.alerts.insert_or_assign(alert.id, alert);
    grouper.absorb(alert, Nanos(1));
  }
  return shown(port);
}

class Live {
 public:
  explicit Live(IncidentOptions options) : options_(std::move(options)) { restart(); }
  void restart() { grouper_.emplace(options_, state_, port_); }
  void absorb(const Alert& alert) {
    port_.alerts.insert_or_assign(alert.id, alert);
    grouper_->absorb(alert, Nanos(++now_));
  }
  void withdraw(const std::string& id) {
    grouper_->withdraw(id);
    port_.alerts.erase(id);
  }
  void settle(std::size_t alerts) {
    grouper_->next_turn();
    go_on(alerts);
  }
  void go_on(std::size_t alerts) { grouper_->settle(alerts, Nanos(++now_)); }
  std::string shown() const { return correlator::shown(port_); }
  IncidentSettling::Counters settled() const { return grouper_->settled(); }
  MapIncidents& port() { return port_; }
  IncidentGrouper& grouper() { return *grouper_; }

 private:
  IncidentOptions options_;
  MapState state_;
  MapIncidents port_;
  std::optional<IncidentGrouper> grouper_;
  std::int64_t now_ = 0;
};

// More of them by hand: PICKET_SEEDS=1000 incident_settling_test.
std::uint64_t seeds() {
  const char* text = std::getenv("PICKET_SEEDS");
  return text == nullptr ? 40 : std::strtoull(text, nullptr, 10);
}

class Settling : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Settling, IsAsIfAllHadComeInOrder) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  Random random(GetParam());
  IncidentOptions options;
  options.groups_per_value_max = 6;
  options.keys_per_type_max = 4;
  World world;
  world.users = world.hosts = world.addresses = static_cast<int>(pick(random, 3, 60));
  world.hours = static_cast<int>(pick(random, 1, 24));
  world.shared = pick(random, 0, 2) == 0;
  const auto count = static_cast<std::size_t>(pick(random, 1, 150));
  const std::vector<Alert> alerts = make_alerts(random, count, world);
  const std::vector<Alert> wrong = make_alerts(random, count / 5, world);
  const std::string expected = in_order(alerts, options);

  std::vector<std::pair<std::int64_t, Alert>> arrivals;
  const std::int64_t delay = pick(random, 0, 3) == 0 ? 0 : pick(random, 0, 1) * 1440 + 5;
  const auto arrival = [&](const Alert& alert) {
    return alert.time_ns + pick(random, 0, delay) * kMinute;
  };
  for (const Alert& alert : alerts) {
    if (alert.hit_count > 1) arrivals.emplace_back(arrival(alert), young(random, alert));
    arrivals.emplace_back(std::max(arrival(alert), alert.last_seen_ns), alert);
  }
  std::map<std::string, Alert> last;
  for (const Alert& alert : alerts) last.emplace(alert.id, alert);
  std::vector<std::string> withdrawn;
  for (Alert alert : wrong) {
    alert.id = "wrong-" + alert.id;
    arrivals.emplace_back(arrival(alert), alert);
  }
  std::stable_sort(arrivals.begin(), arrivals.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  Live live(options);
  for (const auto& [at, alert] : arrivals) {
    live.absorb(alert);
    if (alert.id.starts_with("wrong-")) withdrawn.push_back(alert.id);
    if (!withdrawn.empty() && pick(random, 0, 2) == 0) {
      live.withdraw(withdrawn.back());
      withdrawn.pop_back();
    }
    if (pick(random, 0, 9) == 0) live.settle(static_cast<std::size_t>(pick(random, 1, 60)));
    if (pick(random, 0, 4) == 0) live.go_on(static_cast<std::size_t>(pick(random, 1, 20)));
    if (pick(random, 0, 19) == 0) live.restart();
  }
  for (const std::string& id : withdrawn) live.withdraw(id);
  for (const auto& [id, alert] : last) {  // a younger one may have overtaken it
    if (!(to_json(live.port().alerts.at(id)) == to_json(alert))) live.absorb(alert);
  }
  live.settle(SIZE_MAX);
  EXPECT_EQ(live.shown(), expected);
  EXPECT_EQ(live.settled().unsettled, 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Settling, testing::Range<std::uint64_t>(1, 1 + seeds()));

Alert simple(std::int64_t minute, const std::string& rule, std::vector<Entity> entities) {
  Alert made;
  made.time_ns = made.last_seen_ns = minute * kMinute;
  made.rule = {rule, rule, Level::kHigh, "h", "p"};
  made.layers = {made.layer = Layer::kServer};
  made.entities = std::move(entities);
  made.trigger.source = rule;
  made.id = make_alert_id(made);
  return made;
}

TEST(SettlingOf, AnIncidentKeepsItsNumberUnderAnotherId) {
  Live live({});
  live.absorb(simple(10, "a", {{"host", "web-01"}}));
  const std::string id = live.port().all.begin()->first;
  live.absorb(simple(5, "b", {{"host", "web-01"}}));
  live.settle(SIZE_MAX);
  ASSERT_EQ(live.port().all.size(), 1U);
  EXPECT_EQ(live.port().all.begin()->second.number, 1U);
  EXPECT_NE(live.port().all.begin()->first, id);
  const Incident& incident = live.port().all.begin()->second;
  ASSERT_EQ(incident.history.size(), 1U);
  EXPECT_EQ(incident.history[0].verb, "rename");
  EXPECT_EQ(incident.history[0].before.at("id"), id);
  EXPECT_EQ(last_change(incident), nullptr);  // nothing that a person would take back
  ASSERT_NE(live.port().look(id), nullptr);
  EXPECT_EQ(live.port().look(id)->alert_count, 2U);
}

TEST(SettlingOf, WhatAPersonHasChangedStays) {
  Live live({});
  live.absorb(simple(10, "a", {{"host", "web-01"}}));
  IncidentOrder order;
  order.incident = live.port().all.begin()->first;
  order.actor = "ann";
  order.verb = "assign";
  order.assignee = "ann";
  ASSERT_TRUE(live.grouper().change(order, Nanos(5)));
  live.absorb(simple(5, "b", {{"host", "web-01"}}));
  live.settle(SIZE_MAX);
  ASSERT_EQ(live.port().all.size(), 1U);
  EXPECT_EQ(live.port().all.begin()->first, order.incident);
  EXPECT_EQ(live.port().all.begin()->second.assignee, "ann");
  EXPECT_EQ(live.port().all.begin()->second.alert_count, 2U);
  EXPECT_EQ(live.settled().unsettled, 1U);
}

// What comes in order, and what lies inside its incident, is not looked at again.
TEST(SettlingOf, WhatMakesNoDifferenceCostsNothing) {
  Live live({});
  for (int i = 0; i < 50; ++i) {
    const int minute = i % 2 == 0 || i < 3 ? i : i - 2;
    live.absorb(simple(minute, "r" + std::to_string(i), {{"host", "web-01"}, {"user", "ann"}}));
  }
  live.settle(SIZE_MAX);
  EXPECT_EQ(live.settled().settled, 0U);
  EXPECT_EQ(live.port().all.size(), 1U);
}

// One that gets late alerts all the time is grouped anew once a turn.
TEST(SettlingOf, WhatIsMarkedMeanwhileWaitsForTheNextTurn) {
  Live live({});
  live.absorb(simple(100, "a", {{"host", "web-01"}}));
  for (int i = 0; i < 20; ++i) {
    live.absorb(simple(90 - i, "late" + std::to_string(i), {{"host", "web-01"}}));
    if (i == 5) live.settle(SIZE_MAX);
    live.go_on(SIZE_MAX);
  }
  EXPECT_EQ(live.settled().settled, 1U);
  live.settle(SIZE_MAX);
  EXPECT_EQ(live.settled().settled, 2U);
  ASSERT_EQ(live.port().all.size(), 1U);
  EXPECT_EQ(live.port().all.begin()->second.alert_count, 21U);
  EXPECT_EQ(live.port().all.begin()->second.first_ns, 71 * kMinute);
}

TEST(SettlingOf, WhatIsTooLargeStaysAsItCame) {
  Live live({});
  for (int i = 0; i < 1100; ++i)
    live.absorb(simple(100, "r" + std::to_string(i), {{"host", "web-01"}}));
  live.absorb(simple(5, "late", {{"host", "web-01"}}));
  live.settle(SIZE_MAX);
  EXPECT_EQ(live.settled().settled, 0U);
  EXPECT_GT(live.settled().unsettled, 0U);
  EXPECT_EQ(live.port().all.size(), 1U);
}

}  // namespace
}  // namespace picket::correlator
