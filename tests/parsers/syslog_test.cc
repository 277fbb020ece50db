#include "parsers/syslog.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "base/json.h"
#include "tests/parsers/parsing.h"

namespace picket::parsers {
namespace {

std::string sd_text(std::string_view data) {
  std::string all;
  std::size_t at = 0;
  SdParam param;
  while (next_sd_param(data, at, param)) {
    all += std::string(param.id) + '.' + std::string(param.name) + '=' + std::string(param.value) +
           ';';
  }
  return all;
}

// RFC 5424 section 6.5, the four examples.
TEST(Rfc5424, ExamplesOfTheStandard) {
  Parsing p;
  p.parse(
      "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xEF\xBB\xBF'su root' "
      "failed for lonvick on /dev/pts/8");
  EXPECT_EQ(p.time(), "2003-10-11T22:14:15.003Z");
  EXPECT_EQ(p.ecs("log.syslog.priority"), "34");
  EXPECT_EQ(p.ecs("log.syslog.facility.code"), "4");
  EXPECT_EQ(p.ecs("log.syslog.severity.code"), "2");
  EXPECT_EQ(p.ecs("log.syslog.version"), "1");
  EXPECT_EQ(p.ecs("host.name"), "mymachine.example.com");
  EXPECT_EQ(p.ecs("log.syslog.hostname"), "mymachine.example.com");
  EXPECT_EQ(p.ecs("process.name"), "su");
  EXPECT_EQ(p.ecs("log.syslog.procid"), "<none>");
  EXPECT_EQ(p.ecs("log.syslog.msgid"), "ID47");
  EXPECT_EQ(p.ecs("message"), "'su root' failed for lonvick on /dev/pts/8");

  p.parse(
      "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the "
      "do-nuts.");
  EXPECT_EQ(p.time(), "2003-08-24T12:14:15.000003Z");
  EXPECT_EQ(p.ecs("process.pid"), "8710");
  EXPECT_EQ(p.status(), "partial");  // a program nobody knows

  p.parse(
      "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 "
      "iut=\"3\" eventSource=\"Application\" eventID=\"1011\"] \xEF\xBB\xBF"
      "An application event log entry...");
  EXPECT_EQ(p.ecs("log.syslog.structured_data.exampleSDID@32473.eventSource"), "Application");
  EXPECT_EQ(p.ecs("message"), "An application event log entry...");

  p.parse(
      "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 "
      "iut=\"3\"][examplePriority@32473 class=\"high\"]");
  EXPECT_EQ(p.ecs("log.syslog.structured_data.examplePriority@32473.class"), "high");
  EXPECT_EQ(p.ecs("message"), "<none>");
}

struct Case {
  std::string line;
  bool valid;
  std::string clause;
};

TEST(Rfc5424, Clauses) {
  const std::string host255(255, 'h');
  const std::string app48(48, 'a');
  const std::string proc128(128, 'p');
  const std::string msg32(32, 'm');
  const std::vector<Case> cases = {
      {"<0>1 - - - - - -", true, "6.2.1: PRIVAL 0"},
      {"<191>1 - - - - - -", true, "6.2.1: PRIVAL 191"},
      {"<192>1 - - - - - -", false, "6.2.1: PRIVAL is at most 191"},
      {"<00>1 - - - - - -", false, "6.2.1: no leading zeros"},
      {"<01>1 - - - - - -", false, "6.2.1: no leading zeros"},
      {"<>1 - - - - - -", false, "6.2.1: one to three digits"},
      {"<1234>1 - - - - - -", false, "6.2.1: one to three digits"},
      {"1 - - - - - -", false, "6.2.1: PRI is there"},
      {"<1>0 - - - - - -", false, "6.2.2: VERSION begins with no zero"},
      {"<1> - - - - - -", false, "6.2.2: VERSION is there"},
      {"<1>999 - - - - - -", true, "6.2.2: three digits"},
      {"<1>1000 - - - - - -", false, "6.2.2: not four"},
      {"<1>1 1985-04-12T23:20:50.52Z - - - - -", true, "6.2.3.1 example 1"},
      {"<1>1 1985-04-12T19:20:50.52-04:00 - - - - -", true, "6.2.3.1 example 2"},
      {"<1>1 2003-08-24T05:14:15.000000003-07:00 - - - - -", false,
       "6.2.3.1 example 5: nanoseconds"},
      {"<1>1 2003-08-24t05:14:15Z - - - - -", false, "6.2.3: upper case T"},
      {"<1>1 2003-08-24T05:14:15z - - - - -", false, "6.2.3: upper case Z"},
      {"<1>1 2003-08-24T05:14:60Z - - - - -", false, "6.2.3: no leap seconds"},
      {"<1>1 2003-08-24T05:14:15 - - - - -", false, "6.2.3: a zone"},
      {"<1>1 2003-02-29T05:14:15Z - - - - -", false, "RFC 3339 5.7: days of a month"},
      {"<1>1 2003-08-24 05:14:15Z - - - - -", false, "6.2.3: a T"},
      {"<1>1 - " + host255 + " - - - -", true, "6.2.4: 255"},
      {"<1>1 - " + host255 + "h - - - -", false, "6.2.4: not 256"},
      {"<1>1 - - " + app48 + " - - -", true, "6.2.5: 48"},
      {"<1>1 - - " + app48 + "a - - -", false, "6.2.5: not 49"},
      {"<1>1 - - - " + proc128 + " - -", true, "6.2.6: 128"},
      {"<1>1 - - - " + proc128 + "p - -", false, "6.2.6: not 129"},
      {"<1>1 - - - - " + msg32 + " -", true, "6.2.7: 32"},
      {"<1>1 - - - - " + msg32 + "m -", false, "6.2.7: not 33"},
      {"<1>1 - h\xC3\xA9 - - - -", false, "6.2.4: PRINTUSASCII"},
      {"<1>1 -  - - - -", false, "6: one space"},
      {"<1>1 - - - - -", false, "6.3: STRUCTURED-DATA is there"},
      {"<1>1 - - - - - -x", false, "6: a space before MSG"},
      {"<1>1 - - - - - - ", true, "6.4: an empty MSG"},
      {"<1>1 - - - - - [a]", true, "6.3.1: an element without parameters"},
      {"<1>1 - - - - - [a][b c=\"\"]", true, "6.3.3: an empty value"},
      {"<1>1 - - - - - []", false, "6.3.2: SD-ID is there"},
      {"<1>1 - - - - - [a b=c]", false, "6.3.3: quotes"},
      {"<1>1 - - - - - [a b=\"c]", false, "6.3.3: the quote ends"},
      {"<1>1 - - - - - [a b=\"]\"]", false, "6.3.3: ']' is escaped"},
      {"<1>1 - - - - - [a b=\"\\]\\\"\\\\\"]", true, "6.3.3: escapes"},
      {"<1>1 - - - - - [a b=\"\\n\"]", true, "6.3.3: any other backslash stands for itself"},
      {"<1>1 - - - - - [a  b=\"c\"]", false, "6.3.3: one space"},
      {"<1>1 - - - - - [a b=\"c\"] [d]", true, "6.3.1: behind a space it is the message"},
      {"<1>1 - - - - - [a b=\"c\"", false, "6.3.1: the bracket ends"},
      {"<1>1 - - - - - [a=b]", false, "6.3.2: no '=' in a name"},
      {"<1>1 - - - - - [" + msg32 + "m]", false, "6.3.2: 32"},
  };
  for (const Case& c : cases) {
    Syslog syslog;
    EXPECT_EQ(read_rfc5424(c.line, syslog), c.valid) << c.clause << ": " << c.line;
  }
}

TEST(Rfc5424, StructuredDataIsWalkedAndUnescaped) {
  Syslog syslog;
  ASSERT_TRUE(read_rfc5424(R"(<1>1 - - - - - [a b="1" c="\"x\\\]\n"][d][e f=""] m)", syslog));
  EXPECT_EQ(sd_text(syslog.structured_data), R"(a.b=1;a.c=\"x\\\]\n;d.=;e.f=;)");
  EXPECT_EQ(syslog.message, "m");
  Parsing p;
  p.parse(R"(<1>1 - - - - - [a b="1" c="\"x\\\]\n"][d][e f=""] m)");
  EXPECT_EQ(p.original("log.syslog.structured_data.a.c"), R"("x\]\n)");
}

