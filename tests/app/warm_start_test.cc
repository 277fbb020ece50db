// A correlation that is put to use on a running server raises, from then on, exactly what it would
// raise had it been in use since ever; of what was before only what late records touch again.
#include "app/warm_start.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "app/known_sources.h"
#include "app/warm_filling.h"
#include "history.h"

namespace picket::app {
namespace {

constexpr std::size_t kSwapAt = 12;  // deliveries of 21: in the middle of everything

// The same detections, and correlations that are none of kRules.
std::string other_rules() {
  std::string text = kRules;
  return text.substr(0, text.find("---\ntitle: Many failed"));
}

void wait_until_warm(History& history) {
  while (!history.engine().warming().rules.empty()) std::this_thread::yield();
  history.wait_for_round();  // its commit
}

// The stored correlation alerts, without the folder of their rules.
Alerts correlations_of(History& history) {
  Alerts found;
  for (auto [id, json] : history.stored_alerts()) {
    if (json.find("\"kind\":\"correlation\"") == std::string::npos) continue;
    const std::string folder = history.folder().string();
    for (std::size_t at = 0; (at = json.find(folder)) != std::string::npos;)
      json.erase(at, folder.size());
    found.emplace(id, json);
  }
  return found;
}

struct Wanted {
  Alerts before;  // raised before the swap, by rules that have been in use since ever
  Alerts after;   // raised, or grown, after it
};

// One line for each alert that is wrong.
std::vector<std::string> differences(const Alerts& found, const Wanted& want) {
  std::vector<std::string> all;
  const auto name = [](const std::string& json) {
    const std::size_t at = json.find("\"name\":");
    return json.substr(at, json.find(',', at) - at) + " " + json.substr(0, 40);
  };
  for (const auto& [id, json] : want.after) {
    const auto at = found.find(id);
    if (at == found.end()) all.push_back("missing " + name(json));
    if (at != found.end() && at->second != json)
      all.push_back("differs:\n" + at->second + "\n" + json);
  }
  std::size_t touched = 0;
  for (const auto& [id, json] : found) {
    if (want.after.contains(id)) continue;
    const auto before = want.before.find(id);
    ++touched;
    if (before == want.before.end() || before->second != json)
      all.push_back("too many " + name(json));
  }
  if (4 * touched > want.before.size()) all.push_back("what was before is raised again");
  if (all.size() > 20) all.resize(20);
  return all;
}

const Wanted& wanted() {
  static const Wanted kWanted = [] {
    History always("always");
    always.start(always.load_text(kRules));
    const auto deliveries = History::six_hours();
    for (std::size_t i = 0; i < kSwapAt; ++i) always.push(deliveries[i]);
    always.stop();  // tells of what has grown
    Wanted wanted;
    wanted.before = correlations_of(always);
    always.start(always.load_text(kRules));
    for (std::size_t i = kSwapAt; i < deliveries.size(); ++i) always.push(deliveries[i]);
    always.stop();
    for (const auto& [id, json] : correlations_of(always)) {
      const auto known = wanted.before.find(id);
      if (known == wanted.before.end() || known->second != json) wanted.after.emplace(id, json);
    }
    return wanted;
  }();
  return kWanted;
}

enum class When { kWarmFirst, kMeanwhile, kRestart, kRulesAtStart };

class WarmStartTest : public testing::TestWithParam<When> {};

TEST_P(WarmStartTest, IsAsIfItHadAlwaysBeen) {
  ASSERT_GT(wanted().before.size(), 40U);
  ASSERT_GT(wanted().after.size(), 40U);
  History history("swapped");
  history.start(history.load_text(other_rules()));
  const auto deliveries = History::six_hours();
  for (std::size_t i = 0; i < kSwapAt; ++i) history.push(deliveries[i]);
  if (GetParam() == When::kRulesAtStart) {  // changed while the server was down
    history.stop();
    history.start(history.load_text(kRules));
  } else {
    ASSERT_TRUE(history.engine().post_rules(history.load_text(kRules)));
    history.wait_for_round();
  }
  if (GetParam() == When::kWarmFirst) wait_until_warm(history);
  for (std::size_t i = kSwapAt; i < deliveries.size(); ++i) {
    history.push(deliveries[i]);
    if (i == kSwapAt && GetParam() == When::kRestart) {
      history.stop();
      history.start(history.load_text(kRules));
    }
  }
  wait_until_warm(history);
  history.stop();
  EXPECT_EQ(differences(correlations_of(history), wanted()), std::vector<std::string>());
}

INSTANTIATE_TEST_SUITE_P(, WarmStartTest,
                         testing::Values(When::kWarmFirst, When::kMeanwhile, When::kRestart,
                                         When::kRulesAtStart),
                         [](const auto& when) {
                           switch (when.param) {
                             case When::kWarmFirst:
                               return "WarmFirst";
                             case When::kMeanwhile:
                               return "Meanwhile";
                             case When::kRestart:
                               return "Restart";
                             case When::kRulesAtStart:
                               return "RulesAtStart";
                           }
                           return "";
                         });

TEST(WarmStartOf, UnchangedRulesKeepTheirState) {
  History history("unchanged");
  const auto load = [&](const std::string& threshold) {
    const std::string all = kRules;
    const std::size_t cut = all.find("---\ntitle: Backup not ended");
    const std::string kept = (history.folder() / "kept.yml").string();
    const std::string edited = (history.folder() / "edited.yml").string();
    std::ofstream(kept) << all.substr(0, cut);
    std::string text = all.substr(cut + 4);
    text.replace(text.find("timespan: 2m"), 12, "timespan: " + threshold);
    std::ofstream(edited) << text;
    return history.load({kept, edited});
  };
  history.start(load("2m"));
  const auto deliveries = History::six_hours();
  for (std::size_t i = 0; i < kSwapAt; ++i) history.push(deliveries[i]);
  EXPECT_TRUE(history.engine().warming().rules.empty()) << "there was nothing to read";
  ASSERT_TRUE(history.engine().post_rules(load("2m")));
  history.wait_for_round();
  EXPECT_TRUE(history.engine().warming().rules.empty()) << "nothing was changed";
  const Detection edited = load("3m");
  ASSERT_TRUE(history.engine().post_rules(edited));
  history.wait_for_round();
  wait_until_warm(history);
  for (std::size_t i = kSwapAt; i < deliveries.size(); ++i) history.push(deliveries[i]);
  history.stop();
  // Of the rules that were kept, all there would be without the swap.
  const Alerts again = history.backtest(load("2m"));
  std::size_t compared = 0;
  const Alerts stored = history.stored_alerts();
  for (const auto& [id, json] : again) {
    if (json.find("kept.yml") == std::string::npos) continue;
    ++compared;
    ASSERT_TRUE(stored.contains(id)) << json;
    EXPECT_EQ(stored.at(id), json);
  }
  EXPECT_GT(compared, 100U);
}

class FillingTest : public testing::Test {
 protected:
  FillingTest() {
    history_.start(history_.load_text(other_rules()));
    std::vector<Line> lines;  // so many that `cancelled` is asked
    for (const std::vector<Line>& some : History::six_hours()) {
      for (int i = 0; i < 4; ++i) lines.insert(lines.end(), some.begin(), some.end());
    }
    history_.push(lines);
    history_.push(lines);
    history_.stop();
    const Detection detection = history_.load_text(kRules);
    rules_.texts = detection.texts;
    rules_.catalog = detection.catalog;
    rules_.taxonomy = detection.taxonomy;
    cold("6f4a3a5e-0000-4000-8000-000000000005");
  }
  void cold(const std::string& id) { rules_.cold = {{.id = id, .basis = "b", .commit = 1000}}; }
  Result<std::unique_ptr<WarmFilling>> begin(std::size_t bytes_max) {
    return WarmFilling::begin(rules_, history_.store(), sources_, {}, {}, bytes_max);
  }

  History history_{"filling"};
  KnownSources sources_{history_.store(), history_.config(), history_.systems()};
  WarmRules rules_;
};

TEST_F(FillingTest, WhatCannotBeMadeIsRefused) {
  cold("of-nobody");
  const auto made = begin(WarmFilling::kStateBytesMax);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().what, "rule 'of-nobody' cannot be made from its texts");
}

TEST_F(FillingTest, ReadsAllOrNothing) {
  const std::uint64_t last = history_.store().last_commit();
  auto made = begin(WarmFilling::kStateBytesMax);
  ASSERT_TRUE(made) << made.error().what;
  const auto whole = (*made)->read_to(last, [] { return false; });
  ASSERT_TRUE(whole);
  EXPECT_TRUE(*whole);
  EXPECT_EQ((*made)->rows(), history_.pushed());
  EXPECT_EQ((*made)->commit(), last);
  const auto given_up = (*begin(WarmFilling::kStateBytesMax))->read_to(last, [] { return true; });
  ASSERT_TRUE(given_up);
  EXPECT_FALSE(*given_up);
  const auto too_large = (*begin(1000))->read_to(last, [] { return false; });
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, Errc::kLimit);
}

}  // namespace
}  // namespace picket::app
