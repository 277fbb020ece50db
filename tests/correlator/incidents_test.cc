#include "correlator/incidents.h"
#include "correlator/map_incidents.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "correlator/entities.h"
#include "correlator/incident_facts.h"

namespace picket::correlator {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;

struct Told {
  std::string rule;
  Level level = Level::kMedium;
  Layer layer = Layer::kServer;
  std::vector<Entity> entities;
  bool correlation = false;
  std::vector<std::string> tags = {};
};

class IncidentsTest : public testing::Test {
 protected:
  Alert alert(std::int64_t minute, Told told) {
    Alert made;
    made.kind = told.correlation ? AlertKind::kCorrelation : AlertKind::kDetection;
    made.time_ns = made.last_seen_ns = minute * kMinute;
    made.rule = {told.rule, told.rule, told.level, "h", "p"};
    made.layer = told.layer;
    made.layers = {told.layer};
    made.tags = std::move(told.tags);
    made.system = "portal";
    made.trigger.source = "s";
    made.trigger.seq = static_cast<std::uint64_t>(++seq_);
    merge_entities(made.entities, told.entities, 1000);
    made.id = make_alert_id(made);
    return made;
  }
  Alert tell(std::int64_t minute, Told told) {
    Alert made = alert(minute, std::move(told));
    port_.alerts.insert_or_assign(made.id, made);
    last_.clear();
    for (const std::string& id : grouper_->absorb(made, Nanos(1)))
      last_.push_back(port_.all.at(id));
    return made;
  }
  void restart() { grouper_.emplace(options_, state_, port_); }
  // Open incidents, each as its alerts' rules in order of time, oldest first.
  std::string open() const {
    std::vector<const Incident*> list;
    for (const auto& [id, incident] : port_.all) {
      if (incident.merged_into.empty() && incident.status == IncidentStatus::kNew)
        list.push_back(&incident);
    }
    std::sort(list.begin(), list.end(),
              [](const Incident* a, const Incident* b) { return a->number < b->number; });
    std::string text;
    for (const Incident* incident : list) {
      text += text.empty() ? "[" : " [";
      for (const TimelineEntry& entry : incident->timeline)
        text += (text.back() == '[' ? "" : " ") + entry.rule_id;
      text += ']';
    }
    return text;
  }
  const Incident& only() const {
    for (const auto& [id, incident] : port_.all) {
      if (incident.merged_into.empty()) return incident;
    }
    ADD_FAILURE() << "no incident";
    static const Incident kNone;
    return kNone;
  }

