// Backtests: with the rules that were live, exactly the alerts that were raised; with others, what
// is new and gone.
#include "app/backtest.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "app/backtest_desk.h"
#include "app/backtest_diff.h"
#include "app/backtest_report.h"
#include "app/engine.h"
#include "app/rule_reach.h"
#include "app/source_formats.h"
#include "base/time.h"
#include "base/world.h"
#include "history.h"

namespace picket::app {
namespace {

class BacktestTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    h = std::make_unique<History>("played");
    h->play();
  }
  static void TearDownTestSuite() { h.reset(); }
  static inline std::unique_ptr<History> h;  // for all of them
};

TEST_F(BacktestTest, EqualsExactlyWhatWasRaised) {
  const auto raised = h->by_rule(h->stored());
  EXPECT_EQ(raised.size(), 10U);  // every rule has raised something
  const Detection detection = h->load_text(kRules);
  const Alerts again = h->backtest(detection);
  EXPECT_GT(again.size(), 100U);
  EXPECT_EQ(again, h->stored_alerts());
  const auto result = h->run(detection, {});
  ASSERT_TRUE(result);
  EXPECT_GT(result->totals.late, 0U);  // some came too late, then and now
  // With a longer lateness it would be other alerts: the test can tell.
  EXPECT_NE(h->backtest(detection, {.lateness_ns = 100 * kHour}), h->stored_alerts());
}

TEST_F(BacktestTest, APeriodHasItsAlerts) {
  const Detection detection = h->load_text(kRules);
  EXPECT_EQ(reach_back_ns(*detection.rules), 2 * kHour + 2 * kHour + 10 * 60 * kSecond);
  std::vector<std::int64_t> edges = {kBegin, kBegin + 2 * kHour, kBegin + 3 * kHour};
  for (const Alert& alert : h->stored()) {
    if (alert.rule.level >= Level::kHigh && edges.size() < 20) edges.push_back(alert.time_ns);
  }
  std::size_t unlike = 0;
  for (const std::int64_t from_ns : edges) {
    const std::int64_t to_ns = from_ns + kHour + 1;
    const Alerts want = h->stored_alerts(from_ns, to_ns);
    const Alerts found = h->backtest(detection, {.from_ns = from_ns, .to_ns = to_ns});
    EXPECT_EQ(h->ids(found), h->ids(want)) << format_time(from_ns);
    // What does not go on behind the period is the same, but for the proof of hits in a flood:
    // live, a group knew of those within the lateness, and kept the first ones' only.
    for (const auto& [id, json] : found) {
      const auto same = want.find(id);
      Json a = *parse_json(json);
      Json b = same != want.end() ? *parse_json(same->second) : Json();
      if (b.is_null() || a["last_seen"] != b["last_seen"]) continue;
      for (const char* key : {"matches"}) a.erase(key), b.erase(key);
      EXPECT_EQ(a, b);
    }
    const Alerts blind =
        h->backtest(detection, {.from_ns = from_ns, .to_ns = to_ns, .before_ns = 0});
    if (h->ids(blind) != h->ids(want)) ++unlike;
  }
  EXPECT_GT(unlike, 0U);  // without the time before it, edges come out wrong
}

TEST_F(BacktestTest, BlocksOutsideAreSkipped) {
  const Detection detection = h->load_text(kRules);
  const auto all = h->run(detection, {});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->totals.bytes_skipped, 0U);
  EXPECT_EQ(all->totals.events, h->pushed());
  const auto none = h->run(detection, {.from_ns = kBegin + 90 * kHour});
  ASSERT_TRUE(none);
  EXPECT_EQ(none->totals.events, 0U);
  EXPECT_EQ(none->totals.bytes_scanned, 0U);
  EXPECT_EQ(none->totals.bytes_skipped, all->totals.bytes_scanned);
  const auto part = h->run(detection, {.from_ns = kBegin, .to_ns = kBegin + kHour, .before_ns = 0});
  ASSERT_TRUE(part);
  EXPECT_GT(part->totals.events, 0U);
  EXPECT_LT(part->totals.bytes_scanned, all->totals.bytes_scanned / 2);
}

