// The nouns: values of fields, kinds and their ECS names, and the JSON of events and alerts.
#include "event/event.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "event/ecs.h"
#include "event/event_json.h"
#include "event/incident.h"

namespace picket {
namespace {

TEST(Field, TextIsUnescaped) {
  const auto text = [](std::string_view token, std::string_view expected) {
    Arena arena;
    const Field field{token.data(), static_cast<std::uint32_t>(token.size()), FieldId{}, ValueKind::kString, true};
    EXPECT_EQ(field_text(field, arena), expected) << token;
  };
  text(R"(C:\\Windows\\x.exe)", R"(C:\Windows\x.exe)");
  text(R"(\"quoted\"\r\n\t\/)", "\"quoted\"\r\n\t/");
  text(R"(s\u1ef1 c\u1ed1)", "sự cố");
  text(R"(\ud83d\ude00)", "\xF0\x9F\x98\x80");
  // Damaged
  text(R"(\ud83d alone)", "\xEF\xBF\xBD alone");
  text(R"(\u12)", "\xEF\xBF\xBD" "12");
  text(R"(ends in \)", "ends in \\");
}

TEST(Field, ElementsOfArrays) {
  const auto elements = [](std::string_view array) {
    std::string text;
    Field element;
    for (std::size_t at = 0; next_element(array, at, element);) text += std::string(element.token()) + "|";
    return text;
  };
  EXPECT_EQ(elements(R"([])"), "");
  EXPECT_EQ(elements(R"(["a, b]", 1 ,true,null,"\"x"])"), R"(a, b]|1|true|null|\"x|)");
  EXPECT_EQ(elements(R"([[1,2],{"a":"]"}])"), R"([1,2]|{"a":"]"}|)");
  EXPECT_EQ(elements("[\"unterminated"), "unterminated|");
}

KindId test_kind() {
  EventKind kind;
  kind.dataset = "test.dataset";
  kind.code = 7;
  kind.layer = Layer::kEndpoint;
  kind.constants = {{ecs::kEventCategory, "process"}};
  kind.aliases = {{ecs::kProcessExecutable, *intern_field("Image")}, {ecs::kUserName, *intern_field("User")}};
  return intern_kind(std::move(kind));
}

TEST(Event, EcsNamesReachOriginalFields) {
  Batch batch;
  batch.add(R"({"Image":"C:\\x.exe","Other":5})", SourceId{}, 3, 0);
  Event& event = batch.begin_event();
  event.kind = test_kind();
  event.layer = Layer::kEndpoint;
  event.status = ParseStatus::kParsed;
  batch.push(Field{R"(C:\\x.exe)", 9, *find_field("Image"), ValueKind::kString, true});
  EXPECT_EQ(batch.text(event, ecs::kProcessExecutable), R"(C:\x.exe)");
  EXPECT_EQ(batch.text(event, *find_field("Image")), R"(C:\x.exe)");
  EXPECT_EQ(batch.text(event, ecs::kEventCategory), "process");
  EXPECT_EQ(batch.text(event, ecs::kObserverLayer), "endpoint");
  EXPECT_EQ(batch.text(event, ecs::kUserName), std::nullopt);
  EXPECT_EQ(test_kind(), test_kind());

  const Json json = event_json(batch, event, "ws");
  EXPECT_EQ(json["process"]["executable"], R"(C:\x.exe)");
  EXPECT_EQ(json["Other"], 5);
  EXPECT_EQ(json["event"]["dataset"], "test.dataset");
  EXPECT_EQ(json["event"]["original"], R"({"Image":"C:\\x.exe","Other":5})");
  EXPECT_EQ(json["picket"]["seq"], 3);
}

