// Files that are followed: rotated, truncated, of several lines, gone on with after a restart.
#include "base/json.h"
#include "collector/file_tail.h"
#include "doors.h"

namespace picket::collector {
namespace {

TEST_F(CollectorTest, FileIsFollowed) {
  append("app.log", "one\ntwo\r\n\nthr");
  start(file());
  EXPECT_EQ(engine_->wait_text(2), "one|two");
  append("app.log", "ee");
  std::this_thread::sleep_for(milliseconds(30));
  EXPECT_EQ(engine_->text(), "one|two");  // the last line is not complete
  append("app.log", "\nfour\n");
  EXPECT_EQ(engine_->wait_text(4), "one|two|three|four");
  EXPECT_EQ(engine_->all()[0].source, kFile);
}

TEST_F(CollectorTest, FileIsWaitedFor) {
  start(file());
  std::this_thread::sleep_for(milliseconds(20));
  append("app.log", "one\n");
  EXPECT_EQ(engine_->wait_text(1), "one");
}

TEST_F(CollectorTest, FileGoesOnFromTheStoredOffset) {
  append("app.log", "one\ntwo\npart");
  start(file());
  EXPECT_EQ(engine_->wait_text(2), "one|two");
  stop();
  const auto stored = parse_position(engine_->offsets().at("file:" + path("app.log")));
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->position, 8U);
  append("app.log", "ial\nthree\n");
  start(file());
  EXPECT_EQ(engine_->wait_text(2), "partial|three");
}

TEST_F(CollectorTest, FileMayStartAtItsEnd) {
  append("app.log", "old\n");
  CollectorConfig config = file();
  config.files[0].from_beginning = false;
  start(std::move(config));
  std::this_thread::sleep_for(milliseconds(50));
  append("app.log", "new\n");
  EXPECT_EQ(engine_->wait_text(1), "new");
}

TEST_F(CollectorTest, FileOfRecordsOfSeveralLines) {
  CollectorConfig config = file();
  config.files[0].multiline = {.by = MultilineConfig::By::kIndent, .timeout = milliseconds(300)};
  append("app.log", "one\n  two\n\n  three\nfour\n");
  start(std::move(config));
  EXPECT_EQ(engine_->wait_text(2), "one\n  two\n\n  three|four");  // the last after its timeout
  EXPECT_EQ(door("file").records, 2u);
  EXPECT_EQ(door("file").joined, 2u);
}

TEST_F(CollectorTest, FileGoesOnWithAHalfReadRecord) {
  const MultilineConfig multiline{.by = MultilineConfig::By::kIndent,
                                  .timeout = std::chrono::minutes(1)};
  CollectorConfig config = file();
  config.files[0].multiline = multiline;
  append("app.log", "one\n  two\nthree\n");
  start(std::move(config));
  EXPECT_EQ(engine_->wait_text(1), "one\n  two");
  stop();
  append("app.log", "  four\nfive\n");
  config = file();
  config.files[0].multiline = multiline;
  start(std::move(config));
  EXPECT_EQ(engine_->wait_text(1), "three\n  four");
}

TEST_F(CollectorTest, RotationEndsARecordOfSeveralLines) {
  CollectorConfig config = file();
  config.files[0].multiline = {.by = MultilineConfig::By::kIndent,
                               .timeout = std::chrono::minutes(1)};
  append("app.log", "one\n  two\n  no end");
  start(std::move(config));
  std::this_thread::sleep_for(milliseconds(50));
  fs::rename(path("app.log"), path("app.log.1"));
  append("app.log", "  three\nfour\n");
  EXPECT_EQ(engine_->wait_text(2), "one\n  two\n  no end|  three");
  stop();
}

TEST_F(CollectorTest, FileIsRotatedByRename) {
  append("app.log", "one\n");
  start(file());
  EXPECT_EQ(engine_->wait_text(1), "one");
  fs::rename(path("app.log"), path("app.log.1"));
  append("app.log", "three\n");
  append("app.log.1", "two\n");  // its writer has not noticed yet
  EXPECT_EQ(engine_->wait_text(3), "one|two|three");
  append("app.log", "four\n");
  EXPECT_EQ(engine_->wait_text(4), "one|two|three|four");
  stop();
}

TEST_F(CollectorTest, FileRotatedWithAnOpenLastLine) {
  append("app.log", "one\nno end");
  start(file());
  EXPECT_EQ(engine_->wait_text(1), "one");
  fs::rename(path("app.log"), path("app.log.1"));
  append("app.log", "two\n");
  EXPECT_EQ(engine_->wait_text(3), "one|no end|two");
}

TEST_F(CollectorTest, FileRotatedWhileNobodyLooked) {
  append("app.log", "one\ntwo\n");
  start(file());
  EXPECT_EQ(engine_->wait_text(2), "one|two");
  stop();
  append("app.log", "three\n");
  fs::rename(path("app.log"), path("app.log.1"));
  append("app.log", "four\n");
  start(file());
  EXPECT_EQ(engine_->wait_text(2), "three|four");
  stop();
  start(file());  // and the offset is of the new file now
  append("app.log", "five\n");
  EXPECT_EQ(engine_->wait_text(1), "five");
}

TEST_F(CollectorTest, FileIsTruncated) {
  append("app.log", "one\ntwo\n");
  start(file());
  EXPECT_EQ(engine_->wait_text(2), "one|two");
  fs::resize_file(path("app.log"), 0);  // copytruncate
  append("app.log", "new\n");
  EXPECT_EQ(engine_->wait_text(3), "one|two|new");
}

TEST_F(CollectorTest, FileReplacedInPlaceIsReadFromItsStart) {
  append("app.log", "one\n");
  start(file());
  EXPECT_EQ(engine_->wait_text(1), "one");
  stop();
  std::ofstream(path("app.log"), std::ios::trunc) << "longer than before\nand more\n";
  start(file());
  EXPECT_EQ(engine_->wait_text(2), "longer than before|and more");
}

TEST_F(CollectorTest, FileLinesAreCut) {
  CollectorConfig config = file();
  config.frame_bytes_max = 10;
  append("app.log", std::string(500'000, 'x') + "\nnext\n");
  start(std::move(config));
  const auto taken = engine_->wait_for(2);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].raw, "xxxxxxxxxx");
  EXPECT_EQ(taken[0].length, 500'000U);
  EXPECT_EQ(taken[1].raw, "next");
}

// Stopped at any point with a slow engine, what was committed and what is read after the restart
// are the file, once.
TEST_F(CollectorTest, FileOffsetsNeverLoseNorRepeat) {
  constexpr int kLines = 20'000;
  append("app.log", numbered(0, kLines));
  std::vector<Taken> all;
  std::map<std::string, std::string> offsets;
  for (int run = 0; run < 200 && all.size() < kLines; ++run) {
    CollectorConfig config = file();
    config.offsets = offsets;
    config.batch_records_max = 37;
    start(std::move(config), 2, false);
    for (int i = 0; i < 40; ++i) {  // then it dies: what is in the queue is not committed
      engine_->take_one();
      std::this_thread::sleep_for(milliseconds(1));
    }
    const auto taken = engine_->all();
    all.insert(all.end(), taken.begin(), taken.end());
    for (const auto& [name, value] : engine_->offsets()) offsets[name] = value;
    std::thread later([this] {  // so that stop() need not wait
      while (collector_->counters().queue_depth > 0 || !ended_) {
        while (engine_->queue.try_pop()) {
        }
        std::this_thread::sleep_for(milliseconds(1));
      }
    });
    collector_->stop();
    ended_ = true;
    later.join();
    ended_ = false;
    if (run == 10) {  // and then without a stop in between
      CollectorConfig rest = file();
      rest.offsets = offsets;
      start(std::move(rest));
      const auto more = engine_->wait_for(kLines - all.size());
      all.insert(all.end(), more.begin(), more.end());
    }
  }
  expect_numbered(all, kLines);
}

// The elements of an envelope, the first half before a restart and the rest after it.
TEST_F(CollectorTest, FileGoesOnInsideAnEnvelope) {
  append("app.log", "{\"Records\": [\n {\"a\": 1},\n {\n  \"b\": 2\n },\n {\"c\"");
  start(file());
  EXPECT_EQ(engine_->wait_text(2), "{\"a\": 1}|{\n  \"b\": 2\n }");
  EXPECT_EQ(door("file").envelopes, 1U);
  stop();
  CollectorConfig config = file();
  config.offsets = engine_->offsets();
  EXPECT_TRUE(config.offsets.at("file:" + path("app.log")).ends_with(":e"));
  append("app.log", ": 3} ],\n \"nextLink\": \"x\"}\nline\n");
  start(std::move(config));
  EXPECT_EQ(engine_->wait_text(2), "{\"c\": 3}|line");
}

// Each line has the heading before it, also behind a restart, also in a file that was not read so far.
TEST_F(CollectorTest, FileLinesKeepTheirHeading) {
  append("app.log", "#Software: x\n#Fields: a b\n1 2\n#Fields: c\n3\n");
  start(file());
  engine_->wait_for(5);
  EXPECT_EQ(engine_->headings(), "||#Fields: a b||#Fields: c|");
  stop();
  CollectorConfig config = file();
  config.offsets = engine_->offsets();
  EXPECT_TRUE(config.offsets.at("file:" + path("app.log")).ends_with(":l:30"));
  append("app.log", "4\n#fields\td\te\r\n5\t6\n");
  start(std::move(config));
  engine_->wait_for(3);
  EXPECT_EQ(engine_->headings(), "#Fields: c||#fields\td\te|");
  config = file();
  config.files[0].from_beginning = false;
  start(std::move(config));
  while (collector_->counters().doors.empty()) std::this_thread::sleep_for(milliseconds(1));
  std::this_thread::sleep_for(milliseconds(100));
  append("app.log", "7\t8\n");
  engine_->wait_for(1);
  EXPECT_EQ(engine_->headings(), "#fields\td\te|");
}

// The first line of each file, wherever reading goes on: behind a restart, at the end of a file that
// was not read so far, in the file behind a rotation, and in one that was cut off and begun anew.
TEST_F(CollectorTest, FirstLineOfAFileHeadsItsLines) {
  const auto csv = [this] {
    CollectorConfig config = file();
    config.files[0].first_line_heads = true;
    return config;
  };
  append("app.log", "\n  \n\xEF\xBB\xBFuser,ip\r\nann,1\n{\n#note,2\n");
  start(csv());
  engine_->wait_for(5);
  EXPECT_EQ(engine_->headings(), "||user,ip|user,ip|user,ip|");
  EXPECT_EQ(engine_->all()[0].raw, "  ");
  stop();
  CollectorConfig config = csv();
  config.offsets = engine_->offsets();
  append("app.log", "user,ip\nbob,3\n");
  start(std::move(config));
  EXPECT_EQ(engine_->wait_text(2), "user,ip|bob,3");
  EXPECT_EQ(engine_->headings(), "user,ip|user,ip|");
  stop();
  config = csv();
  config.files[0].from_beginning = false;
  start(std::move(config));
  while (collector_->counters().doors.empty()) std::this_thread::sleep_for(milliseconds(1));
  std::this_thread::sleep_for(milliseconds(100));
  append("app.log", "eve,4\n");
  EXPECT_EQ(engine_->wait_text(1), "eve,4");
  EXPECT_EQ(engine_->headings(), "user,ip|");
  fs::rename(path("app.log"), path("app.log.1"));
  append("app.log", "a;b\n1;2\n");
  engine_->wait_for(3);
  EXPECT_EQ(engine_->headings(), "user,ip||a;b|");
  std::ofstream(path("app.log"), std::ios::trunc) << "c\n";
  engine_->wait_for(4);
  append("app.log", "5\n");
  engine_->wait_for(5);
  EXPECT_EQ(engine_->headings(), "user,ip||a;b||c|");
}

// One that is too long names nothing, neither at first nor behind a restart, and the line behind it
// is not taken for it.
TEST_F(CollectorTest, AFirstLineThatIsTooLongHeadsNothing) {
  for (const std::size_t size : {kHeadingBytesMax + 1, std::size_t{70'000}}) {
    const std::string name = "log" + std::to_string(size);
    CollectorConfig config = file();
    config.files[0].path = path(name);
    config.files[0].first_line_heads = true;
    append(name, std::string(size, 'x') + "\na,b\n");
    start(config);
    engine_->wait_for(2);
    EXPECT_EQ(engine_->headings(), "||");
    stop();
    config.offsets = engine_->offsets();
    append(name, "c,d\ne,f\n");
    start(config);
    EXPECT_EQ(engine_->wait_text(2), "c,d|e,f");
    EXPECT_EQ(engine_->headings(), "||");
    stop();
  }
}

// What is never ended is lines after all, once nothing more comes.
TEST_F(CollectorTest, FileGivesUpOnAnOpenValue) {
  append("app.log", "{\n \"a\": 1,\n");
  CollectorConfig config = file();
  config.files[0].multiline.timeout = milliseconds(300);
  start(std::move(config));
  EXPECT_EQ(engine_->wait_text(2), "{| \"a\": 1,");
  CollectorConfig lines = file();
  lines.offsets.clear();
  lines.files[0].json = false;
  start(std::move(lines));
  EXPECT_EQ(engine_->wait_text(2), "{| \"a\": 1,");
}

TEST(FilePosition, Text) {
  const auto round = [](std::string_view text) {
    const auto position = parse_position(text);
    return position ? format_position(*position) : "none";
  };
  EXPECT_EQ(round("1:2:3:ff"), "1:2:3:ff");
  EXPECT_EQ(round("1:2:3:ff:e"), "1:2:3:ff:e");
  EXPECT_EQ(round("1:2:3:ff:e:77"), "1:2:3:ff:e:77");
  EXPECT_EQ(round("1:2:3:ff:l:0"), "1:2:3:ff:l:0");
  EXPECT_EQ(round("1:2:3:ff:l"), "1:2:3:ff");
  EXPECT_EQ(round("18446744073709551615:2:3:ffffffffffffffff"),
            "18446744073709551615:2:3:ffffffffffffffff");
  for (const std::string_view bad :
       {"", "1", "1:2:3", "1:2:3:", "1:2:3:4:5", "1:2:3:4:ee", "1:2:3:4:e:", "1:2:3:4:e:5:",
       "1:2:3:4:", "a:2:3:4", "1:-2:3:4", "1:2:3:4 "}) {
    EXPECT_EQ(round(bad), "none") << bad;
  }
}

}  // namespace
}  // namespace picket::collector