TEST_F(BacktestTest, EditsAreNewAndGone) {
  const Detection live = h->load_text(kRules);
  auto same = h->run(live, {});
  ASSERT_TRUE(same);
  auto diff = diff_with_stored(h->store(), *live.rules, *same);
  ASSERT_TRUE(diff);
  EXPECT_EQ(diff->fresh + diff->gone + diff->changed + diff->not_compared, 0U);
  EXPECT_EQ(diff->same, h->stored().size());

  // Another text, the same alerts: only ids differ.
  std::string edited = kRules;
  edited.replace(edited.find("title: Failed"), 13, "title: Fails.");
  const Detection renamed = h->load_text(edited);
  const auto as_before = h->run(renamed, {});
  diff = diff_with_stored(h->store(), *renamed.rules, *as_before);
  ASSERT_TRUE(diff);
  EXPECT_EQ(diff->fresh + diff->gone, 0U);

  // Fewer: a host is excepted.
  edited = kRules;
  edited.replace(edited.find("condition: sel"), 14,
                 "lab: {host.hostname: host-2}\n  condition: sel and not lab");
  const Detection fewer = h->load_text(edited);
  const auto less = h->run(fewer, {});
  diff = diff_with_stored(h->store(), *fewer.rules, *less);
  ASSERT_TRUE(diff);
  EXPECT_GT(diff->gone, 0U);
  for (const DiffAlert& one : diff->gone_list) EXPECT_FALSE(one.id.empty());
  EXPECT_EQ(diff->same + diff->gone, h->stored().size());

  // More: a lower bound. Rules that are not given are not compared.
  const std::string lower =
      std::string(kRules).replace(std::string(kRules).find("gte: 4"), 6, "gte: 2");
  const std::size_t end = lower.find("title: Many hosts");
  const Detection more = h->load_text(lower.substr(0, end - 4));
  const auto found = h->run(more, {});
  diff = diff_with_stored(h->store(), *more.rules, *found);
  ASSERT_TRUE(diff);
  EXPECT_GT(diff->fresh, 0U);
  EXPECT_GT(diff->not_compared, 0U);
  ASSERT_FALSE(diff->rules.empty());
  EXPECT_EQ(diff->rules.front().rule.name, "Many failed");
}

TEST_F(BacktestTest, TruePositivesThatWouldBeGoneAreCounted) {
  std::string cursor;
  auto incidents = h->store().incidents(1000, cursor);
  ASSERT_TRUE(incidents);
  ASSERT_FALSE(incidents->empty());
  Incident judged = *std::max_element(incidents->begin(), incidents->end(),
                                      [](const Incident& a, const Incident& b) {
                                        const auto size = [](const Incident& one) {
                                          return one.merged_into.empty() ? one.timeline.size() : 0;
                                        };
                                        return size(a) < size(b);
                                      });
  judged.disposition = Disposition::kTruePositive;
  storage::Commit commit;
  commit.put(judged);
  ASSERT_TRUE(h->store().commit(commit));
  const Detection live = h->load_text(kRules);
  const auto as_live = h->run(live, {});
  auto diff = diff_with_stored(h->store(), *live.rules, *as_live);
  ASSERT_TRUE(diff);
  EXPECT_EQ(diff->dispositions[Disposition::kTruePositive].stored, judged.timeline.size());
  EXPECT_EQ(diff->true_positives_gone(), 0U);
  // A rule that is never true hides all of its own.
  std::string never = kRules;
  for (auto at = never.find("gte: 4"); at != std::string::npos; at = never.find("gte: 4", at + 8))
    never.replace(at, 6, "gte: 400");
  const Detection hidden = h->load_text(never);
  const auto result = h->run(hidden, {});
  diff = diff_with_stored(h->store(), *hidden.rules, *result);
  ASSERT_TRUE(diff);
  std::size_t want = 0;
  for (const TimelineEntry& entry : judged.timeline) {
    want += entry.rule_name == "Many failed" || entry.rule_name == "Many hosts" ||
            entry.rule_name == "Many twice";
  }
  ASSERT_GT(want, 0U);
  EXPECT_EQ(diff->true_positives_gone(), want);
  EXPECT_EQ(diff->gone_list.front().disposition, Disposition::kTruePositive);
  EXPECT_EQ(diff->gone_list.front().incident, judged.number);
}

