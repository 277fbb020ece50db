// What is usual is learned by the hour of the week; silence, slowness and floods are told of once, and again
// when they end. Played in simulated time.
#include "app/source_watch.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace picket::app {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kMonday = std::chrono::hours(24 * (365 * 50 + 12 + 5));  // 2020-01-06T00:00Z

// One source; `rate` says how many records a minute it sends.
class Play {
 public:
  Play() : watch_({true}) {}

  void run(Nanos time, const std::function<double(Nanos since_monday)>& rate) {
    for (const Nanos end = now_ + time; now_ < end; now_ += 10s) {
      owed_ += rate(now_ - kMonday) / 6;
      const auto whole = static_cast<std::uint64_t>(owed_);
      records_ += whole;
      owed_ -= static_cast<double>(whole);
      for (const SourceChange& change : watch_.look({{records_}}, now_)) {
        said_.push_back(std::string(source_state_name(change.now)) + " at " +
                        std::to_string((now_ - kMonday) / 1min));
        last_ = change;
      }
    }
  }
  std::vector<std::string> take_said() { return std::exchange(said_, {}); }
  Nanos since_monday() const { return now_ - kMonday; }
  const SourceChange& last() const { return last_; }

  // Another process: it counts from zero, and knows what was saved.
  void restart(Nanos down) {
    const Json saved = watch_.save(0);
    watch_ = SourceWatch({true});
    watch_.restore(0, saved);
    records_ = 0;
    now_ += down;
  }

 private:
  SourceWatch watch_;
  Nanos now_ = kMonday;
  std::uint64_t records_ = 0;
  double owed_ = 0;
  std::vector<std::string> said_;
  SourceChange last_;
};

using Said = std::vector<std::string>;

double steady(Nanos) { return 6; }
double nothing(Nanos) { return 0; }

TEST(SourceWatch, KnowsTheHoursOfTheWeek) {
  // A Monday's midnight is where the test believes it to be.
  EXPECT_EQ(std::chrono::weekday(std::chrono::floor<std::chrono::days>(
                std::chrono::sys_time<Nanos>(kMonday))),
            std::chrono::Monday);
}

TEST(SourceWatch, SaysNothingBeforeItHasLearned) {
  Play play;
  play.run(50min, steady);
  play.run(3h, nothing);
  EXPECT_EQ(play.take_said(), Said{});
}

TEST(SourceWatch, TellsOfASilenceOnceAndOfItsEnd) {
  Play play;
  play.run(3h, steady);
  EXPECT_EQ(play.take_said(), Said{});
  play.run(9h, nothing);
  EXPECT_EQ(play.take_said(), Said{"silent at 185"});  // after five minutes
  EXPECT_EQ(play.last().last_record - kMonday, 3h - 10s);
  EXPECT_NEAR(play.last().usual_per_hour, 360, 1);
  play.run(1min, steady);
  EXPECT_EQ(play.take_said(), Said{"normal at 720"});
  EXPECT_EQ(play.last().before, SourceState::kSilent);
  EXPECT_EQ(play.last().last_record - kMonday, 3h - 10s);
}

TEST(SourceWatch, ASeldomSourceHasTime) {
  Play play;
  const auto seldom = [](Nanos) { return 1 / 20.0; };  // three an hour
  play.run(12h, seldom);
  play.run(1h, nothing);
  EXPECT_EQ(play.take_said(), Said{});
  play.run(2h, nothing);
  EXPECT_EQ(play.take_said().size(), 1U);
}

TEST(SourceWatch, NightsAndBurstsAreUsual) {
  Play office;
  const auto hours = [](Nanos since) {
    const auto hour = since / 1h % 24;
    return hour >= 8 && hour < 17 ? 30.0 : hour == 17 ? 2.0 : 0.0;
  };
  office.run(14 * 24h, hours);
  office.take_said();  // of the first days nothing is known yet
  office.run(7 * 24h, hours);
  EXPECT_EQ(office.take_said(), Said{});
  office.run(9h, hours);  // a fourth Monday, and from nine on silence
  office.run(12min, nothing);
  EXPECT_EQ(office.take_said().size(), 1U);

  Play backup;  // ten minutes each night
  const auto nightly = [](Nanos since) { return since % 24h < 10min ? 500.0 : 0.0; };
  backup.run(14 * 24h, nightly);
  backup.take_said();
  backup.run(7 * 24h, nightly);
  EXPECT_EQ(backup.take_said(), Said{});
}

TEST(SourceWatch, TellsOfAnHourThatWasSlow) {
  Play play;
  play.run(30h, steady);
  play.run(1h, [](Nanos) { return 1.0; });
  EXPECT_EQ(play.take_said(), Said{});
  play.run(10s, steady);
  EXPECT_EQ(play.take_said(), Said{"slow at 1860"});
  EXPECT_NEAR(play.last().current_per_hour, 60, 1);
  play.run(2h, steady);
  EXPECT_EQ(play.take_said(), Said{"normal at 1920"});
}

TEST(SourceWatch, TellsOfAFlood) {
  Play play;
  play.run(30h, [](Nanos) { return 300.0; });
  play.run(10min, [](Nanos) { return 9000.0; });
  const Said flood = play.take_said();
  ASSERT_EQ(flood.size(), 1U);
  EXPECT_TRUE(flood[0].starts_with("flood at 180")) << flood[0];
  play.run(20min, [](Nanos) { return 300.0; });
  EXPECT_EQ(play.take_said().size(), 1U);
  // Few records are no flood, however many times they are.
  Play quiet;
  quiet.run(30h, [](Nanos) { return 1.0; });
  quiet.run(10min, [](Nanos) { return 100.0; });
  EXPECT_EQ(quiet.take_said(), Said{});
}

TEST(SourceWatch, ARestartNeitherForgetsNorRepeats) {
  Play play;
  play.run(3h, steady);
  play.restart(0s);
  play.run(6min, nothing);
  EXPECT_EQ(play.take_said().size(), 1U);
  play.restart(10min);
  play.run(1h, nothing);
  EXPECT_EQ(play.take_said(), Said{});
  play.run(1min, steady);
  EXPECT_EQ(play.take_said().size(), 1U);
  // The time in which we were not there is nobody's silence.
  play.run(1h, steady);
  play.restart(5h);
  play.run(10min, steady);
  EXPECT_EQ(play.take_said(), Said{});
}

TEST(SourceWatch, DamagedMemoryIsLeftOut) {
  for (const char* text : {R"([])", R"({"any": 7, "hours": [[1]]})", R"({"any": [1e400, -5, 1]})",
                           R"({"state": 3, "hours": {}})", R"({"any": [-1, "x", 2]})"}) {
    SourceWatch watch({true});
    if (const auto json = parse_json(text)) watch.restore(0, *json);
    EXPECT_TRUE(watch.look({{1}}, kMonday).empty()) << text;
    EXPECT_TRUE(watch.look({{1}}, kMonday + 2h).empty()) << text;
  }
}

TEST(SourceWatch, WhatIsNotWatchedIsNotSpokenOf) {
  SourceWatch watch({false});
  for (Nanos now = kMonday; now < kMonday + 5h; now += 1min)
    EXPECT_TRUE(watch.look({{now < kMonday + 2h ? static_cast<std::uint64_t>(now / 1min) : 0}}, now).empty());
}

}  // namespace
}  // namespace picket::app
