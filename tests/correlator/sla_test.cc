#include "correlator/sla.h"

#include <gtest/gtest.h>

namespace picket::correlator {
namespace {

Incident made_at(std::int64_t minute, Level level) {
  Incident incident;
  incident.created_ns = minute * kMinuteNs;
  incident.level = level;
  return incident;
}

TEST(Sla, RunsUntilItIsMet) {
  Incident incident = made_at(100, Level::kHigh);  // an hour, a day
  SlaState state = sla_of(incident, Sla(), Nanos(160 * kMinuteNs));
  EXPECT_EQ(state.acknowledge.due_ns, 160 * kMinuteNs);
  EXPECT_FALSE(state.acknowledge.breached);  // due now is not late
  EXPECT_TRUE(sla_of(incident, Sla(), Nanos(160 * kMinuteNs + 1)).acknowledge.breached);
  incident.acknowledged_ns = 130 * kMinuteNs;
  state = sla_of(incident, Sla(), Nanos(5000 * kMinuteNs));
  EXPECT_FALSE(state.acknowledge.breached);
  EXPECT_TRUE(state.resolve.breached);
  incident.resolved_ns = 4000 * kMinuteNs;
  EXPECT_TRUE(sla_of(incident, Sla(), Nanos(5000 * kMinuteNs)).resolve.breached);
  incident.resolved_ns = 1000 * kMinuteNs;
  EXPECT_FALSE(sla_of(incident, Sla(), Nanos(5000 * kMinuteNs)).resolve.breached);
}

TEST(Sla, IsAsTheLevelSaysAndCanBeSet) {
  Sla sla;
  sla.of_level[static_cast<std::size_t>(Level::kLow)] = {kMinuteNs, 2 * kMinuteNs};
  const SlaState low = sla_of(made_at(0, Level::kLow), sla, Nanos(0));
  EXPECT_EQ(low.acknowledge.due_ns, kMinuteNs);
  EXPECT_EQ(low.resolve.due_ns, 2 * kMinuteNs);
  EXPECT_EQ(sla_of(made_at(0, Level::kCritical), sla, Nanos(0)).acknowledge.due_ns, 15 * kMinuteNs);
  const Json json = to_json(low);
  EXPECT_EQ(json["resolve"]["breached"], false);
  EXPECT_FALSE(json["resolve"].contains("met"));
}

TEST(Sla, NobodyIsLateForWhatWasWithdrawn) {
  Incident incident = made_at(100, Level::kHigh);
  incident.status = IncidentStatus::kClosed;
  EXPECT_FALSE(sla_of(incident, Sla(), Nanos(9000 * kMinuteNs)).resolve.breached);
}

}  // namespace
}  // namespace picket::correlator
