// What is noted about every event: times clamped, skew counted.
#include "parsers/parse_counters.h"
#include "tests/parsers/parsing.h"

namespace picket::parsers {
namespace {

constexpr std::int64_t kMinute = 60LL * 1'000'000'000;

Parsing live(bool keep_all_fields) {
  return Parsing(keep_all_fields, {.future_max_ns = 5 * kMinute});
}

TEST(Times, TooFarAheadIsTheTimeOfArrival) {
  for (const bool keep_all : {true, false}) {
    Parsing p = live(keep_all);
    for (const char* line : {"<13>1 2026-03-01T12:10:00.5Z h app - - - x",
                             R"({"@timestamp":"2026-03-01T12:10:00.5Z","message":"x"})",
                             "<13>2026-03-01T12:10:00.5Z h app: x"}) {
      p.parse(line);
      EXPECT_EQ(p.event().time_ns, kReceived) << line;
      EXPECT_EQ(p.original("picket.time_stated"), "2026-03-01T12:10:00.500Z") << line;
      EXPECT_EQ(p.original("picket.time_clamped"), "true") << line;
    }
    const Json json = parse_json(p.json()).value();
    EXPECT_EQ(json["@timestamp"], "2026-03-01T12:00:00Z");
    EXPECT_EQ(json["event"]["ingested"], "2026-03-01T12:00:00Z");
    EXPECT_EQ(json["picket"]["time_stated"], "2026-03-01T12:10:00.500Z");
    EXPECT_EQ(json["picket"]["time_clamped"], true);
  }
}

TEST(Times, WithinTheBoundAndInThePastAreAsStated) {
  Parsing p = live(true);
  for (const char* time :
       {"2026-03-01T12:05:00Z", "2026-03-01T11:00:00Z", "1971-01-01T00:00:00Z"}) {
    p.parse("<13>1 " + std::string(time) + " h app - - - x");
    EXPECT_EQ(p.time(), time);
    EXPECT_EQ(p.original("picket.time_clamped"), "<none>");
  }
}

TEST(Times, NothingIsClampedWhereArrivalSaysNothing) {
  Parsing p;
  p.parse("<13>1 2099-03-01T12:10:00Z h app - - - x");
  EXPECT_EQ(p.time(), "2099-03-01T12:10:00Z");
  EXPECT_EQ(p.original("picket.time_clamped"), "<none>");
}

// A record that says of itself that it was clamped is not believed.
TEST(Times, TheRecordsOwnWordIsNotOurs) {
  Parsing p = live(true);
  p.parse(
      R"({"@timestamp":"2026-03-02T12:00:00Z","picket":{"time_stated":"never","time_clamped":false}})");
  const Json json = parse_json(p.json()).value();
  EXPECT_EQ(json["picket"]["time_stated"], "2026-03-02T12:00:00Z");
  EXPECT_EQ(json["picket"]["time_clamped"], true);
}

TEST(Skew, IsCountedBySource) {
  Parser parser(shipped_catalog(), false);
  parser.set_source(SourceId{1}, {.future_max_ns = 5 * kMinute});
  Batch batch;
  for (int i = 1; i <= 10; ++i) {
    char line[80];
    std::snprintf(line, sizeof line, "<13>1 2026-03-01T12:%02d:00Z h app - - - x", i);
    batch.add(line, SourceId{1}, 0, kReceived);
  }
  batch.add("no time here", SourceId{1}, 0, kReceived);
  batch.add("no time here", SourceId{0}, 0, kReceived);
  parser.parse(batch);
  const ParseCounters& counters = parser.counters();
  ASSERT_EQ(counters.sources.size(), 2u);
  EXPECT_EQ(counters.sources[0].records, 1u);
  EXPECT_EQ(counters.sources[0].skew.percentile_ns(50), std::nullopt);
  const SourceCounters& source = counters.sources[1];
  EXPECT_EQ(source.records, 11u);
  EXPECT_EQ(source.clamped, 5u);
  EXPECT_EQ(source.skew.stated(), 10u);
  EXPECT_EQ(source.skew.percentile_ns(0), kMinute);
  EXPECT_EQ(source.skew.percentile_ns(50), 5 * kMinute);
  EXPECT_EQ(source.skew.percentile_ns(100), 10 * kMinute);
}

TEST(Skew, ForgetsWhatIsLongAgo) {
  Skew skew;
  for (int i = 0; i < 1000; ++i) skew.add(kMinute);
  for (std::size_t i = 0; i < Skew::kKept; ++i) skew.add(-2);
  EXPECT_EQ(skew.percentile_ns(100), -2);
  EXPECT_EQ(skew.stated(), 1000 + Skew::kKept);
}

// Farther apart than a count of nanoseconds can be.
TEST(Skew, OfInstantsAtBothEnds) {
  Parsing p = live(true);
  p.parse("<13>1 2262-01-01T00:00:00Z h app - - - x", INT64_MIN + 1);
  EXPECT_EQ(p.event().time_ns, INT64_MIN + 1);
  p.parse("<13>1 1700-01-01T00:00:00Z h app - - - x", INT64_MAX);
  EXPECT_EQ(p.original("picket.time_clamped"), "<none>");
}

}  // namespace
}  // namespace picket::parsers