  IncidentOptions options_;
  MapState state_;
  MapIncidents port_;
  std::optional<IncidentGrouper> grouper_{std::in_place, options_, state_, port_};
  std::vector<Incident> last_;
  int seq_ = 0;
};

TEST_F(IncidentsTest, SharedEntityInsideTheWindow) {
  tell(0, {.rule = "a", .entities = {{"ip", "203.0.113.7"}, {"host", "web-01"}}});
  tell(60, {.rule = "b", .entities = {{"user", "ann"}, {"host", "web-01.corp.example"}}});
  tell(70, {.rule = "c", .entities = {{"user", "bob"}}});
  EXPECT_EQ(open(), "[a b] [c]");
  tell(60 + 241, {.rule = "d", .entities = {{"host", "web-01"}}});  // more than four hours later
  EXPECT_EQ(open(), "[a b] [c] [d]");
}

TEST_F(IncidentsTest, NothingSharedButNoise) {
  tell(0, {.rule = "a", .entities = {{"process", "cmd.exe"}, {"user", "root"}}});
  tell(1, {.rule = "b", .entities = {{"process", "cmd.exe"}, {"user", "root"}}});
  EXPECT_EQ(open(), "[a] [b]");
}

TEST_F(IncidentsTest, LowAlertsJoinOrWaitButDoNotOpen) {
  tell(0, {.rule = "deny",
           .level = Level::kLow,
           .layer = Layer::kNetwork,
           .entities = {{"ip", "203.0.113.7"}}});
  tell(1, {.rule = "stray", .level = Level::kLow, .entities = {{"ip", "198.51.100.9"}}});
  EXPECT_EQ(open(), "");
  restart();
  tell(5, {.rule = "scan", .entities = {{"ip", "203.0.113.7"}, {"host", "web-01"}}});
  tell(6, {.rule = "deny",
           .level = Level::kLow,
           .entities = {{"ip", "203.0.113.7"}, {"ip", "198.51.100.9"}}});
  EXPECT_EQ(open(), "[deny scan deny]");
  // A low alert brings no keys: what shares only its other address is not of this incident.
  tell(7, {.rule = "other", .entities = {{"ip", "198.51.100.9"}}});
  // What else the host tells of is in its incident.
  tell(8, {.rule = "sudo", .level = Level::kInformational, .entities = {{"host", "web-01"}}});
  EXPECT_EQ(open(), "[deny scan deny sudo] [stray other]");
  EXPECT_EQ(grouper_->counters().waiting, 0U);
}

// One rule may be wrong about an entity all day; three that are true of it are worth a look.
TEST_F(IncidentsTest, LowAlertsOfSeveralRulesOpenTogether) {
  const auto low = [&](int minute, const std::string& rule) {
    tell(minute, {.rule = rule, .level = Level::kLow, .entities = {{"host", "web-01"}}});
  };
  low(0, "a");
  for (int i = 8; i < 10; ++i) low(i, "b");
  EXPECT_EQ(open(), "");
  restart();
  low(241, "c");  // "a" is more than four hours ago
  EXPECT_EQ(open(), "");
  low(242, "d");
  EXPECT_EQ(open(), "[b b c d]");
  EXPECT_EQ(only().level, Level::kLow);
  tell(243, {.rule = "e", .entities = {{"host", "web-01"}}});
  EXPECT_EQ(open(), "[a b b c d e]");  // "a" is near the first of them
}

TEST_F(IncidentsTest, ALowCorrelationOpens) {
  tell(0, {.rule = "c",
           .level = Level::kLow,
           .entities = {{"ip", "203.0.113.7"}},
           .correlation = true});
  EXPECT_EQ(open(), "[c]");
}

TEST_F(IncidentsTest, MergesIntoTheOlder) {
  tell(10, {.rule = "a", .layer = Layer::kServer, .entities = {{"host", "web-01"}}});
  tell(5, {.rule = "b", .layer = Layer::kEndpoint, .entities = {{"user", "ann"}}});
  EXPECT_EQ(open(), "[a] [b]");
  tell(20, {.rule = "link",
            .layer = Layer::kNetwork,
            .entities = {{"host", "web-01"}, {"user", "ann"}}});
  EXPECT_EQ(open(), "[b a link]");
  ASSERT_EQ(last_.size(), 2U);
  EXPECT_EQ(last_[1].status, IncidentStatus::kClosed);
  EXPECT_EQ(last_[1].merged_into, last_[0].id);
  EXPECT_EQ(last_[0].alert_count, 3U);
  EXPECT_EQ(last_[0].layers.size(), 3U);
  EXPECT_EQ(last_[0].level, Level::kHigh);  // medium, one step up for three layers
  restart();
  tell(30, {.rule = "more", .entities = {{"host", "web-01"}}});  // an entity of the merged one
  EXPECT_EQ(open(), "[b a link more]");
}

TEST_F(IncidentsTest, SharedAddressOfManyStopsLinking) {
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    tell(i, {.rule = "r" + n,
             .entities = {{"ip", "192.0.2.254"}, {"user", "u" + n}, {"host", "ws" + n}}});
  }
  std::size_t largest = 0;
  for (const auto& [id, incident] : port_.all)
    largest = std::max(largest, incident.timeline.size());
  EXPECT_EQ(largest, options_.groups_per_value_max);
  EXPECT_EQ(port_.all.size(), 1 + 100 - options_.groups_per_value_max);
  EXPECT_GT(grouper_->counters().stopped_values, 0U);
  // The same people still find their incident, through what is their own.
  tell(100, {.rule = "again", .entities = {{"ip", "192.0.2.254"}, {"user", "u99"}}});
  EXPECT_NE(open().find("[r99 again]"), std::string::npos) << open();
}

TEST_F(IncidentsTest, GuessedNamesAreNoKeys) {
  std::vector<Entity> entities = {{"ip", "203.0.113.7"}};
  for (int i = 0; i < 20; ++i) entities.push_back({"user", "name" + std::to_string(i)});
  tell(0, {.rule = "guess", .entities = entities, .correlation = true});
  tell(1, {.rule = "noise", .entities = {{"user", "name3"}}});
  tell(2, {.rule = "login", .entities = {{"ip", "203.0.113.7"}, {"user", "name4"}}});
  EXPECT_EQ(open(), "[guess login] [noise]");
}

TEST_F(IncidentsTest, GrownAlertsAndRestartsCountOnce) {
  Alert grown = tell(0, {.rule = "a", .entities = {{"ip", "203.0.113.7"}}, .correlation = true});
  const std::string id = only().id;
  for (int i = 1; i < 5; ++i) {
    restart();
    grown.hit_count += 1;
    grown.last_seen_ns = i * 100 * kMinute;
    merge_entities(grown.entities, {{"host", "web-0" + std::to_string(i)}}, 1000);
    grouper_->absorb(grown, Nanos(2));
  }
  EXPECT_EQ(open(), "[a]");
  EXPECT_EQ(only().id, id);
  EXPECT_EQ(only().alert_count, 1U);
  EXPECT_EQ(only().last_ns, 400 * kMinute);
  EXPECT_EQ(only().entities.size(), 5U);
  EXPECT_EQ(only().created_ns, 1);
  tell(600, {.rule = "b", .entities = {{"host", "web-04"}}});
  EXPECT_EQ(open(), "[a b]");
}

