// The same input gives the same alerts and the same incidents: live in whatever deliveries, across
// restarts at whatever points, and from the alerts of a scan.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "app/known_sources.h"
#include "app/scan_incidents.h"
#include "app/source_formats.h"
#include "correlator/correlator.h"
#include "history.h"
#include "rules/evaluation.h"

namespace picket::app {
namespace {

std::vector<Line> all_lines() {
  std::vector<Line> all;
  for (const std::vector<Line>& lines : History::six_hours(false))
    all.insert(all.end(), lines.begin(), lines.end());
  return all;
}

struct Found {
  Alerts alerts;                          // without what only a store knows
  std::map<std::string, Json> incidents;  // by id; without wall times and numbers
};

std::string without_basis(const Alert& alert, const History& history) {
  Alert bare = alert;
  bare.basis.clear();
  bare.rule.path.erase(0, history.folder().string().size());
  return dump_json(to_json(bare));
}

Json timeless(const Incident& incident) {
  Json json = to_json(incident);
  for (const char* key : {"created", "number", "sla", "history", "changes", "due"}) json.erase(key);
  return json;
}

Found found_in(History& history) {
  Found found;
  for (const Alert& alert : history.stored())
    found.alerts.emplace(alert.id, without_basis(alert, history));
  std::string cursor;
  do {
    auto page = history.store().incidents(500, cursor);
    EXPECT_TRUE(page);
    for (const Incident& incident : *page) {
      // What is merged or has lost all its alerts tells of the way.
      if (incident.merged_into.empty() && incident.alert_count > 0) found.incidents.emplace(incident.id, timeless(incident));
    }
  } while (!cursor.empty());
  return found;
}

// Deliveries of so many lines, with a restart behind those where `restart` says so.
Found live(const std::function<std::size_t()>& size, const std::function<bool()>& restart) {
  History history("live");
  history.start(history.load_text(kRules));
  const std::vector<Line> lines = all_lines();
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t n = std::min(size(), lines.size() - at);
    history.push({lines.begin() + static_cast<std::ptrdiff_t>(at),
                  lines.begin() + static_cast<std::ptrdiff_t>(at + n)});
    at += n;
    if (!restart()) continue;
    history.stop();
    history.start(history.load_text(kRules));
  }
  history.stop();
  return found_in(history);
}

Found live(const std::vector<std::size_t>& sizes, std::size_t restart = SIZE_MAX) {
  std::size_t pushes = 0;
  return live([&] { return sizes[pushes++ % sizes.size()]; },
              [&] { return pushes % restart == 0; });
}

std::map<std::string, Json> timeless_by_id(const std::vector<Incident>& incidents) {
  std::map<std::string, Json> found;
  for (const Incident& incident : incidents) found.emplace(incident.id, timeless(incident));
  return found;
}

// What `picket scan` does with its files, and the incidents of that.
Found scanned() {
  History history("scanned");
  const Detection detection = history.load_text(kRules);
  const KnownSources sources(history.store(), history.config(), history.systems());
  parsers::Parser parser = detection.make_parser(false);
  const auto formats = kept_source_formats(history.store());
  for (std::size_t i = 0; i < formats.size(); ++i)
    parser.set_source(SourceId{static_cast<std::uint32_t>(i)}, formats[i]);
  const rules::EvaluationPtr evaluation = detection.rules->make_evaluation();
  correlator::MapState state;
  correlator::Options options;
  options.deferred = true;
  correlator::Correlator correlator(detection.rules, options, state);
  std::vector<Alert> alerts;
  std::map<std::uint32_t, std::uint64_t> seqs;
  Batch batch;
  for (const auto& [source, text] : all_lines())
    batch.add(text, SourceId{source}, seqs[source]++, kBegin + 100 * kHour);
  parser.parse(batch);
  detection.rules->evaluate(batch, *evaluation);
  correlator.process(batch, sources, alerts);
  correlator.finish(alerts);
  std::map<std::string, Alert> last;
  for (Alert& alert : alerts) {
    sources.name_system(alert);
    last[alert.id] = *alert_from_json(*parse_json(dump_json(to_json(alert))));
  }
  for (const std::string& id : correlator.take_withdrawn()) last.erase(id);
  Found found;
  ScanIncidents incidents(history.systems());
  for (const auto& [id, alert] : last) {
    found.alerts.emplace(id, without_basis(alert, history));
    incidents.add(alert);
  }
  found.incidents = timeless_by_id(incidents.take());
  return found;
}

// Ids of what is not the same in both.
template <class Map>
std::vector<std::string> differing(const Map& a, const Map& b) {
  std::vector<std::string> ids;
  for (const auto& [id, value] : a) {
    const auto other = b.find(id);
    if (other == b.end() || other->second != value) ids.push_back(id);
  }
  for (const auto& [id, value] : b) {
    if (!a.contains(id)) ids.push_back(id);
  }
  return ids;
}

const std::vector<std::string> kNone;

class SameEverywhereTest : public testing::Test {
 protected:
  static const Found& plain() {
    static const Found kPlain = live({30});
    return kPlain;
  }
};

TEST_F(SameEverywhereTest, ThereIsSomethingToCompare) {
  EXPECT_GT(plain().alerts.size(), 100U);
  // Six hosts in six hours hang together; tests/correlator/incident_settling_test.cc has many incidents.
  ASSERT_GE(plain().incidents.size(), 1U);
  EXPECT_GT(plain().incidents.begin()->second.at("timeline").size(), 50U);
}

TEST_F(SameEverywhereTest, AfterRestarts) {
  const Found found = live({30}, 5);
  EXPECT_EQ(differing(found.alerts, plain().alerts), kNone);
  EXPECT_EQ(differing(found.incidents, plain().incidents), kNone);
}

TEST_F(SameEverywhereTest, InOtherDeliveries) {
  for (const std::vector<std::size_t>& sizes :
       {std::vector<std::size_t>{7, 100, 1, 41}, std::vector<std::size_t>{1000},
        std::vector<std::size_t>{1}}) {
    const Found found = live(sizes);
    EXPECT_EQ(differing(found.alerts, plain().alerts), kNone);
    EXPECT_EQ(differing(found.incidents, plain().incidents), kNone);
  }
}

TEST_F(SameEverywhereTest, InRandomDeliveriesWithRestarts) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    std::mt19937_64 random(seed);
    const auto pick = [&](std::size_t low, std::size_t high) {
      return std::uniform_int_distribution<std::size_t>(low, high)(random);
    };
    const Found found = live([&] { return pick(1, pick(1, 120)); }, [&] { return pick(0, 6) == 0; });
    EXPECT_EQ(differing(found.alerts, plain().alerts), kNone) << "seed " << seed;
    EXPECT_EQ(differing(found.incidents, plain().incidents), kNone) << "seed " << seed;
  }
}

// In one commit, whose hits are enough to be dealt.
TEST_F(SameEverywhereTest, WithSeveralCorrelationThreads) {
  const std::vector<Line> lines = all_lines();
  History history("threads");
  history.start(history.load_text(kRules), 4);
  history.push(lines);
  history.stop();
  EXPECT_GE(history.engine().statistics().hits, correlator::Options().hand_over_min);
  const Found found = found_in(history);
  EXPECT_EQ(differing(found.alerts, plain().alerts), kNone);
  EXPECT_EQ(differing(found.incidents, plain().incidents), kNone);
}

TEST_F(SameEverywhereTest, InAScan) {
  const Found found = scanned();
  EXPECT_EQ(differing(found.alerts, plain().alerts), kNone);
  EXPECT_EQ(differing(found.incidents, plain().incidents), kNone);
}

}  // namespace
}  // namespace picket::app