struct Old {
  std::string line;
  std::string time, host, tag, pid, message;
};

TEST(Rfc3164, Table) {
  const std::vector<Old> cases = {
      {"<34>Oct 11 22:14:15 mymachine su: 'su root' failed", "2025-10-11T22:14:15Z", "mymachine",
       "su", "", "'su root' failed"},
      {"<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!", "2026-02-05T17:32:18Z", "10.0.0.99", "", "",
       "Use the BFG!"},
      {"Mar  1 10:00:00 web sshd[77]: hello", "2026-03-01T10:00:00Z", "web", "sshd", "77", "hello"},
      {"<6>Mar 1 10:00:00 web sshd[77] hello", "2026-03-01T10:00:00Z", "web", "sshd", "77",
       "hello"},
      {"<6>Mar  1 10:00:00 kernel: no host", "2026-03-01T10:00:00Z", "", "kernel", "", "no host"},
      {"<6>Mar  1 2024 10:00:00 fw %ASA-6-302013: Built", "2024-03-01T10:00:00Z", "fw", "", "",
       "%ASA-6-302013: Built"},
      {"<6>Mar  1 10:00:00.250 h t: m", "2026-03-01T10:00:00.250Z", "h", "t", "", "m"},
      {"<6>2026-02-01T08:00:00.5+07:00 h t[1]: m", "2026-02-01T01:00:00.500Z", "h", "t", "1", "m"},
      {"2026-02-01T08:00:00+00:00 h postfix/smtpd[1]: m", "2026-02-01T08:00:00Z", "h",
       "postfix/smtpd", "1", "m"},
      {"<6>sshd[1]: no time", "", "", "sshd", "1", "no time"},
      {"<6>Use the BFG!", "", "", "", "", "Use the BFG!"},
      {"<6>Mar  1 10:00:00 h last message repeated 3 times", "2026-03-01T10:00:00Z", "h", "", "",
       "last message repeated 3 times"},
      {"<6>Mar  1 10:00:00 h t:", "2026-03-01T10:00:00Z", "h", "t", "", ""},
      {"Dec 31 23:59:59 h t: m", "2025-12-31T23:59:59Z", "h", "t", "", "m"},
      {"Nov  3 04:05:06 mac Some Helper (Main)[77]: ready", "2025-11-03T04:05:06Z", "mac",
       "Some Helper (Main)", "77", "ready"},
      {"Nov  3 04:05:06 mac two words: no tag", "2025-11-03T04:05:06Z", "mac", "", "",
       "two words: no tag"},
      // Years and zones at other places.
      {"<6>2024 Mar  1 10:00:00 h t: m", "2024-03-01T10:00:00Z", "h", "t", "", "m"},
      {"<6>Mar  1 10:00:00 2024 h t: m", "2024-03-01T10:00:00Z", "h", "t", "", "m"},
      {"<6>Mar  1 10:00:00 2024: h t: m", "2024-03-01T10:00:00Z", "h", "t", "", "m"},
      {"<6>Mar  1 10:00:00.250+0700 h t: m", "2026-03-01T03:00:00.250Z", "h", "t", "", "m"},
      {"<6>Mar  1 10:00:00-05:00 h t: m", "2026-03-01T15:00:00Z", "h", "t", "", "m"},
      {"<6>Mar  1 10:00:00 CET h t[7]: m", "2026-03-01T09:00:00Z", "h", "t", "7", "m"},
      {"<6>:Mar 01 10:00:00 UTC: %ASA-5-111010: User", "2026-03-01T10:00:00Z", "", "", "",
       "%ASA-5-111010: User"},
      {"<6>:no time", "", "", "", "", ":no time"},
      {"<6>Mar  1 10:00:00 2001 t: m", "2001-03-01T10:00:00Z", "", "t", "", "m"},
      {"<6>Mar  1 10:00:00 1234 t: m", "2026-03-01T10:00:00Z", "1234", "t", "", "m"},
      {"<6>Mar  1 10:00:00 WEB t: m", "2026-03-01T10:00:00Z", "WEB", "t", "", "m"},
  };
  for (const Old& c : cases) {
    Syslog syslog;
    ASSERT_TRUE(read_rfc3164(c.line, kReceived, 0, syslog)) << c.line;
    EXPECT_EQ(syslog.time_ns ? format_time(*syslog.time_ns) : "", c.time) << c.line;
    EXPECT_EQ(syslog.hostname, c.host) << c.line;
    EXPECT_EQ(syslog.appname, c.tag) << c.line;
    EXPECT_EQ(syslog.procid, c.pid) << c.line;
    EXPECT_EQ(syslog.message, c.message) << c.line;
  }
}

