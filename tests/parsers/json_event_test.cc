#include "tests/parsers/parsing.h"

namespace picket::parsers {
namespace {

constexpr std::string_view kEvtx =
    R"({"Event":{"#attributes":{"xmlns":"http://schemas.microsoft.com/win/2004/08/events/event"},"System":{)"
    R"("Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon","Guid":"5770385F"}},"EventID":1,)"
    R"("Version":5,"Level":4,"TimeCreated":{"#attributes":{"SystemTime":"2026-02-03T04:05:06.123456Z"}},)"
    R"("EventRecordID":7,"Correlation":null,"Execution":{"#attributes":{"ProcessID":3544,"ThreadID":4264}},)"
    R"("Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"pc-7.example","Security":{)"
    R"("#attributes":{"UserID":"S-1-5-18"}}},"EventData":{"UtcTime":"2026-02-03 04:05:06.120",)"
    R"("ProcessId":6336,"Image":"C:\\Windows\\System32\\cmd.exe","CommandLine":"\"cmd.exe\" /c dir",)"
    R"("User":"EXAMPLE\\ann","ParentImage":"C:\\Windows\\explorer.exe"}}})";

TEST(JsonEvent, EvtxDumpShape) {
  for (const bool keep_all : {true, false}) {
    Parsing p(keep_all);
    p.parse(kEvtx);
    EXPECT_EQ(p.status(), "parsed");
    EXPECT_EQ(p.time(), "2026-02-03T04:05:06.123456Z");
    EXPECT_EQ(p.original("EventID"), "1");
    EXPECT_EQ(p.original("Channel"), "Microsoft-Windows-Sysmon/Operational");
    EXPECT_EQ(p.original("Provider_Name"), "Microsoft-Windows-Sysmon");
    EXPECT_EQ(p.original("Computer"), "pc-7.example");
    EXPECT_EQ(p.original("Image"), "C:\\Windows\\System32\\cmd.exe");
    EXPECT_EQ(p.ecs("process.executable"), "C:\\Windows\\System32\\cmd.exe");
    EXPECT_EQ(p.ecs("process.command_line"), "\"cmd.exe\" /c dir");
    EXPECT_EQ(p.ecs("process.parent.executable"), "C:\\Windows\\explorer.exe");
    EXPECT_EQ(p.ecs("process.pid"), "6336");
    // Steps of Windows definitions are for people, not for detection.
    EXPECT_EQ(p.ecs("user.name"), keep_all ? "ann" : "EXAMPLE\\ann");
    EXPECT_EQ(p.ecs("host.name"), "pc-7.example");
    EXPECT_EQ(p.ecs("event.code"), "1");
    EXPECT_EQ(p.ecs("event.action"), "Process creation");
    EXPECT_EQ(p.ecs("event.category"), "process");
    EXPECT_EQ(p.ecs("observer.layer"), "endpoint");
    EXPECT_EQ(p.kind().product, "windows");
    EXPECT_EQ(p.kind().service, "sysmon");
    EXPECT_EQ(p.kind().channel, "Microsoft-Windows-Sysmon/Operational");
    EXPECT_EQ(p.kind().code, 1);
  }
  Parsing p;
  p.parse(kEvtx);
  EXPECT_EQ(p.original("Provider_Guid"), "5770385F");
  EXPECT_EQ(p.original("Execution_ProcessID"), "3544");
  EXPECT_EQ(p.original("Security_UserID"), "S-1-5-18");
}

TEST(JsonEvent, EvtxDumpOddities) {
  Parsing p;
  p.parse(
      R"({"Event":{"System":{"Provider_attributes":{"Name":"P"},"EventID":{"#text":4625,"#attributes":{"Qualifiers":0}},)"
      R"("Channel":"Security","Computer":"dc"},"EventData":{"Data":{"#text":["a","b\n"]},"TargetUserName":"bob"}}})");
  EXPECT_EQ(p.original("EventID"), "4625");
  EXPECT_EQ(p.original("EventID_Qualifiers"), "0");
  EXPECT_EQ(p.original("Provider_Name"), "P");
  EXPECT_EQ(p.original("Data"), R"(["a","b\n"])");
  EXPECT_EQ(p.ecs("user.name"), "bob");
  EXPECT_EQ(p.ecs("event.outcome"), "failure");
  EXPECT_EQ(p.kind().code, 4625);

  // Event data keeps its name, wherever it is written; the system's channel is in winlog.channel.
  p.parse(
      R"({"Event":{"UserData":{"LogFileCleared":{"Channel":"Application","SubjectUserName":"eve"}},)"
      R"("System":{"EventID":104,"Channel":"System"}}})");
  EXPECT_EQ(p.kind().channel, "System");
  EXPECT_EQ(p.original("Channel"), "Application");
  EXPECT_EQ(p.ecs("winlog.channel"), "System");
  EXPECT_EQ(p.ecs("user.name"), "eve");
  p.parse(
      R"({"Event":{"System":{"EventID":104,"Channel":"System"},"UserData":{"LogFileCleared":{"Channel":"Application"}}}})");
  EXPECT_EQ(p.kind().channel, "System");
  EXPECT_EQ(p.original("Channel"), "Application");
  EXPECT_EQ(p.ecs("winlog.channel"), "System");
}

TEST(JsonEvent, WinlogbeatShape) {
  for (const bool keep_all : {true, false}) {
    Parsing p(keep_all);
    p.parse(
        R"({"@timestamp":"2026-05-14T15:31:22.426Z","event":{"code":"4104","provider":"Microsoft-Windows-PowerShell"},)"
        R"("host":{"name":"vm"},"winlog":{"channel":"Microsoft-Windows-PowerShell/Operational","computer_name":"vm.example",)"
        R"("event_id":"4104","provider_name":"Microsoft-Windows-PowerShell","process":{"pid":4204,"thread":{"id":1}},)"
        R"("event_data":{"ScriptBlockText":"Get-Item","Path":"C:\\x.ps1"}},"message":"Creating Scriptblock"})");
    EXPECT_EQ(p.kind().service, "powershell");
    EXPECT_EQ(p.kind().code, 4104);
    EXPECT_EQ(p.ecs("powershell.file.script_block_text"), "Get-Item");
    EXPECT_EQ(p.original("EventID"), "4104");
    EXPECT_EQ(p.original("Computer"), "vm.example");
    EXPECT_EQ(p.ecs("host.name"), "vm");
    EXPECT_EQ(p.ecs("message"), "Creating Scriptblock");
    EXPECT_EQ(p.ecs("winlog.channel"), "Microsoft-Windows-PowerShell/Operational");
    EXPECT_EQ(p.ecs("process.pid"), "4204");
    EXPECT_EQ(p.time(), "2026-05-14T15:31:22.426Z");
    p.parse(
        R"({"winlog.channel":"Security","winlog.event_id":4624,"winlog.event_data.TargetUserName":"ann"})");
    EXPECT_EQ(p.ecs("user.name"), "ann");
    EXPECT_EQ(p.kind().code, 4624);
  }
}

TEST(JsonEvent, WazuhShape) {
  for (const bool keep_all : {true, false}) {
    for (const std::string before : {R"({"data":)", ""}) {
      Parsing p(keep_all);
      p.parse(
          before +
          R"({"win":{"system":{"providerName":"Microsoft-Windows-Security-Auditing","eventID":"4625","systemTime":"2026-01-02T03:04:05Z",)"
          R"("channel":"Security","computer":"dc1.example","processID":"700"},)"
          R"("eventdata":{"targetUserName":"ann","ipAddress":"192.0.2.7","logonType":"3"}}})" +
          (before.empty() ? "" : "}"));
      EXPECT_EQ(p.kind().service, "security") << before;
      EXPECT_EQ(p.kind().code, 4625);
      EXPECT_EQ(p.original("TargetUserName"), "ann");
      EXPECT_EQ(p.original("LogonType"), "3");
      EXPECT_EQ(p.original("Computer"), "dc1.example");
      EXPECT_EQ(p.ecs("source.ip"), "192.0.2.7");
      EXPECT_EQ(p.time(), "2026-01-02T03:04:05Z");
    }
  }
}

TEST(JsonEvent, FlatShapes) {
  for (const bool keep_all : {true, false}) {
    Parsing p(keep_all, {.zone_offset_s = 7 * 3600});
    p.parse(
        R"({"EventTime":"2026-01-02 03:04:05","Hostname":"ws1","EventID":4688,"SourceName":"Microsoft-Windows-Security-Auditing",)"
        R"("Channel":"Security","NewProcessName":"C:\\a.exe","ParentProcessName":"C:\\b.exe","NewProcessId":"0x1","ProcessId":"0x2","SubjectUserName":"u"})");
    EXPECT_EQ(p.original("Provider_Name"), "Microsoft-Windows-Security-Auditing");
    EXPECT_EQ(p.original("Computer"), "ws1");
    EXPECT_EQ(p.ecs("host.name"), "ws1");
    EXPECT_EQ(p.ecs("process.executable"), "C:\\a.exe");
    EXPECT_EQ(p.ecs("process.parent.executable"), "C:\\b.exe");
    EXPECT_EQ(p.ecs("process.pid"), keep_all ? "1" : "0x1");  // by steps
    EXPECT_EQ(p.ecs("process.parent.pid"), keep_all ? "2" : "0x2");
    EXPECT_EQ(p.ecs("user.name"), "u");
    EXPECT_EQ(p.time(), "2026-01-01T20:04:05Z");

    // Sysmon without a channel: its provider, or what only Sysmon writes.
    p.parse(R"({"EventID":3,"ProviderName":"Microsoft-Windows-Sysmon","SourceIp":"192.0.2.1"})");
    EXPECT_EQ(p.kind().service, "sysmon");
    EXPECT_EQ(p.ecs("source.ip"), "192.0.2.1");
    p.parse(R"({"EventID":3,"UtcTime":"2026-01-02 03:04:05.5","SourceIp":"192.0.2.1"})");
    EXPECT_EQ(p.kind().service, "sysmon");
    EXPECT_EQ(p.time(), "2026-01-02T03:04:05.500Z");
  }
}

TEST(JsonEvent, UnseenChannelAndCodeMakeKinds) {
  Parsing p(false);
  p.parse(R"({"EventID":42,"Channel":"Vendor-Thing\/Admin","Computer":"h"})");
  EXPECT_EQ(p.kind().channel, "Vendor-Thing/Admin");
  EXPECT_EQ(p.kind().code, 42);
  EXPECT_EQ(p.kind().product, "windows");
  const KindId first = p.event().kind;
  p.parse(R"({"EventID":"42","Channel":"Vendor-Thing/Admin"})");
  EXPECT_EQ(p.event().kind, first);
  p.parse(R"({"EventID":"forty","Channel":"Vendor-Thing/Admin"})");
  EXPECT_EQ(p.kind().code, -1);
}

TEST(JsonEvent, OtherJsonKeepsItsNames) {
  for (const bool keep_all : {true, false}) {
    Parsing p(keep_all);
    p.parse(
        R"({"@timestamp":1767225600123,"source":{"ip":"192.0.2.9","port":80},"user.name":"ann","Channel":"general","ok":true})");
    EXPECT_EQ(p.kind().dataset, "json");
    EXPECT_EQ(p.ecs("source.ip"), "192.0.2.9");
    EXPECT_EQ(p.ecs("source.port"), "80");
    EXPECT_EQ(p.ecs("user.name"), "ann");
    EXPECT_EQ(p.time(), "2026-01-01T00:00:00.123Z");
    EXPECT_EQ(p.status(), "parsed");
  }
}

TEST(JsonEvent, NamesAreWithoutSpaces) {
  ASSERT_TRUE(intern_field("ThreatName"));
  ASSERT_TRUE(intern_field("ab.cd"));
  for (const bool keep_all : {true, false}) {
    Parsing p(keep_all);
    p.parse(R"({"Threat Name":"x","a b":{"c d":1}, "  ":2})");
    EXPECT_EQ(p.original("ThreatName"), "x");
    EXPECT_EQ(p.original("ab.cd"), "1");
  }
}

TEST(JsonEvent, LayerOfSourceGoesFirst) {
  Parsing p(true, {.layer = Layer::kServer});
  p.parse(kEvtx);
  EXPECT_EQ(p.event().layer, Layer::kServer);
}

TEST(JsonEvent, JsonInsideSyslog) {
  Parsing p;
  p.parse(
      R"(<14>1 2026-02-03T04:05:06Z relay nxlog - - - {"EventID":4625,"Channel":"Security","TargetUserName":"bob","Computer":"dc1"})");
  EXPECT_EQ(p.kind().code, 4625);
  EXPECT_EQ(p.ecs("user.name"), "bob");
  EXPECT_EQ(p.ecs("host.name"), "relay");
  EXPECT_EQ(p.time(), "2026-02-03T04:05:06Z");
}

TEST(JsonEvent, InvalidIsRawAndKept) {
  Parsing p;
  for (const std::string_view text :
       {"{", "{}x", "{\"a\":01}", "{\"a\":\"\\q\"}", "{\"a\":1,}", "[1]"}) {
    p.parse(text);
    EXPECT_EQ(p.status(), "raw") << text;
    EXPECT_EQ(p.event().field_count, 0u) << text;
    EXPECT_EQ(p.event().time_ns, kReceived);
  }
}

}  // namespace
}  // namespace picket::parsers