// {"src":...,"peer":...,"ips":...}, of which the first two stand for source.ip, the last for host.ip.
Json addresses_json(Batch& batch, std::string_view src, std::string_view peer, std::string_view ips) {
  EventKind kind;
  kind.dataset = "test.addresses";
  const FieldId names[] = {*intern_field("src"), *intern_field("peer"), *intern_field("ips")};
  kind.aliases = {{ecs::kHostIp, names[2]}, {ecs::kSourceIp, names[0]}, {ecs::kSourceIp, names[1]}};
  std::sort(kind.aliases.begin(), kind.aliases.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  batch.clear();
  batch.add("a line", SourceId{}, 0, 0);
  Event& event = batch.begin_event();
  event.kind = intern_kind(std::move(kind));
  const std::string_view values[] = {src, peer, ips};
  for (std::size_t i = 0; i < 3; ++i) {
    if (values[i].empty()) continue;
    const ValueKind type = values[i][0] == '[' ? ValueKind::kArray : ValueKind::kString;
    batch.push(Field{values[i].data(), static_cast<std::uint32_t>(values[i].size()), names[i], type, false});
  }
  return event_json(batch, event, "");
}

TEST(Event, AddressesAreAddresses) {
  Batch batch;
  Json json = addresses_json(batch, "192.0.2.1", "192.0.2.2", R"(["2001:db8::1","x","192.0.2.3"])");
  EXPECT_EQ(json["source"]["ip"], "192.0.2.1");
  EXPECT_EQ(dump_json(json["host"]["ip"]), R"(["2001:db8::1","192.0.2.3"])");
  EXPECT_EQ(dump_json(json["ips"]), R"(["2001:db8::1","x","192.0.2.3"])");
  json = addresses_json(batch, "999.1.1.1", "192.0.2.2", R"(["x"])");
  EXPECT_EQ(json["source"]["ip"], "192.0.2.2") << "another field stands for it";
  EXPECT_EQ(json["src"], "999.1.1.1") << "kept where it was found";
  EXPECT_EQ(batch.text(batch.events()[0], ecs::kSourceIp), "192.0.2.2");
  EXPECT_FALSE(json.contains("host"));
  EXPECT_EQ(dump_json(json["ips"]), R"(["x"])");
  json = addresses_json(batch, "web-1", "192.0.2.2:80", "");
  EXPECT_FALSE(json.contains("source"));
  EXPECT_EQ(json["src"], "web-1");
  EXPECT_EQ(json["peer"], "192.0.2.2:80");
  EXPECT_EQ(batch.text(batch.events()[0], ecs::kSourceIp), std::nullopt);
}

TEST(Event, NestedNamesNeverLoseAValue) {
  Json json = Json::object();
  set_nested(json, "a.b", 1);
  set_nested(json, "a.b.c", 2);
  set_nested(json, "a.d", 3);
  EXPECT_EQ(dump_json(json), R"({"a":{"b":1,"b.c":2,"d":3}})");
}

Alert sample_alert() {
  Alert alert;
  alert.kind = AlertKind::kCorrelation;
  alert.time_ns = 1'700'000'000'123'000'000;
  alert.rule = {"id-1", "A rule", Level::kHigh, "hash", "rules/x.yml"};
  alert.tags = {"attack.t1110"};
  alert.layer = Layer::kServer;
  alert.group = {{"source.ip", "203.0.113.7"}};
  alert.window = {1, 2, 50};
  alert.trigger = {SourceId{}, "auth.log", 66, alert.time_ns};
  alert.events = {alert.trigger};
  alert.matches = {{alert.trigger, "sel", 12, "process.command_line", "CommandLine", "value", 1, 3}};
  alert.entities = {{"ip", "203.0.113.7"}};
  alert.layers = {Layer::kServer};
  alert.id = make_alert_id(alert);
  return alert;
}

TEST(Alert, JsonRoundTripsAndTheIdIsDeterministic) {
  const Alert alert = sample_alert();
  const auto again = alert_from_json(to_json(alert));
  ASSERT_TRUE(again);
  EXPECT_EQ(dump_json(to_json(*again)), dump_json(to_json(alert)));
  Alert other = sample_alert();
  other.hit_count = 99;
  EXPECT_EQ(make_alert_id(other), alert.id);
  other.trigger.seq = 67;
  EXPECT_NE(make_alert_id(other), alert.id);
  EXPECT_FALSE(alert_from_json(Json{{"id", 5}}));
}

TEST(Incident, JsonRoundTrips) {
  Incident incident;
  incident.id = "x";
  incident.number = 4;
  incident.layers = {Layer::kNetwork, Layer::kEndpoint};
  TimelineEntry entry;
  entry.time_ns = 1;
  entry.alert_id = "alert";
  entry.rule_id = "rule";
  entry.rule_name = "name";
  entry.level = Level::kLow;
  entry.layer = Layer::kNetwork;
  entry.tactics = {"initial-access"};
  entry.same = "user=binh";
  incident.timeline = {entry};
  const auto again = incident_from_json(to_json(incident));
  ASSERT_TRUE(again);
  EXPECT_EQ(dump_json(to_json(*again)), dump_json(to_json(incident)));
}

}  // namespace
}  // namespace picket