TEST_F(IncidentsTest, ClosedIncidentsTakeNoNewAlerts) {
  tell(0, {.rule = "a", .entities = {{"host", "web-01"}}});
  Incident closed = only();
  closed.status = IncidentStatus::kResolved;
  port_.put(closed);
  tell(1, {.rule = "b", .entities = {{"host", "web-01"}}});
  EXPECT_EQ(open(), "[b]");
  tell(2, {.rule = "c", .entities = {{"host", "web-01"}}});
  EXPECT_EQ(open(), "[b c]");
}

TEST_F(IncidentsTest, CeilingOfAlerts) {
  options_.alerts_max = 10;
  restart();
  for (int i = 0; i < 30; ++i) tell(i, {.rule = "r", .entities = {{"host", "web-01"}}});
  EXPECT_EQ(port_.all.size(), 1U);
  EXPECT_EQ(only().timeline.size(), 10U);
  EXPECT_EQ(only().alert_count, 30U);
  EXPECT_EQ(grouper_->counters().over_ceiling, 20U);
}

TEST_F(IncidentsTest, WithdrawnAlertsLeave) {
  tell(0, {.rule = "a", .entities = {{"host", "web-01"}}});
  const Alert wrong = tell(1, {.rule = "b", .entities = {{"host", "web-01"}}});
  EXPECT_EQ(grouper_->withdraw(wrong.id).size(), 1U);
  EXPECT_EQ(open(), "[a]");
  EXPECT_EQ(only().alert_count, 1U);
  EXPECT_TRUE(grouper_->withdraw("nobody").empty());
}

TEST_F(IncidentsTest, StateIsForgotten) {
  for (int i = 0; i < 50; ++i) {
    tell(i, {.rule = "r",
             .level = i % 2 == 0 ? Level::kLow : Level::kHigh,
             .entities = {{"ip", "192.0.2." + std::to_string(i / 4)}}});
  }
  EXPECT_GT(state_.entries().size(), 50U);
  grouper_->tick(Nanos(100 * kMinute));
  EXPECT_GT(state_.entries().size(), 50U);
  grouper_->tick(Nanos(3000 * kMinute));
  // What they were in weighs for eight half-lives.
  for (const auto& [key, value] : state_.entries())
    EXPECT_TRUE(key.starts_with("i/h/") || key.starts_with("i/d/"));
  grouper_->tick(Nanos(9 * options_.half_life_ns));
  EXPECT_TRUE(state_.entries().empty()) << state_.entries().begin()->first;
}

TEST_F(IncidentsTest, RepeatedAlertsAreToldByTheirEntries) {
  tell(0, {.rule = "a", .entities = {{"host", "web-01"}, {"user", "ann"}}});
  tell(1, {.rule = "a", .entities = {{"host", "web-01"}, {"user", "ann"}}});
  tell(2, {.rule = "a", .entities = {{"host", "web-01"}, {"user", "bob"}}});
  const auto& timeline = only().timeline;
  ASSERT_EQ(timeline.size(), 3U);
  EXPECT_EQ(timeline[0].same, timeline[1].same);
  EXPECT_NE(timeline[0].same, timeline[2].same);
  const auto groups = repeated_alerts(only());
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].alerts, 2U);
  EXPECT_EQ(groups[0].hits, 2U);
  EXPECT_EQ(groups[0].first_ns, 0);
  EXPECT_EQ(groups[0].last_ns, kMinute);
  EXPECT_EQ(groups[0].newest, timeline[1].alert_id);
}

TEST_F(IncidentsTest, SystemsRaiseTheRisk) {
  options_.level_of_system = [](std::string_view name) { return name == "portal" ? 5 : 0; };
  restart();
  tell(0, {.rule = "a", .entities = {{"host", "web-01"}}});
  EXPECT_EQ(only().systems, std::vector<std::string>{"portal"});
  EXPECT_EQ(only().risk, 45U + 10);
  EXPECT_EQ(only().risk_parts.system, 10U);
}

TEST_F(IncidentsTest, IndicatorsRaiseTheRisk) {
  Alert made = alert(0, {.rule = "a", .entities = {{"host", "web-01"}}});
  made.matches.emplace_back();
  made.matches[0].indicator.emplace();
  made.matches[0].indicator->confidence = 80;
  grouper_->absorb(made, Nanos(1));
  EXPECT_EQ(only().confidence, 80);
  EXPECT_EQ(only().risk, 45U + 8);
}

