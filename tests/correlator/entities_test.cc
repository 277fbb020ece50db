#include "correlator/entities.h"

#include <gtest/gtest.h>

#include "correlator/risk.h"
#include "event/ecs.h"

namespace picket::correlator {
namespace {

TEST(Entities, Spelling) {
  const auto is = [](std::optional<std::string> (*read)(std::string_view), std::string_view text,
                     std::string_view expected) {
    EXPECT_EQ(read(text).value_or(""), expected) << text;
  };
  is(user_entity, "CORP\\Ann", "ann");
  is(user_entity, "NT AUTHORITY\\SYSTEM", "");
  is(user_entity, "WS1$", "");
  is(user_entity, "-", "");
  is(user_entity, " ", "");
  is(user_entity, std::string(300, 'a'), "");
  is(host_entity, "WS1.Corp.Example.", "ws1.corp.example");
  is(host_entity, "localhost", "");
  is(ip_entity, "192.0.2.1", "192.0.2.1");
  is(ip_entity, "::ffff:192.0.2.1", "192.0.2.1");
  is(ip_entity, "2001:DB8:0:0::1", "2001:db8::1");
  is(ip_entity, "127.0.0.1", "");
  is(ip_entity, "::1", "");
  is(ip_entity, "0.0.0.0", "");
  is(ip_entity, "::", "");
  is(ip_entity, "224.0.0.251", "");
  is(ip_entity, "192.0.2.256", "");
  is(ip_entity, "192.0.2.1:80", "");
  is(hash_entity, std::string(64, 'A'), std::string(64, 'a'));
  is(hash_entity, std::string(64, '0'), "");
  is(hash_entity, "abc", "");
  is(domain_entity, "Evil.Example.", "evil.example");
  is(domain_entity, "-", "");
}

std::string shown(Layer layer) {
  Batch batch;
  batch.add("x", SourceId{}, 0, 0);
  Event& event = batch.begin_event();
  event.layer = layer;
  batch.push(ecs::kUserName, std::string_view("CORP\\Ann"));
  batch.push(ecs::kUserTargetName, std::string_view("ann"));
  batch.push(ecs::kHostName, std::string_view("FW-1"));
  batch.push(ecs::kSourceIp, std::string_view(R"(["192.0.2.1","127.0.0.1","192.0.2.2"])"),
             ValueKind::kArray);
  batch.push(ecs::kUrlDomain, std::string_view("198.51.100.7"));
  batch.push(ecs::kDnsQuestionName, std::string_view("evil.example"));
  batch.push(ecs::kProcessExecutable, std::string_view("C:\\Windows\\System32\\cmd.exe"));
  std::string text;
  for (const Entity& entity : entities_of(batch, event))
    text += entity.type + '=' + entity.value + ' ';
  return text;
}

TEST(Entities, OfAnEvent) {
  EXPECT_EQ(shown(Layer::kServer),
            "domain=evil.example host=fw-1 ip=192.0.2.1 ip=192.0.2.2 ip=198.51.100.7 "
            "process=c:\\windows\\system32\\cmd.exe user=ann ");
  // The host of a network event is the device that saw it.
  EXPECT_EQ(shown(Layer::kNetwork).find("host="), std::string::npos);
}

std::uint32_t risk_of(std::uint32_t base, std::size_t layers, std::uint64_t alerts) {
  RiskFacts facts;
  facts.base = base;
  facts.layers = layers;
  facts.alerts = alerts;
  return total_risk(risk_parts(facts));
}

TEST(Risk, PartsOfSystemIndicatorAndHistory) {
  RiskFacts facts;
  facts.base = 45;
  facts.layers = 2;
  facts.alerts = 4;
  facts.system_level = 4;
  facts.confidence = 85;
  facts.history = 3;
  EXPECT_EQ(risk_parts(facts), (RiskParts{45, 5, 4, 7, 8, 3}));
  EXPECT_EQ(total_risk(risk_parts(facts)), 72U);
  for (const auto& [level, points] : {std::pair(0, 0U), {1, 0}, {2, 2}, {3, 4}, {5, 10}, {9, 10}}) {
    facts.system_level = level;
    EXPECT_EQ(risk_parts(facts).system, points) << level;
  }
  facts.base = 100;
  EXPECT_EQ(total_risk(risk_parts(facts)), 100U);
}

TEST(Risk, HistoryDecays) {
  constexpr std::int64_t kWeek = 7LL * 24 * 3600 * 1'000'000'000;
  EXPECT_EQ(decayed(60'000, 0, kWeek), 60'000U);
  EXPECT_EQ(decayed(60'000, kWeek, kWeek), 30'000U);
  EXPECT_EQ(decayed(60'000, 2 * kWeek, kWeek), 15'000U);
  EXPECT_EQ(decayed(60'000, kWeek / 2, kWeek) / 1000, 45U);
  EXPECT_EQ(decayed(60'000, 100 * kWeek, kWeek), 0U);
  EXPECT_EQ(decayed(60'000, -kWeek, kWeek), 60'000U);
  for (std::int64_t step = 0; step < 100; ++step) {
    EXPECT_GE(decayed(60'000, step * kWeek / 10, kWeek), decayed(60'000, (step + 1) * kWeek / 10, kWeek));
  }
  EXPECT_EQ(history_points(14'999), 0U);
  EXPECT_EQ(history_points(75'000), 5U);
  EXPECT_EQ(history_points(1'000'000), 10U);
}

TEST(Risk, TacticsInOrderOfTheKillChain) {
  EXPECT_EQ(tactics_of({"attack.t1110", "attack.impact", "attack.defense_evasion", "attack.stealth", "cve.1",
                        "attack.initial-access", "attack.impact"}),
            (std::vector<std::string>{"initial-access", "defense-evasion", "stealth", "impact"}));
}

TEST(Risk, Formula) {
  EXPECT_EQ(risk_of(alert_risk(Level::kMedium, -1), 1, 1), 45U);
  EXPECT_EQ(risk_of(alert_risk(Level::kHigh, -1), 4, 8), 65U + 15 + 6);
  EXPECT_EQ(risk_of(alert_risk(Level::kCritical, -1), 4, 1'000'000), 100U);
  EXPECT_EQ(risk_of(alert_risk(Level::kInformational, -1), 0, 0), 10U);
  EXPECT_EQ(risk_of(alert_risk(Level::kLow, 80), 1, 1), 80U);
  EXPECT_EQ(risk_of(alert_risk(Level::kCritical, 0), 2, 1), 5U);
  EXPECT_EQ(incident_level(Level::kHigh, 2), Level::kHigh);
  EXPECT_EQ(incident_level(Level::kHigh, 3), Level::kCritical);
  EXPECT_EQ(incident_level(Level::kCritical, 4), Level::kCritical);
}

TEST(Risk, KillChainOrder) {
  std::vector<std::string> tags = {"attack.t1110", "attack.exfiltration",
                                   "attack.credential-access", "attack.initial_access",
                                   "attack.t1110"};
  sort_by_kill_chain(tags);
  EXPECT_EQ(tags, (std::vector<std::string>{"attack.initial_access", "attack.credential-access",
                                            "attack.exfiltration", "attack.t1110"}));
}

}  // namespace
}  // namespace picket::correlator