TEST_F(BacktestTest, EndsWhenAskedTo) {
  const Detection detection = h->load_text(kRules);
  int asked = 0;
  const auto result = h->run(detection, {.cancelled = [&] { return ++asked > 0; }});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, BacktestEnd::kComplete);  // too short to be asked
  History longer("longer");
  const std::string rule = std::string(kRules).substr(0, std::string(kRules).find("---"));
  const Detection failed = longer.load_text(rule);
  longer.start(failed);
  for (int i = 0; i < 5; ++i) {
    longer.push(std::vector<std::pair<std::uint32_t, std::string>>(
        1000, {0, History::line(kBegin, 1, "login failed for ann")}));
  }
  longer.stop();
  const auto ended = longer.run(failed, {.cancelled = [&] { return true; }});
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->end, BacktestEnd::kInterrupted);
  EXPECT_GT(ended->tally->alerts(), 0U);
  EXPECT_LT(ended->totals.events, longer.pushed());
}

// Rules that only events of Windows belong to: records without their texts are not read.
const char* const kWindowsRules = R"(title: Tool
id: 6f4a3a5e-0000-4000-8000-000000000021
name: tool
level: low
logsource: {product: windows, category: process_creation}
detection:
  image: {Image|endswith: ['\\tool.exe', '\\other.exe']}
  line: {CommandLine|contains: ' -dump '}
  lab: {User: LAB}
  condition: image and line and not lab
picket:
  suppress: {for: 5m, by: [Computer]}
---
title: Many tools
id: 6f4a3a5e-0000-4000-8000-000000000022
level: high
correlation:
  type: event_count
  rules: [tool]
  group-by: [Computer]
  timespan: 10m
  condition: {gte: 3}
---
title: No tool for long
id: 6f4a3a5e-0000-4000-8000-000000000023
level: medium
correlation:
  type: event_count
  rules: [tool]
  timespan: 30m
  condition: {lt: 2}
)";

std::string process_event(std::int64_t time_ns, int host, const std::string& image, const std::string& line) {
  return R"({"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","UtcTime":")" + format_time(time_ns) +
         R"(","Computer":"pc-)" + std::to_string(host) + R"(","Image":"C:\\Tools\\)" + image +
         R"(","CommandLine":")" + image + " " + line + R"(","User":"ann"})";
}

void play_windows(History& history) {
  std::uint64_t seed = 11;
  const auto random = [&](std::uint64_t n) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (seed >> 33) % n;
  };
  history.start(history.load_text(kWindowsRules));
  for (int delivery = 0; delivery < 40; ++delivery) {
    std::vector<Line> lines;
    for (int i = 0; i < 60; ++i) {
      std::int64_t time_ns = kBegin + (delivery * 60 + i) * 5 * kSecond;
      if (delivery > 20 && random(50) == 0) time_ns -= 40 * kHour;  // beyond the lateness
      const bool other_part = delivery % 10 < 6;                    // blocks without any
      const bool odd = random(300) == 0;
      const std::string image = odd                                ? "\\u0074ool.exe"
                                : !other_part && random(20) == 0 ? "Tool.EXE"
                                                                 : "word.exe";
      lines.emplace_back(2, process_event(time_ns, static_cast<int>(random(5)), image,
                                          random(3) != 0 ? "-dump x" : "-help"));
    }
    history.push(lines);
  }
  history.push({{2, process_event(kBegin + 48 * kHour, 1, "word.exe", "-help")}});
  history.push({{2, process_event(kBegin + 48 * kHour, 1, "word.exe", "-help")}});
  history.stop();
}

BacktestOptions keeping(Alerts& alerts, BacktestOptions options) {
  options.alert = [&](const Alert& alert) {
    const auto again = alert_from_json(*parse_json(dump_json(to_json(alert))));  // as stored
    alerts[alert.id] = dump_json(to_json(*again));
  };
  options.withdrawn = [&](const std::string& id) { alerts.erase(id); };
  return options;
}