TEST_F(IncidentsTest, HistoryOfAnEntityRaisesTheRiskAndDecays) {
  const auto risk_on = [&](std::int64_t day) {
    tell(day * 24 * 60, {.rule = "d" + std::to_string(day),
                         .level = Level::kCritical,
                         .layer = Layer::kEndpoint,
                         .entities = {{"user", "ann"}}});
    return last_.at(0).risk_parts.history;
  };
  EXPECT_EQ(risk_on(0), 0U);
  EXPECT_EQ(risk_on(1), 5U);  // 85 a day ago
  EXPECT_EQ(risk_on(2), 10U);
  restart();
  EXPECT_EQ(risk_on(30), 1U);  // four half-lives later
  EXPECT_EQ(port_.all.size(), 4U);
  // What was found to be nothing counts for nothing.
  tell(0, {.rule = "x", .level = Level::kCritical, .entities = {{"user", "bob"}}});
  Incident benign = last_.at(0);
  benign.disposition = Disposition::kFalsePositive;
  benign.status = IncidentStatus::kClosed;
  port_.put(benign);
  tell(60, {.rule = "y", .level = Level::kCritical, .entities = {{"user", "bob"}}});
  EXPECT_EQ(last_.at(0).risk_parts.history, 0U);
}

TEST_F(IncidentsTest, EntriesKnowTheirTacticsAndGrow) {
  Alert made = tell(0, {.rule = "a",
                        .entities = {{"host", "web-01"}},
                        .tags = {"attack.impact", "attack.t1110", "attack.execution"}});
  EXPECT_EQ(only().timeline[0].tactics, (std::vector<std::string>{"execution", "impact"}));
  made.hit_count = 7;
  made.last_seen_ns = 5 * kMinute;
  grouper_->absorb(made, Nanos(2));
  EXPECT_EQ(only().timeline[0].hits, 7U);
  EXPECT_EQ(only().timeline[0].last_ns, 5 * kMinute);
  const auto back = incident_from_json(to_json(only()));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(dump_json(to_json(*back)), dump_json(to_json(only())));
}

// The attack of the demo in small: four layers, one incident, noise apart.
TEST_F(IncidentsTest, OneIncidentAcrossFourLayers) {
  const Entity attacker{"ip", "203.0.113.66"};
  const Entity web{"host", "web-01"};
  tell(0, {.rule = "noise-1",
           .level = Level::kLow,
           .entities = {{"user", "carol"}, {"host", "ws-02"}}});
  tell(1, {.rule = "deny",
           .level = Level::kLow,
           .layer = Layer::kNetwork,
           .entities = {attacker, {"ip", "10.0.0.5"}}});
  tell(3, {.rule = "web-scan",
           .layer = Layer::kApplication,
           .entities = {attacker, web},
           .correlation = true,
           .tags = {"attack.reconnaissance"}});
  tell(5,
       {.rule = "denies", .layer = Layer::kNetwork, .entities = {attacker}, .correlation = true});
  tell(20, {.rule = "noise-2",
            .level = Level::kMedium,
            .entities = {{"user", "dave"}, {"host", "ws-03"}}});
  tell(30, {.rule = "ssh-guess",
            .level = Level::kHigh,
            .entities = {attacker, web, {"user", "deploy"}},
            .correlation = true,
            .tags = {"attack.credential-access"}});
  tell(33, {.rule = "new-account",
            .entities = {web, {"user", "svc-backup"}},
            .tags = {"attack.persistence"}});
  tell(50, {.rule = "powershell",
            .level = Level::kHigh,
            .layer = Layer::kEndpoint,
            .entities = {{"host", "ws-07"}, {"user", "svc-backup"}, {"ip", "10.0.0.77"}},
            .tags = {"attack.execution"}});
  tell(60, {.rule = "exfiltration",
            .level = Level::kHigh,
            .layer = Layer::kNetwork,
            .entities = {{"ip", "10.0.0.77"}, {"ip", "198.51.100.20"}},
            .tags = {"attack.exfiltration"}});
  EXPECT_EQ(open(),
            "[deny web-scan denies ssh-guess new-account powershell exfiltration] [noise-2]");
  const Incident& incident =
      only().timeline.size() > 1 ? only() : std::next(port_.all.begin())->second;
  EXPECT_EQ(incident.layers.size(), 4U);
  EXPECT_EQ(incident.level, Level::kCritical);
  EXPECT_EQ(incident.risk, 65U + 15 + 4);
  EXPECT_EQ(incident.tags, (std::vector<std::string>{
                               "attack.reconnaissance", "attack.execution", "attack.persistence",
                               "attack.credential-access", "attack.exfiltration"}));
}

}  // namespace
}  // namespace picket::correlator
