// Records over HTTP, with curl as the client.
#include "base/json.h"
#include "doors.h"

namespace picket::collector {
namespace {

TEST_F(CollectorTest, HttpIngestLines) {
  start(http());
  append("body", "one\ntwo\r\n\nthree");
  EXPECT_EQ(
      curl("-H 'Content-Type: application/x-ndjson' --data-binary @" + path("body"), "/ingest"),
      "200 {\"accepted\":3}");
  EXPECT_EQ(engine_->text(), "one|two|three");  // answered after the commit
  EXPECT_EQ(engine_->all()[0].source, kHttp);
  EXPECT_EQ(curl("--data-binary ''", "/ingest"), "200 {\"accepted\":0}");
  EXPECT_EQ(curl("--data-binary 'x'", "/ingest?source=named"), "200 {\"accepted\":1}");
  EXPECT_EQ(curl("--data-binary 'y' -H 'X-Picket-Source: named'", "/ingest"),
            "200 {\"accepted\":1}");
  EXPECT_EQ(engine_->all()[3].source, kNamed);
  EXPECT_EQ(engine_->all()[4].source, kNamed);
  EXPECT_TRUE(curl("--data-binary 'x'", "/ingest?source=other").starts_with("400 "));
  EXPECT_TRUE(curl("", "/ingest").starts_with("405 "));
  EXPECT_TRUE(curl("--data-binary 'x'", "/elsewhere").starts_with("404 "));
  EXPECT_EQ(engine_->size(), 5U);
}

TEST_F(CollectorTest, HttpIngestOfDocuments) {
  CollectorConfig config = http();
  config.batch_records_max = 2;
  start(std::move(config));
  append("body", "{\"value\":[{\"a\":1},\n{\"b\":2},{\"c\":3}]}\n{\n\"d\":4\n}\n[{\"e\":5}]");
  EXPECT_EQ(curl("--data-binary @" + path("body"), "/ingest"), "200 {\"accepted\":5}");
  EXPECT_EQ(engine_->text(), "{\"a\":1}|{\"b\":2}|{\"c\":3}|{\n\"d\":4\n}|{\"e\":5}");
  EXPECT_EQ(door("http_ingest").envelopes, 2U);
  append("w3c", "#Fields: a b\n1 2\n3 4\n#Fields: c\n5\n");
  EXPECT_EQ(curl("--data-binary @" + path("w3c"), "/ingest"), "200 {\"accepted\":5}");
  EXPECT_EQ(engine_->headings(), "||||||#Fields: a b|#Fields: a b||#Fields: c|");
}

// Each body has its own, and only those for the source whose lines have one.
TEST_F(CollectorTest, FirstLineOfABodyHeadsItsLines) {
  CollectorConfig config = http();
  config.batch_records_max = 2;
  config.http_ingest[0].first_line_heads = [](SourceId source) { return source == kNamed; };
  start(std::move(config));
  append("one", "\xEF\xBB\xBFuser,ip\r\nann,1\r\n{\nbob,2\n");
  append("two", "a\n1\n");
  EXPECT_EQ(curl("--data-binary @" + path("one"), "/ingest?source=named"), "200 {\"accepted\":4}");
  EXPECT_EQ(curl("--data-binary @" + path("two"), "/ingest?source=named"), "200 {\"accepted\":2}");
  EXPECT_EQ(curl("--data-binary @" + path("two"), "/ingest"), "200 {\"accepted\":2}");
  EXPECT_EQ(engine_->headings(), "|user,ip|user,ip|user,ip||a|||");
}

TEST_F(CollectorTest, HttpLargeAndCompressedBodies) {
  CollectorConfig config = http();
  start(std::move(config));
  std::ofstream(path("body"), std::ios::binary) << numbered(0, 12'345);
  EXPECT_EQ(curl("--data-binary @" + path("body"), "/ingest"), "200 {\"accepted\":12345}");
  expect_numbered(engine_->all(), 12'345);
  ASSERT_EQ(std::system(("gzip -k " + path("body")).c_str()), 0);
  EXPECT_EQ(curl("--data-binary @" + path("body.gz") + " -H 'Content-Encoding: gzip'", "/ingest"),
            "200 {\"accepted\":12345}");
  EXPECT_EQ(engine_->size(), 2U * 12'345);
  fs::resize_file(path("body"), 17 * 1024 * 1024);
  EXPECT_TRUE(curl("--data-binary @" + path("body"), "/ingest").starts_with("413 "));
}

TEST_F(CollectorTest, HttpBulk) {
  start(http());
  std::ofstream(path("bulk"), std::ios::binary) << "{\"create\":{}}\n{\"a\":1}\n"
                                                   "{\"index\":{\"_index\":\"logs\"}}\n{\"b\":2}\n";
  const std::string file = "-H 'Content-Type: application/x-ndjson' --data-binary @" + path("bulk");
  std::string answer = curl(file, "/_bulk");
  ASSERT_TRUE(answer.starts_with("200 ")) << answer;
  auto json = parse_json(answer.substr(4));
  ASSERT_TRUE(json) << answer;
  EXPECT_EQ((*json)["errors"], false);
  EXPECT_EQ((*json)["items"].size(), 2U);
  EXPECT_EQ((*json)["items"][0]["create"]["status"], 201);
  EXPECT_EQ(engine_->text(), "{\"a\":1}|{\"b\":2}");

  std::ofstream(path("bulk"), std::ios::binary | std::ios::app) << "garbage\n{\"c\":3}\n";
  answer = curl(file, "/logs-web/_bulk?source=named");
  json = parse_json(answer.substr(4));
  ASSERT_TRUE(json) << answer;
  EXPECT_EQ((*json)["errors"], true);
  EXPECT_EQ((*json)["items"][2]["create"]["status"], 400);
  EXPECT_EQ((*json)["items"][0]["create"]["_index"], "logs-web");
  EXPECT_EQ(engine_->size(), 4U);
  EXPECT_EQ(engine_->rejected("bulk_action"), 1U);
  EXPECT_EQ(door("http_ingest").rejected, 1U);

  const std::string version = curl("", "/");
  EXPECT_NE(version.find("\"number\":\"8.17.0\""), std::string::npos) << version;
  EXPECT_TRUE(curl("", "/_license").starts_with("404 "));
  EXPECT_TRUE(curl("-I", "/").starts_with("200 "));
}

TEST_F(CollectorTest, HttpBulkItemsAreLimited) {
  CollectorConfig config = http();
  config.http_ingest[0].bulk_items_max = 2;
  start(std::move(config));
  std::string body;
  for (int i = 0; i < 3; ++i) body += "{\"create\":{}}\n{}\n";
  std::ofstream(path("bulk"), std::ios::binary) << body;
  EXPECT_TRUE(curl("--data-binary @" + path("bulk"), "/_bulk").starts_with("413 "));
  EXPECT_EQ(engine_->size(), 0U);
}

TEST_F(CollectorTest, HttpToken) {
  start(http("secret"));
  const auto status = [this](const std::string& header) {
    return curl("-H '" + header + "' --data-binary x", "/ingest").substr(0, 3);
  };
  EXPECT_EQ(status("X: y"), "401");
  for (const std::string wrong : {"", "secre", "secrets", "Secret", " secret", "x"}) {
    EXPECT_EQ(status("Authorization: Bearer " + wrong), "401") << wrong;
  }
  EXPECT_EQ(status("Authorization: Basic secret"), "401");
  EXPECT_EQ(status("Authorization: Bearer secret"), "200");
  EXPECT_TRUE(curl("", "/").starts_with("401 "));
  EXPECT_EQ(engine_->size(), 1U);
}

TEST_F(CollectorTest, HttpFailedCommitIs503) {
  start(http());
  engine_->committing = false;
  EXPECT_TRUE(curl("--data-binary x", "/ingest").starts_with("503 "));
}

TEST_F(CollectorTest, HttpFullQueueIs429) {
  start(http(), 2, false);
  std::vector<std::thread> waiting;
  std::atomic<int> good = 0;
  for (int i = 0; i < 2; ++i) {
    waiting.emplace_back(
        [&] { good += curl("--data-binary x", "/ingest").starts_with("200 ") ? 1 : 0; });
  }
  while (collector_->counters().queue_depth < 2) std::this_thread::sleep_for(milliseconds(2));
  const std::string busy = curl("-D - --data-binary y", "/ingest");
  EXPECT_TRUE(busy.starts_with("429 ")) << busy;
  EXPECT_NE(busy.find("Retry-After: 1"), std::string::npos) << busy;
  engine_->run();
  for (auto& thread : waiting) thread.join();
  EXPECT_EQ(good, 2);
  EXPECT_EQ(engine_->size(), 2U);
  EXPECT_EQ(door("http_ingest").records, 2U);
}

TEST_F(CollectorTest, HttpLargeBodyWaitsOnceBegun) {
  CollectorConfig config = http();
  config.batch_records_max = 100;
  start(std::move(config), 2, true, milliseconds(2));
  std::ofstream(path("body"), std::ios::binary) << numbered(0, 5000);
  EXPECT_EQ(curl("--data-binary @" + path("body"), "/ingest"), "200 {\"accepted\":5000}");
  expect_numbered(engine_->all(), 5000);
}

TEST_F(CollectorTest, StopWaitsForTheCommitOfOpenRequests) {
  start(http(), 16, false);
  std::string answer;
  std::thread client([&] { answer = curl("--data-binary x", "/ingest"); });
  while (collector_->counters().queue_depth < 1) std::this_thread::sleep_for(milliseconds(2));
  std::thread later([&] {
    std::this_thread::sleep_for(milliseconds(100));
    engine_->run();
  });
  collector_->stop();
  client.join();
  later.join();
  EXPECT_EQ(answer, "200 {\"accepted\":1}");
}

}  // namespace
}  // namespace picket::collector
