#include <random>

#include "tests/parsers/parsing.h"

namespace picket::parsers {
namespace {

// One event, and every byte of every value can be read (AddressSanitizer watches).
void check_values(Parsing& p) {
  std::size_t sum = 0;
  for (const Field& field : p.batch().fields(p.event())) {
    for (const char c : field.token()) sum += static_cast<unsigned char>(c);
    for_each_value(field,
                   [&](const Field& value) { sum += field_text(value, p.batch().arena()).size(); });
  }
  EXPECT_LT(sum, std::size_t{1} << 40);
}

TEST(Hostile, TenMegabytes) {
  const std::string big(10'000'000, 'x');
  for (const bool keep_all : {true, false}) {
    Parsing p(keep_all);
    p.parse("{\"EventID\":1,\"Channel\":\"Security\",\"SubjectUserName\":\"" + big + "\"}");
    EXPECT_EQ(p.status(), "parsed");
    EXPECT_EQ(p.ecs("user.name").size(), big.size());
    p.parse(big);
    EXPECT_EQ(p.status(), "raw");
    p.parse("<13>Mar  1 10:00:00 h sshd[1]: Failed password for " + big +
            " from 192.0.2.1 port 22 ssh2");
    EXPECT_EQ(p.ecs("user.name").size(), big.size());
    EXPECT_EQ(p.ecs("source.ip"), "192.0.2.1");
    p.parse("{" + big);
    EXPECT_EQ(p.status(), "raw");
    p.parse("{\"a\":" + std::string(5'000'000, '[') + "1");
    EXPECT_EQ(p.status(), "raw");
    p.parse(std::string(10'000'000, '\\'));
    p.parse(std::string(10'000'000, '"'));
    p.parse(std::string(10'000'000, '\n'));
    p.parse("<1>1 - - - - - " + std::string(1'000'000, '['));
    EXPECT_EQ(p.status(), "partial");
    EXPECT_EQ(p.batch().events().size(), 1u);
  }
}

TEST(Hostile, RepetitionDoesNotNest) {
  Parsing p;
  std::string line = "<13>Mar  1 10:00:00 h sshd[1]: ";
  for (int i = 0; i < 200'000; ++i) line += "message repeated 2 times: [ ";
  p.parse(line);
  EXPECT_EQ(p.kind().service, "sshd");
}

TEST(Hostile, OddBytes) {
  Parsing p;
  const std::vector<std::string> lines = {
      "",
      "\n",
      std::string(1, '\0'),
      std::string(100, '\0'),
      "\xff\xfe\xfd",
      "<",
      "<>",
      "<1",
      "<1>",
      "<999>x",
      "<13>\xff\xff",
      "<13>1 ",
      "<1>1 - - - - - [",
      "<1>1 - - - - - [a b=\"",
      "{\"a\":\"\xff\"}",
      "{\"a\":1e99999}",
      "{\"EventID\":99999999999999999999,\"Channel\":\"Security\"}",
      "{\"EventID\":-1,\"Channel\":\"\"}",
      "{\"EventID\":[1],\"Channel\":[\"x\"]}",
      "{\"EventID\":null,\"Channel\":null}",
      "{\"@timestamp\":[]}",
      "{\"@timestamp\":\"9999-99-99T99:99:99Z\"}",
      "Jan",
      "Feb 30 00:00:00 h t: m",
      "2026-13-01T00:00:00Z h t: m",
      "1.2.3.4 - - [",
      "1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"",
      " - - [] \"\" 200 1",
      "<4>Mar  1 10:00:00 h kernel: IN= OUT= SRC= DST=",
      "<4>Mar  1 10:00:00 h kernel: IN=eth0 MAC=: SRC=1 DST=2 SPT=x"};
  for (const std::string& line : lines) {
    p.parse(line);
    check_values(p);
  }
  EXPECT_EQ(p.ecs("source.address"), "1");
  EXPECT_EQ(p.ecs("source.port"), "<none>");
}

// Whatever happens to good lines, there is one event for each and its values can be read.
TEST(Hostile, DamagedLines) {
  const std::vector<std::string> good = {
      "<34>1 2026-02-03T04:05:06.789Z host app 12 ID47 [x@1 a=\"b\\\"c\"] \xEF\xBB\xBFmessage",
      "<86>Mar  1 10:00:00 h sshd[77]: Failed password for invalid user bob from 192.0.2.1 port "
      "4222 ssh2",
      "<86>Mar  1 10:00:00 h sudo:   ann : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls -l",
      "<4>Mar  1 10:00:00 h kernel: [1.2] DROP IN=eth0 OUT= "
      "MAC=00:11:22:33:44:55:66:77:88:99:aa:bb:08:00 SRC=192.0.2.1 DST=192.0.2.2 LEN=60 PROTO=TCP "
      "SPT=1 DPT=2",
      R"(192.0.2.7 - ann [10/Oct/2025:13:55:36 -0700] "GET /a?b=c HTTP/1.1" 200 2326 "http://x/" "UA \"q\"")",
      "<85>Mar  1 10:00:00 h useradd[5]: new user: name=bob, UID=1001, GID=1001, home=/home/bob, "
      "shell=/bin/sh",
      R"({"Event":{"System":{"EventID":{"#text":1},"Channel":"Security","Provider":{"#attributes":{"Name":"x"}}},"EventData":{"Data":["a",{"b":1}]}}})"};
  Parsing p;
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string line = good[random() % good.size()];
    for (auto edits = 1 + random() % 3; edits > 0 && !line.empty(); --edits) {
      const std::size_t at = random() % line.size();
      switch (random() % 3) {
        case 0:
          line[at] = static_cast<char>(random());
          break;
        case 1:
          line.resize(at);
          break;
        default:
          line.erase(at, 1 + random() % 4);
      }
    }
    p.parse(line);
    check_values(p);
  }
}

TEST(Hostile, ManyChannelsStayBounded) {
  Parsing p(false);
  const std::size_t before = kind_count();
  for (int i = 0; i < 30'000; ++i) {
    p.parse("{\"EventID\":" + std::to_string(i) + ",\"Channel\":\"c" + std::to_string(i % 3000) +
            "\"}");
    ASSERT_EQ(p.kind().product, "windows");
  }
  EXPECT_LT(kind_count() - before, 19'000u);
}

TEST(Hostile, NothingIsLost) {
  Batch batch;
  Parser parser(shipped_catalog(), false);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    batch.add(i % 3 == 0   ? "{broken"
              : i % 3 == 1 ? "{\"a\":1}"
                           : "plain",
              SourceId{static_cast<std::uint32_t>(i % 5)}, i, kReceived);
    if (i % 7 == 0) parser.parse(batch);  // in several steps
  }
  parser.parse(batch);
  ASSERT_EQ(batch.events().size(), 1000u);
  EXPECT_EQ(batch.events()[0].status, ParseStatus::kRaw);
  EXPECT_EQ(batch.events()[1].status, ParseStatus::kParsed);
  EXPECT_EQ(batch.events()[2].status, ParseStatus::kRaw);
}

}  // namespace
}  // namespace picket::parsers
