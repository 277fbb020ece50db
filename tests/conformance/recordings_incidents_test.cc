// Recorded attacks, each alone: all rules over its events, its alerts into incidents. One recording
// is one story and must not fall to pieces: few incidents, and every alert in one of them but low
// ones that stand alone: nothing else tells of their entities, so they wait (IncidentGrouper), and
// are counted here.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "correlator/correlator.h"
#include "correlator/incidents.h"
#include "correlator/map_incidents.h"
#include "correlator/risk.h"
#include "tests/conformance/detector.h"
#include "tests/conformance/records.h"
#include "tests/conformance/shared_data.h"
#include "tests/conformance/zip_file.h"

namespace picket::conformance {
namespace {

constexpr std::size_t kIncidentsMax = 5;

class OneSource final : public correlator::SourceNames {
 public:
  std::string_view name(SourceId) const override { return "recording"; }
  std::string_view system(SourceId) const override { return {}; }
};

struct Story {
  std::string name;
  std::size_t events = 0;
  std::size_t alerts = 0;
  std::size_t alone = 0;    // low alerts that are in no incident
  std::size_t missing = 0;  // others that are in none
  std::size_t incidents = 0;
  std::set<std::string> layers;
  std::vector<std::string> tactics;
};

Story story_of(Detector& detector, const std::string& name,
               const std::vector<std::string>& records) {
  Story story;
  story.name = name;
  story.events = records.size();
  correlator::Options options;
  options.deferred = true;
  correlator::MapState windows;
  correlator::Correlator correlator(detector.rule_set(), options, windows);
  std::vector<Alert> alerts;
  constexpr std::size_t kBatch = 1024;
  Batch batch;
  for (std::size_t at = 0; at < records.size(); at += kBatch) {
    detector.run(std::span(records).subspan(at, std::min(kBatch, records.size() - at)), batch, at);
    correlator.process(batch, OneSource(), alerts);
  }
  correlator.finish(alerts);
  correlator::MapIncidents memory;
  correlator::MapState state;
  correlator::IncidentOptions all;
  all.alerts_max = Incident::kTimelineMax;
  correlator::IncidentGrouper grouper(all, state, memory);
  std::stable_sort(alerts.begin(), alerts.end(),
                   [](const Alert& a, const Alert& b) { return a.time_ns < b.time_ns; });
  for (const Alert& alert : alerts) {
    memory.alerts.insert_or_assign(alert.id, alert);
    grouper.absorb(alert, Nanos(1));
  }
  story.alerts = memory.alerts.size();
  std::vector<std::string> tags;
  std::set<std::string> covered;
  for (const auto& [id, incident] : memory.all) {
    if (!incident.merged_into.empty()) continue;
    ++story.incidents;
    for (const TimelineEntry& entry : incident.timeline) covered.insert(entry.alert_id);
    for (const Layer layer : incident.layers) story.layers.emplace(layer_name(layer));
    for (const TimelineEntry& entry : incident.timeline) {
      for (const std::string& tactic : entry.tactics) tags.push_back("attack." + tactic);
    }
  }
  story.tactics = correlator::tactics_of(tags);
  for (const auto& [id, alert] : memory.alerts) {
    if (covered.contains(id)) continue;
    const bool low = alert.kind == AlertKind::kDetection && alert.rule.level < Level::kMedium;
    ++(low ? story.alone : story.missing);
  }
  return story;
}

std::string joined(const auto& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text.empty() ? "-" : text;
}

class Table {
 public:
  void add(const Story& story) {
    if (story.alerts == 0) return;
    std::printf("%-76s %8zu %7zu %9zu %6zu  %-18s %s\n", story.name.substr(0, 76).c_str(),
                story.events, story.alerts, story.incidents, story.alone,
                joined(story.layers).c_str(), joined(story.tactics).c_str());
    EXPECT_LE(story.incidents, kIncidentsMax) << story.name;
    EXPECT_EQ(story.missing, 0U) << story.name;
    if (story.incidents > 0) {
      EXPECT_LE(story.alone * 4, story.alerts * 3) << story.name;
    }
    ++recordings_;
    alerts_ += story.alerts;
    alone_ += story.alone;
    incidents_ += story.incidents;
  }
  void finish(const char* name) const {
    std::printf("%s: %zu recordings with alerts, %zu alerts, %zu incidents, %zu low alerts alone\n",
                name, recordings_, alerts_, incidents_, alone_);
    EXPECT_LE(alone_ * 10, alerts_);  // nine of ten alerts and more are in an incident
  }
  std::size_t recordings() const { return recordings_; }

 private:
  std::size_t recordings_ = 0;
  std::size_t alerts_ = 0;
  std::size_t alone_ = 0;
  std::size_t incidents_ = 0;
};

class RecordingsIncidents : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!shared_data_present()) return;
    detector_ = std::make_unique<Detector>(sigma_folders());
    std::printf("%-76s %8s %7s %9s %6s  %-18s %s\n", "recording", "events", "alerts", "incidents",
                "alone", "layers", "tactics");
  }
  static void TearDownTestSuite() { detector_.reset(); }

  static std::unique_ptr<Detector> detector_;
};
std::unique_ptr<Detector> RecordingsIncidents::detector_;

TEST_F(RecordingsIncidents, OfWindowsEventLogs) {
  PICKET_NEEDS_SHARED_DATA();
  Table table;
  for (const std::string& path : files_in(kShared + "/evtx-json/events")) {
    table.add(story_of(*detector_, std::filesystem::path(path).stem(), lines_of(path)));
  }
  table.finish("evtx");
  EXPECT_GT(table.recordings(), 100U);
}

TEST_F(RecordingsIncidents, OfAttackSimulations) {
  PICKET_NEEDS_SHARED_DATA();
  const std::string root = kShared + "/otrf-security-datasets/datasets/";
  std::vector<std::string> zips;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".zip") zips.push_back(entry.path());
  }
  std::sort(zips.begin(), zips.end());
  Table table;
  for (const std::string& zip : zips) {
    const auto members = read_zip(zip);
    ASSERT_TRUE(members.has_value()) << members.error().what;
    std::vector<std::string> records;  // of all files: one attack seen from several places
    for (const ZipMember& member : *members) {
      if (!member.name.ends_with(".json") || member.name.starts_with("__MACOSX")) continue;
      for (std::string& line : lines_in(member.bytes)) records.push_back(std::move(line));
    }
    table.add(story_of(*detector_, zip.substr(root.size()), records));
  }
  table.finish("otrf");
  EXPECT_GT(table.recordings(), 50U);
}

}  // namespace
}  // namespace picket::conformance