TEST(Backtest, WhatNoRuleCanFireOnIsNotRead) {
  History h("windows");
  play_windows(h);
  const auto packed = [&] {
    const auto one = h.store().pack();
    EXPECT_TRUE(one) << one.error().what;
    return one && *one;
  };
  std::size_t blocks = 0;
  while (packed()) ++blocks;
  ASSERT_GT(blocks, 4U);
  const std::string all = kWindowsRules;
  for (const std::string& rules : {all, all.substr(0, all.find("picket:"))}) {
    const Detection detection = h.load_text(rules);
    const std::int64_t middle = kBegin + 90 * 60 * kSecond;
    for (const auto& [from_ns, to_ns] : {std::pair(INT64_MIN, INT64_MAX), std::pair(middle, INT64_MAX),
                                         std::pair(kBegin, middle)}) {
      Alerts of_whole;
      Alerts of_part;
      const auto whole = h.run(detection, keeping(of_whole, {.from_ns = from_ns, .to_ns = to_ns, .read_all = true}));
      const auto part = h.run(detection, keeping(of_part, {.from_ns = from_ns, .to_ns = to_ns}));
      ASSERT_TRUE(whole && part);
      EXPECT_GT(of_whole.size(), 0U) << from_ns << " " << to_ns << " " << whole->totals.hits;
      EXPECT_EQ(of_part, of_whole);
      EXPECT_EQ(part->totals.events, whole->totals.events);
      EXPECT_EQ(part->totals.events_before, whole->totals.events_before);
      EXPECT_EQ(part->totals.hits, whole->totals.hits);
      EXPECT_EQ(part->totals.late, whole->totals.late);
      EXPECT_EQ(whole->totals.bytes_ruled_out, 0U);
      EXPECT_GT(part->totals.bytes_ruled_out, part->totals.bytes_scanned / 2);
      if (from_ns == INT64_MIN && to_ns == INT64_MAX && rules == all) {
        EXPECT_EQ(of_part, h.stored_alerts());
      }
    }
  }
  // What is not sure is read: a test that must be false, a keyword, a field that is the same in all events, a
  // number, and any of all that.
  for (const char* const rule :
       {"a: {CommandLine|contains: absent}\n  condition: not a", "a: [dump]\n  condition: a",
        "a: {event.category: process}\n  condition: a", "a: {EventID: 1}\n  condition: a",
        "a: {CommandLine|contains: absent}\n  b: {EventID: 1}\n  condition: a or b"}) {
    const Detection detection = h.load_text("title: T\nid: 6f4a3a5e-0000-4000-8000-000000000024\nlevel: low\n"
                                            "logsource: {product: windows}\ndetection:\n  " +
                                            std::string(rule) + "\n");
    const auto result = h.run(detection, {});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->totals.bytes_ruled_out, 0U) << rule;
    EXPECT_GT(result->totals.hits, 0U) << rule;
  }
}

TEST_F(BacktestTest, TheReportAddsUp) {
  const Detection detection = h->load_text(kRules);
  const auto result = h->run(detection, {});
  ASSERT_TRUE(result);
  const auto diff = diff_with_stored(h->store(), *detection.rules, *result);
  ASSERT_TRUE(diff);
  SampleReader samples(h->store(), detection, kept_source_formats(h->store()));
  const Json json = backtest_json(*result, &*diff, detection, samples);
  EXPECT_EQ(json["complete"], true);
  EXPECT_EQ(json["from"], nullptr);
  std::uint64_t of_rules = 0;
  for (const Json& rule : json["rules"]) {
    of_rules += rule["alerts"].get<std::uint64_t>();
    std::uint64_t of_days = 0;
    for (const Json& day : rule["days"]) of_days += day["alerts"].get<std::uint64_t>();
    EXPECT_EQ(of_days, rule["alerts"]) << rule["rule"];
    ASSERT_LE(rule["samples"].size(), 3U);
    for (const Json& sample : rule["samples"]) {
      EXPECT_EQ(sample["event"]["picket"]["source"], sample["alert"]["trigger"]["source"]);
      EXPECT_EQ(sample["event"]["picket"]["seq"], sample["alert"]["trigger"]["seq"]);
    }
  }
  EXPECT_EQ(of_rules, json["totals"]["alerts"]);
  EXPECT_EQ(of_rules, h->stored().size());
  std::uint64_t of_days = 0;
  for (const Json& day : json["days"]) of_days += day["alerts"].get<std::uint64_t>();
  EXPECT_EQ(of_days, of_rules);
  ASSERT_FALSE(json["entities"].empty());
  EXPECT_EQ(json["diff"]["same"], of_rules);
}