TEST(Rfc3164, YearIsTheLatestThatIsNotInTheFuture) {
  BsdDay day;  // of the line before
  const auto at = [&](std::string_view line, std::int64_t received, std::int32_t zone = 0) {
    Syslog syslog;
    Syslog by_day;
    EXPECT_TRUE(read_rfc3164(line, received, zone, syslog));
    for (int again = 0; again < 2; ++again) {
      EXPECT_TRUE(read_rfc3164(line, received, zone, day, by_day));
      EXPECT_EQ(by_day.time_ns, syslog.time_ns) << line;
    }
    return format_time(syslog.time_ns.value_or(0));
  };
  const std::int64_t new_year = *to_nanos({.year = 2026});
  EXPECT_EQ(at("Dec 31 23:59:58 h t: m", new_year), "2025-12-31T23:59:58Z");
  EXPECT_EQ(at("Jan  1 00:00:05 h t: m", new_year), "2026-01-01T00:00:05Z");
  EXPECT_EQ(at("Jan  1 00:00:05 h t: m", new_year - 1'000'000'000), "2026-01-01T00:00:05Z");
  EXPECT_EQ(at("Jan  1 06:59:59 h t: m", new_year, 7 * 3600), "2025-12-31T23:59:59Z");
  const std::int64_t november = *to_nanos({.year = 2026, .month = 11, .day = 22});
  EXPECT_EQ(at("Mar  1 10:00:00 h t: m", november), "2026-03-01T10:00:00Z");
  EXPECT_EQ(at("Nov 28 10:00:00 h t: m", november), "2026-11-28T10:00:00Z");
  EXPECT_EQ(at("Nov 30 10:00:00 h t: m", november), "2025-11-30T10:00:00Z");
  EXPECT_EQ(at("Feb 29 00:00:00 h t: m", *to_nanos({.year = 2027, .month = 6})),
            "2024-02-29T00:00:00Z");
  EXPECT_EQ(at("Feb 29 00:00:00 h t: m", *to_nanos({.year = 2025, .month = 1})),
            "2024-02-29T00:00:00Z");
}

// The rule as it is said: of all years the latest in which the day is no more than a week ahead.
std::optional<std::int64_t> latest_year_slowly(CivilTime civil, std::int64_t received_ns) {
  constexpr std::int64_t kWeekNs = 7LL * 24 * 3600 * 1'000'000'000;
  for (civil.year = to_civil(received_ns).year + 1; civil.year > 2000; --civil.year) {
    const auto time_ns = to_nanos(civil);
    if (time_ns && *time_ns - received_ns <= kWeekNs) return time_ns;
  }
  return std::nullopt;
}

TEST(Rfc3164, TheDayOfTheLineBeforeChangesNoYear) {
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::mt19937 random(20260101);
  BsdDay day;
  std::size_t last_year = 0;
  for (int round = 0; round < 20'000; ++round) {
    const CivilTime received{.year = 2023 + static_cast<int>(random() % 6),
                             .month = 1 + static_cast<int>(random() % 12),
                             .day = 1 + static_cast<int>(random() % 28),
                             .hour = static_cast<int>(random() % 24)};
    const CivilTime civil{.month = 1 + static_cast<int>(random() % 12),
                          .day = 1 + static_cast<int>(random() % 29),
                          .hour = static_cast<int>(random() % 24)};
    const std::int64_t received_ns = *to_nanos(received);
    char line[64];
    std::snprintf(line, sizeof line, "%s %2d %02d:00:00 h t: m", kMonths[civil.month - 1],
                  civil.day, civil.hour);
    for (int again = 0; again < 2; ++again) {
      Syslog syslog;
      ASSERT_EQ(read_rfc3164(line, received_ns, 0, day, syslog), true);
      ASSERT_EQ(syslog.time_ns, latest_year_slowly(civil, received_ns)) << line;
      last_year += to_civil(*syslog.time_ns).year < received.year ? 1U : 0U;
    }
  }
  EXPECT_GT(last_year, 5'000U);
}

TEST(Rfc3164, WhatIsNoSyslog) {
  for (const std::string_view line :
       {"hello world", "2026-02-01 08:00:00 ERROR something broke", "<999>x", "<a>x",
        "Foo  1 10:00:00 h t: m", "Mar 41 10:00:00 h t: m", "Mar  1 25:00:00 h t: m"}) {
    Syslog syslog;
    EXPECT_FALSE(read_rfc3164(line, kReceived, 0, syslog)) << line;
  }
}

TEST(Syslog, StatusSaysWhatWasUnderstood) {
  Parsing p;
  p.parse("<86>Mar  1 10:00:00 h sshd[1]: some words of a later version");
  EXPECT_EQ(p.status(), "parsed");
  EXPECT_EQ(p.kind().service, "sshd");
  p.parse("<86>Mar  1 10:00:00 h CRON[1]: (root) CMD (true)");
  EXPECT_EQ(p.status(), "parsed");
  EXPECT_EQ(p.kind().service, "cron");
  p.parse("<86>Mar  1 10:00:00 h my-app[1]: words");
  EXPECT_EQ(p.status(), "partial");
  EXPECT_EQ(p.kind().dataset, "system.syslog");
  EXPECT_EQ(p.event().layer, Layer::kServer);
  p.parse("<6>Mar  1 10:00:00 h kernel: [1.5] usb 1-1: new device");
  EXPECT_EQ(p.kind().service, "syslog");
  p.parse("words only");
  EXPECT_EQ(p.status(), "raw");
}

// Cases of go-syslog. Where we differ, the standard is why.
TEST(Syslog, GoSyslogCases) {
  const std::string path = "../shared/data/syslog-rfc/go-syslog.jsonl";
  if (!std::filesystem::exists(path))
    GTEST_SKIP() << "third-party data, " << path << ", is not here: nothing was compared";
  const std::map<std::string, std::string> differences = {
      {R"(<29>5 2019-01-15T01:00:43Z hn S - - [meta escape="\"] 127.0.0.1 - - 1452819643 "GET")",
       "agrees"},
  };
  std::ifstream file(path);
  std::string line;
  std::size_t cases = 0;
  while (std::getline(file, line)) {
    const Json c = Json::parse(line);
    const std::string input = c["input"].get<std::string>();
    if (input.find("\xEF\xBF\xBD") != std::string::npos)
      continue;  // bytes that JSON could not hold
    const bool old = c["rfc"] == "rfc3164";
    Syslog syslog;
    const bool ours = old ? read_rfc3164(input, kReceived, 0, syslog) : read_rfc5424(input, syslog);
    ++cases;
    EXPECT_EQ(ours, c["valid"].get<bool>()) << c["error"] << ": " << input;
    if (!ours || !c["valid"].get<bool>()) continue;
    const Json& e = c["expected"];
    const auto want = [&](const char* key) {
      return e.contains(key) ? e[key].get<std::string>() : std::string();
    };
    EXPECT_EQ(syslog.hostname, want("hostname")) << input;
    EXPECT_EQ(syslog.appname, want("appname")) << input;
    EXPECT_EQ(syslog.procid, want("procid")) << input;
    EXPECT_EQ(syslog.msgid, want("msgid")) << input;
    EXPECT_EQ(syslog.message, want("message")) << input;
    EXPECT_EQ(syslog.priority, e["priority"].get<int>()) << input;
    EXPECT_EQ(syslog.version, old ? 0 : e["version"].get<int>()) << input;
    std::map<std::string, std::string> params;
    if (e.contains("structured_data")) {
      for (const auto& [id, element] : e["structured_data"].items()) {
        if (element.empty()) params[id + '.'] = "";
        for (const auto& [name, value] : element.items())
          params[id + '.' + name] = value.get<std::string>();
      }
    }
    std::map<std::string, std::string> got;
    std::size_t at = 0;
    SdParam param;
    while (next_sd_param(syslog.structured_data, at, param)) {
      got[std::string(param.id) + '.' + std::string(param.name)] = param.value;
    }
    EXPECT_EQ(got, params) << input;
  }
  EXPECT_GT(cases, 50u);
}

}  // namespace
}  // namespace picket::parsers
