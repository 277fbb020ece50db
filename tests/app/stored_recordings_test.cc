// A live engine over real recordings, as deliveries of hundreds of events: what is stored can be
// had again, by a backtest and by verification.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "app/backtest_diff.h"
#include "app/verifier.h"
#include "base/time.h"
#include "history.h"

namespace picket::app {
namespace {

const std::string kRecordings = "../shared/data/evtx-json/events";
const std::string kSigmaHq = "../shared/data/sigma-rules/rules/windows";

// Over Windows recordings: what happens on any host, often.
constexpr const char* kWindowsRules = R"(title: Process
id: 6f4a3a5e-0000-4000-8000-000000000021
name: process
level: low
logsource: {product: windows, service: sysmon}
detection:
  sel: {EventID: 1}
  condition: sel
picket:
  suppress: {for: 1m, by: [Computer]}
---
title: Logon
id: 6f4a3a5e-0000-4000-8000-000000000022
name: logon
level: low
logsource: {product: windows, service: security}
detection:
  sel: {EventID: [4624, 4625, 4672, 4688]}
  condition: sel
---
title: Busy host
id: 6f4a3a5e-0000-4000-8000-000000000023
level: medium
correlation:
  type: event_count
  rules: [process, logon]
  group-by: [Computer]
  timespan: 30s
  condition: {gte: 5}
  generate: true
picket:
  suppress: {for: 10m}
---
title: Logon before a process
id: 6f4a3a5e-0000-4000-8000-000000000024
level: medium
correlation:
  type: temporal
  rules: [process, logon]
  group-by: [Computer]
  timespan: 1m
)";

// In order but for neighbours, which brings events of other years past each other.
std::vector<std::vector<Line>> deliveries() {
  std::vector<std::pair<std::string, std::string>> lines;  // time, line
  for (const auto& entry : std::filesystem::directory_iterator(kRecordings)) {
    std::ifstream file(entry.path());
    std::string text;
    while (std::getline(file, text)) {
      const auto at = text.find("\"SystemTime\":\"");
      if (at != std::string::npos) lines.emplace_back(text.substr(at + 14, 26), text);
    }
  }
  EXPECT_GT(lines.size(), 10'000U);
  std::sort(lines.begin(), lines.end());
  for (std::size_t i = 0; i + 40 < lines.size(); i += 7) std::swap(lines[i], lines[i + i % 40]);

  std::vector<std::vector<Line>> all(1);
  for (auto& [time, text] : lines) {
    all.back().emplace_back(2, std::move(text));
    if (all.back().size() == 400) all.emplace_back();
  }
  return all;
}

class StoredRecordingsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::is_directory(kRecordings))
      GTEST_SKIP() << "third-party data, " << kRecordings << ", is not here: nothing was compared";
    deliveries_ = deliveries();
  }
  std::vector<std::string> rules(const std::string& text) {
    const std::string own = (h->folder() / "windows.yml").string();
    std::ofstream(own) << text;
    return {PICKET_SOURCE_DIR "/content/rules", own};
  }

  std::unique_ptr<History> h = std::make_unique<History>("windows");
  std::vector<std::vector<Line>> deliveries_;
};

TEST_F(StoredRecordingsTest, ABacktestEqualsWhatWasRaised) {
  h->start(h->load(rules(kWindowsRules)));
  for (const std::vector<Line>& lines : deliveries_) h->push(lines);
  h->stop();

  const auto raised = h->by_rule(h->stored());
  for (const char* rule : {"Process", "Busy host", "Logon before a process"})
    EXPECT_TRUE(raised.contains(rule)) << rule;
  EXPECT_GT(h->stored().size(), 100U);
  const Detection detection = h->load(rules(kWindowsRules));
  EXPECT_TRUE(h->backtest(detection) == h->stored_alerts());
  const auto result = h->run(detection, {});
  ASSERT_TRUE(result);
  EXPECT_GT(result->totals.late, 0U);
  const auto diff = diff_with_stored(h->store(), *detection.rules, *result);
  ASSERT_TRUE(diff);
  EXPECT_EQ(diff->fresh + diff->gone + diff->changed, 0U);
  // A month in the middle of it.
  const std::int64_t from_ns = parse_time("2020-10-01T00:00:00Z")->time_ns;
  const std::int64_t to_ns = parse_time("2020-11-01T00:00:00Z")->time_ns;
  const Alerts want = h->stored_alerts(from_ns, to_ns);
  EXPECT_GT(want.size(), 0U);
  EXPECT_EQ(h->ids(h->backtest(detection, {.from_ns = from_ns, .to_ns = to_ns})), h->ids(want));
}

// Across restarts, edits of rules, and all that SigmaHQ has for Windows.
TEST_F(StoredRecordingsTest, EveryAlertIsVerified) {
  const auto load = [&](const std::string& text) {
    std::vector<std::string> paths = rules(text);
    paths.push_back(kSigmaHq);
    auto detection = load_detection({PICKET_SOURCE_DIR "/content"}, {.rules = paths, .keep_texts = true});
    EXPECT_TRUE(detection) << detection.error().what;
    return *std::move(detection);
  };
  std::string edited = kWindowsRules;
  edited.replace(edited.find("gte: 5"), 6, "gte: 4");
  h->start(load(kWindowsRules));
  for (std::size_t i = 0; i < deliveries_.size(); ++i) {
    h->push(deliveries_[i]);
    if (i == deliveries_.size() / 4) {
      h->stop();
      h->start(load(kWindowsRules));
    }
    if (i == deliveries_.size() / 2) {
      ASSERT_TRUE(h->engine().post_rules(load(edited)));
    }
    if (i == deliveries_.size() * 3 / 4) {
      h->stop();
      h->start(load(kWindowsRules));
    }
  }
  h->stop();

  const Detection live = load(kWindowsRules);
  Verifier verifier(h->store(), {.catalog = [&] { return live.catalog; },
                                 .taxonomy = live.taxonomy,
                                 .live = [&] { return live.rules; }});
  std::vector<Alert> alerts = h->stored();
  std::sort(alerts.begin(), alerts.end(),  // those of one rule together, so that it is made once
            [](const Alert& a, const Alert& b) { return a.basis < b.basis; });
  ASSERT_GT(alerts.size(), 3'000U);
  std::size_t noted = 0;
  std::size_t correlations = 0;
  std::vector<std::string> others;
  for (const Alert& alert : alerts) {
    const Verification verification = verifier.verify(alert);
    noted += verification.notes.empty() ? 0U : 1U;
    correlations += alert.kind == AlertKind::kCorrelation ? 1U : 0U;
    if (verification.outcome() != Outcome::kSame && others.size() < 5)
      others.push_back(to_json(verification).dump().substr(0, 600));
  }
  EXPECT_EQ(others, std::vector<std::string>());
  EXPECT_GT(noted, 10U) << "of the edit";
  EXPECT_GT(correlations, 50U);
}

}  // namespace
}  // namespace picket::app
