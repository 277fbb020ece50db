// Events and alerts as OCSF: the class by what happened, and what every object must have.
#include "app/ocsf.h"

#include <gtest/gtest.h>

namespace picket::app {
namespace {

Json event(Json of) {
  of["@timestamp"] = "2026-01-01T00:00:00.123456789Z";
  of["event"]["original"] = "raw";
  of["event"]["dataset"] = "some.set";
  of["picket"] = {{"source", "auth"}, {"seq", 7}};
  return of;
}

void check_required(const Json& json) {
  for (const char* name :
       {"class_uid", "category_uid", "activity_id", "type_uid", "time", "severity_id"})
    EXPECT_TRUE(json.at(name).is_number_integer()) << name << " " << json;
  EXPECT_EQ(json["metadata"]["version"], "1.3.0");
  EXPECT_EQ(json["metadata"]["product"]["vendor_name"], "Picket");
  const int uid = json["class_uid"].get<int>();
  EXPECT_EQ(json["category_uid"], uid / 1000);
  EXPECT_EQ(json["type_uid"], uid * 100 + json["activity_id"].get<int>());
}

TEST(Ocsf, TheCategoryMakesTheClass) {
  struct Case {
    Json of;
    int type;
  };
  const Case cases[] = {
      {{{"event", {{"category", {"authentication"}}, {"type", {"start"}}}}}, 300201},
      {{{"event", {{"category", "authentication"}, {"type", "end"}}}}, 300202},
      {{{"event", {{"category", {"iam"}}, {"type", {"user", "creation"}}}}}, 300101},
      {{{"event", {{"category", {"process"}}, {"type", {"start"}}}}}, 100701},
      {{{"event", {{"category", {"file"}}, {"type", {"deletion"}}}}}, 100104},
      {{{"event", {{"category", {"network"}}, {"type", {"connection", "denied"}}}}}, 400105},
      {{{"event", {{"category", {"network"}}}}, {"dns", {{"question", {{"name", "a.test"}}}}}},
       400301},
      {{{"event", {{"category", {"web"}}}}, {"http", {{"request", {{"method", "get"}}}}}}, 400203},
      {{{"event", {{"category", {"web"}}}}, {"http", {{"request", {{"method", "BREW"}}}}}}, 400299},
      {{{"event", {{"category", 5}}}}, 0},
      {{{"event", {{"kind", "event"}}}}, 0},
  };
  for (const Case& one : cases) {
    const Json json = ocsf_event(event(one.of));
    check_required(json);
    EXPECT_EQ(json["type_uid"], one.type) << one.of;
  }
}

TEST(Ocsf, ObjectsComeFromEcs) {
  const Json ecs = event({{"event", {{"category", {"authentication"}}, {"outcome", "failure"}}},
                          {"source", {{"ip", "192.0.2.1"}, {"port", 22}}},
                          {"user", {{"name", "ann"}}},
                          {"host", {{"hostname", "web"}}},
                          {"process", {{"executable", "C:\\a\\b.exe"}, {"pid", 4}}},
                          {"own", {{"field", "kept"}}}});
  const Json json = ocsf_event(ecs);
  EXPECT_EQ(json["time"], 1'767'225'600'123);
  EXPECT_EQ(json["metadata"]["uid"], "auth:7");
  EXPECT_EQ(json["metadata"]["log_name"], "some.set");
  EXPECT_EQ(json["status_id"], 2);
  EXPECT_EQ(json["src_endpoint"], Json({{"ip", "192.0.2.1"}, {"port", 22}}));
  EXPECT_FALSE(json.contains("dst_endpoint"));
  EXPECT_EQ(json["user"]["name"], "ann");
  EXPECT_EQ(json["device"]["hostname"], "web");
  EXPECT_EQ(json["process"]["file"]["name"], "b.exe");
  EXPECT_EQ(json["process"]["pid"], 4);
  EXPECT_EQ(json["raw_data"], "raw");
  EXPECT_EQ(json["unmapped"]["own"]["field"], "kept");
  EXPECT_FALSE(json["unmapped"]["event"].contains("original"));
}

TEST(Ocsf, OddShapesAreTakenAsTheyAre) {
  for (const char* text :
       {"{}", R"({"event": 5, "source": [], "@timestamp": {}, "picket": null})",
        R"({"source": {"ip": [], "port": "x"}, "process": [1], "file": {"name": "a"}})",
        R"({"user": {"name": {"first": "a"}}, "event": {"category": [[], {}]}})"}) {
    check_required(ocsf_event(*parse_json(text)));
  }
}

TEST(Ocsf, AnAlertIsADetectionFinding) {
  Alert alert;
  alert.id = "abc";
  alert.kind = AlertKind::kCorrelation;
  alert.time_ns = 1'767'225'600'000'000'000;
  alert.rule = {
      .id = "r1", .name = "Guessing", .level = Level::kCritical, .hash = "h", .path = "a.yml"};
  alert.tags = {"attack.t1110.001", "attack.credential-access", "cve.1"};
  alert.group = {{"source.ip", "192.0.2.1"}};
  alert.events = {{.source = "auth", .seq = 3}};
  alert.entities = {{"ip", "192.0.2.1"}, {"other", "x"}};
  alert.hit_count = 9;
  const Json json = ocsf_alert(alert);
  check_required(json);
  EXPECT_EQ(json["type_uid"], 200401);
  EXPECT_EQ(json["severity"], "Critical");
  EXPECT_EQ(json["count"], 9);
  const Json& finding = json["finding_info"];
  EXPECT_EQ(finding["uid"], "abc");
  EXPECT_EQ(finding["analytic"]["uid"], "r1");
  ASSERT_EQ(finding["attacks"].size(), 2U);
  EXPECT_EQ(finding["attacks"][0]["technique"]["uid"], "T1110.001");
  EXPECT_EQ(finding["attacks"][1]["tactic"]["name"], "credential-access");
  EXPECT_EQ(finding["related_events"][0]["uid"], "auth:3");
  EXPECT_EQ(json["observables"][0]["type_id"], 2);
  EXPECT_EQ(json["observables"][1]["type_id"], 99);
  EXPECT_EQ(json["unmapped"]["group"]["source.ip"], "192.0.2.1");
}

}  // namespace
}  // namespace picket::app
