// REQUIREMENTS 41 to 43: what records of access, of processes and of alerts must tell.
#include "parsers/required_fields.h"

#include "tests/parsers/parsing.h"

namespace picket::parsers {
namespace {

struct Case {
  const char* line;
  const char* record_class;  // "<none>": it is of no class
  const char* missing;
};

const Case kCases[] = {
    {"<86>Mar  1 10:00:00 web sshd[7]: Failed password for root from 192.0.2.9 port 22 ssh2",
     "access", "<none>"},
    {"<13>1 2026-03-01T10:00:00Z web app - - - nobody knows this", "<none>", "<none>"},
    {R"({"@timestamp":"2026-03-01T10:00:00Z","event":{"category":["authentication"]},"source":{"ip":"192.0.2.9"},"host":{"name":"web"},"user":{"name":"ann"}})",
     "access", "<none>"},
    {R"({"event":{"category":["authentication"]},"source":{"ip":"192.0.2.9"},"host":{"name":"web"},"user":{"name":"-"}})",
     "access", R"(["user.name","@timestamp"])"},
    {R"({"@timestamp":"2026-03-01T10:00:00Z","event":{"category":"process"},"process":{"executable":"/bin/ls"}})",
     "process", R"(["host.name","user.name"])"},
    {R"({"@timestamp":"2026-03-01T10:00:00Z","event":{"kind":"alert"},"rule":{"name":"x"},"source":{"address":"h"}})",
     "alert", R"(["observer.name","event.severity","rule.category"])"},
    {R"({"@timestamp":"2026-03-01T10:00:00Z","event":{"category":["intrusion_detection","authentication"],"severity":0},"rule":{"id":"7"},"source":{"ip":"::1"},"observer":{"ip":"::2"}})",
     "alert", "<none>"},
    {R"({"EventID":4625,"Channel":"Security","Computer":"dc","TimeCreated":"2026-03-01T10:00:00Z","TargetUserName":"ann","IpAddress":"192.0.2.9"})",
     "access", "<none>"},
    {R"({"EventID":4625,"Channel":"Security","Computer":"dc","TimeCreated":"2026-03-01T10:00:00Z","TargetUserName":"ann","IpAddress":"-"})",
     "access", R"(["source.ip"])"},
};

TEST(RequiredFields, AreLookedForByClass) {
  Parsing p;
  p.parser().note_for_people();
  for (const Case& one : kCases) {
    p.parse(one.line);
    EXPECT_EQ(p.original("picket.record_class"), one.record_class) << one.line;
    EXPECT_EQ(p.original("picket.missing"), one.missing) << one.line;
  }
}

TEST(RequiredFields, AreAListInTheEvent) {
  Parsing p;
  p.parser().note_for_people();
  p.parse(kCases[3].line);
  const Json json = parse_json(p.json()).value();
  EXPECT_EQ(json["picket"]["record_class"], "access");
  EXPECT_EQ(json["picket"]["missing"], (Json{"user.name", "@timestamp"}));
}

// Detection counts, and says nothing.
TEST(RequiredFields, AreCountedForDetection) {
  Parsing p(false);
  for (int i = 0; i < 5; ++i)
    p.parse(
        "<86>Mar  1 10:00:00 web sshd[7]: Failed password for root from 192.0.2.9 port 22 ssh2");
  p.parse(
      "<86>Mar  1 10:00:00 web sshd[7]: pam_unix(sshd:session): session opened for user ann by "
      "(uid=0)");
  EXPECT_EQ(p.original("picket.missing"), "<none>");
  EXPECT_EQ(p.original("picket.record_class"), "<none>");
  std::uint64_t checked = 0;
  std::uint64_t flagged = 0;
  for (const DatasetCounters& dataset : p.parser().counters().datasets) {
    checked += dataset.required[static_cast<std::size_t>(RecordClass::kAccess)].checked;
    flagged += dataset.required[static_cast<std::size_t>(RecordClass::kAccess)].flagged;
  }
  EXPECT_EQ(checked, 6u);
  EXPECT_EQ(flagged, 1u);
}

TEST(RequiredFields, OfManyRecordsASampleIsLookedAt) {
  Parsing p(false);
  for (int i = 0; i < 1640; ++i)
    p.parse(
        "<86>Mar  1 10:00:00 web sshd[7]: Failed password for root from 192.0.2.9 port 22 ssh2");
  std::uint64_t checked = 0;
  for (const DatasetCounters& dataset : p.parser().counters().datasets)
    checked += dataset.required[static_cast<std::size_t>(RecordClass::kAccess)].checked;
  EXPECT_EQ(checked, 1010u);
}

}  // namespace
}  // namespace picket::parsers