// As the API asks for them.
class Desk {
 public:
  explicit Desk(History& history, const Detection& live)
      : config_(history.config()),
        desk_({history.store(), config_, content_, history.systems(), clock_,
               kept_source_formats(history.store()), [&live] { return live; }}) {
    config_.data = history.folder().string();
  }

  BacktestDesk& operator*() { return desk_; }
  BacktestDesk* operator->() { return &desk_; }
  Json wait(const Json& started) {
    const std::string id = started["id"].get<std::string>();
    for (;;) {
      const auto now = desk_.get(id);
      EXPECT_TRUE(now);
      if (!now || (*now)["status"] != "running") return now ? *now : Json();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

 private:
  Config config_;
  ContentPaths content_{PICKET_SOURCE_DIR "/content"};
  RealClock clock_;
  BacktestDesk desk_;
};

TEST_F(BacktestTest, TheDeskRunsThemOneAtATime) {
  const Detection live = h->load_text(kRules);
  Desk desk(*h, live);
  const auto first = desk->start({});
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_EQ((*first)["status"], "running");
  const auto second = desk->start({});
  if (!second) {
    EXPECT_EQ(second.error().code, Errc::kBusy);
  }
  const Json done = desk.wait(*first);
  EXPECT_EQ(done["status"], "done");
  EXPECT_EQ(done["result"]["diff"]["same"], h->stored().size());
  EXPECT_EQ(done["result"]["diff"]["new"], 0);
  if (second) desk.wait(*second);

  // Rules of the request: under their own names, wherever those point.
  const std::string one = std::string(kRules).substr(0, std::string(kRules).find("---"));
  const auto given = desk->start({.rules = {{"../../my rule", one}}, .diff_live = false});
  ASSERT_TRUE(given) << given.error().what;
  const Json result = desk.wait(*given)["result"];
  ASSERT_EQ(result["rules"].size(), 1U) << result;
  EXPECT_EQ(result["rules"][0]["rule"]["path"], "000-.._.._my_rule.yml");
  EXPECT_EQ(result["rules"][0]["samples"][0]["alert"]["rule"]["path"], "000-.._.._my_rule.yml");
  EXPECT_GT(result["rules"][0]["alerts"], 0);
  EXPECT_FALSE(result.contains("diff"));

  const auto wrong = desk->start({.rules = {{"a.yml", "title: nothing"}}});
  ASSERT_TRUE(wrong);
  const Json failed = desk.wait(*wrong);
  EXPECT_EQ(failed["status"], "failed");
  EXPECT_NE(failed["failure"].get<std::string>().find("no rule is active"), std::string::npos);
  for (const auto& entry : std::filesystem::directory_iterator(h->folder()))
    EXPECT_FALSE(entry.path().filename().string().starts_with("backtest-")) << entry.path();

  for (std::size_t i = 0; i < BacktestDesk::kKept; ++i)
    desk.wait(*desk->start({.from_ns = kBegin + 90 * kHour}));
  EXPECT_EQ(desk->list().size(), BacktestDesk::kKept);
  EXPECT_FALSE(desk->get((*first)["id"].get<std::string>()));  // forgotten
  const std::string last = desk->list()[0]["id"].get<std::string>();
  EXPECT_TRUE(desk->cancel(last));
  EXPECT_FALSE(desk->get(last));
  EXPECT_EQ(desk->list().size(), BacktestDesk::kKept - 1);
  desk->stop();
  EXPECT_FALSE(desk->start({}));
}

}  // namespace
}  // namespace picket::app
