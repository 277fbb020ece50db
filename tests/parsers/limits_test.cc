// Every bound of the parser: what is beyond it does no harm, what is within it is read, and the
// record says and counts which bound it met.
#include "parsers/limits.h"

#include "parsers/formats/pair.h"
#include "parsers/json_reader.h"
#include "parsers/steps/work.h"
#include "tests/parsers/parsing.h"

namespace picket::parsers {
namespace {

// One parser for all: making one takes longer than what it is made for.
Parsing& people() {
  static Parsing parsing;
  parsing.parser().note_for_people();
  return parsing;
}

// Of the one source there is.
std::uint64_t counted(Parsing& p, Limit limit) {
  return p.parser().counters().sources.at(0).limits[static_cast<std::size_t>(limit)];
}

// The record is one event, comes back as it was, and is counted under that reason alone.
void expect_limited(const std::string& record, Limit limit, std::string_view status) {
  Parsing& p = people();
  std::array<std::uint64_t, kLimits> before{};
  if (!p.parser().counters().sources.empty()) before = p.parser().counters().sources[0].limits;
  p.parse(record);
  const std::string name(limit_name(limit));
  EXPECT_EQ(p.original("picket.limits"), "[\"" + name + "\"]");
  EXPECT_EQ(p.status(), status) << name;
  const Json json = parse_json(p.json(), {.bytes_max = 64U << 20U}).value();
  EXPECT_EQ(json["event"]["original"], record) << name;
  EXPECT_EQ(json["picket"]["limits"], Json{name});
  for (std::size_t i = 0; i < kLimits; ++i) {
    const std::uint64_t more = i == static_cast<std::size_t>(limit) ? 1 : 0;
    EXPECT_EQ(counted(p, static_cast<Limit>(i)), before[i] + more) << name;
  }
}

void expect_read(const std::string& record) {
  Parsing& p = people();
  p.parse(record);
  EXPECT_EQ(p.original("picket.limits"), "<none>") << record.substr(0, 80);
}

std::string nested(std::size_t depth) {
  std::string json;
  for (std::size_t i = 0; i < depth; ++i) json += "{\"a\":";
  return json + "1" + std::string(depth, '}');
}

std::string keys(std::size_t count) {
  std::string json = "{";
  for (std::size_t i = 0; i < count; ++i)
    json += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
  return json + "}";
}

TEST(Limits, Nesting) {
  expect_read(nested(JsonReader::kDepthMax));
  expect_limited(nested(JsonReader::kDepthMax + 1), Limit::kNesting, "raw");
  expect_limited(nested(20'000), Limit::kNesting, "raw");
  std::string xml =
      "<Event><System><EventID>1</EventID><Channel>Security</Channel></System><UserData>";
  for (int i = 0; i < 100; ++i) xml += "<a>";
  expect_limited(xml, Limit::kNesting, "parsed");
}

TEST(Limits, NumberOfFields) {
  expect_read(keys(JsonReader::kKeysMax));
  expect_limited(keys(JsonReader::kKeysMax + 1), Limit::kFields, "raw");
  std::string params = "<13>1 - h app - - [a@1";
  for (int i = 0; i < 3000; ++i) params += " p" + std::to_string(i) + "=\"v\"";
  expect_limited(params + "] x", Limit::kFields, "partial");
}

TEST(Limits, LengthOfAName) {
  expect_read("{\"" + std::string(512, 'n') + "\":1}");
  for (int again = 0; again < 3; ++again) {
    expect_limited("{\"" + std::string(513, 'n') + "\":1,\"b\":2}", Limit::kFieldName, "parsed");
    EXPECT_EQ(people().original("b"), "2");
  }
  expect_limited("CEF:0|v|p|1|c|n|5|" + std::string(600, 'n') + "=v src=192.0.2.1",
                 Limit::kFieldName, "parsed");
  EXPECT_EQ(people().ecs("source.address"), "192.0.2.1");
}

// A value is as long as its record at most, and that is cut by the door.
TEST(Limits, Size) {
  Parsing& p = people();
  p.batch().clear();
  p.batch().add("{\"a\":\"cut in the mid", SourceId{0}, 0, kReceived).length = 70'000;
  const std::uint64_t before = counted(p, Limit::kSize);
  p.parser().parse(p.batch());
  EXPECT_EQ(counted(p, Limit::kSize), before + 1);
  EXPECT_EQ(p.original("picket.limits"), "[\"size\"]");
  EXPECT_EQ(parse_json(p.json()).value()["picket"]["truncated_from"], 70'000);
}

// Detection counts the same, and says nothing.
TEST(Limits, AreCountedForDetection) {
  static Parsing p(false);
  p.parse(nested(JsonReader::kDepthMax + 1));
  p.parse(keys(JsonReader::kKeysMax + 1));
  p.parse("{\"" + std::string(513, 'n') + "\":1}");
  p.parse("{\"a\":1}");
  EXPECT_EQ(counted(p, Limit::kNesting), 1u);
  EXPECT_EQ(counted(p, Limit::kFields), 1u);
  EXPECT_EQ(counted(p, Limit::kFieldName), 1u);
  EXPECT_EQ(p.parser().counters().sources[0].limited, 3u);
  EXPECT_EQ(p.original("picket.limits"), "<none>");
}

TEST(Reading, IsCountedBySource) {
  static Parsing p(false);
  p.parse("<86>Mar  1 10:00:00 web sshd[7]: Failed password for root from 192.0.2.9 port 22 ssh2");
  p.parse("{\"nobody\":\"knows\"}");
  p.parse("<13>1 2026-03-01T10:00:00Z web nobodys-program - - - nobody knows this");
  p.parse("no envelope, nobody's");
  const SourceCounters& source = p.parser().counters().sources.at(0);
  EXPECT_EQ(source.records, 4u);
  EXPECT_EQ(source.recognised, 1u);
  EXPECT_EQ(source.partial, 1u);
  EXPECT_EQ(source.raw, 1u);
}

}  // namespace
}  // namespace picket::parsers
