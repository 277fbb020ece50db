#include "collector/splitter.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/collector/splitting_property.h"

namespace picket::collector {
namespace {

// Records as "a|b", line feeds in them as "~", a cut one as "bytes(length)".
std::string show(const SplitRecords& records) {
  std::string text;
  for (const SplitRecord& record : records) {
    if (!text.empty()) text += '|';
    text += record.bytes;
    if (record.length != record.bytes.size()) text += '(' + std::to_string(record.length) + ')';
  }
  for (char& c : text) c = c == '\n' ? '~' : c;
  return text;
}

TEST(Splitter, Streams) {
  const auto stream = [](std::string_view bytes, std::string_view expected,
                         std::size_t max = 4096) {
    EXPECT_EQ(show(split({bytes}, {.frame_bytes_max = max})), expected) << bytes;
    check_splitting(bytes, bytes.size(), {.frame_bytes_max = max});
  };
  // Lines
  stream("", "");
  stream("a\nb\r\n\n\r\nc", "a|b|c");
  stream("  a\n\tb\n   \n", "  a|\tb|   ");
  stream("[Sun Nov 22] error\n[{bad}] x\n[ ]\n[]\n[1,2]\n",
         "[Sun Nov 22] error|[{bad}] x|[ ]|[]|[1,2]");
  // An object a line: as it stands, whatever is in it
  stream("{\"a\":1}\n{\"b\":[{\"c\":2}]} \r\n{x}\n", "{\"a\":1}|{\"b\":[{\"c\":2}]} |{x}");
  stream("{\"a\":1}{\"b\":2}\n", "{\"a\":1}{\"b\":2}");
  stream("{\"a\":1},\n{\"b\":2},\n", "{\"a\":1}|{\"b\":2}");
  stream("\xEF\xBB\xBF{\"a\":1}\n\xEF\xBB\xBFx\n", "{\"a\":1}|\xEF\xBB\xBFx");
  stream("\xEF\xBB\xBFx\n", "\xEF\xBB\xBFx");
  // An object over lines
  stream("{\n  \"a\": {\"}\": \"\\\"}\"}\r\n}\n{\n}\nx\n",
         "{~  \"a\": {\"}\": \"\\\"}\"}\r~}|{~}|x");
  stream("  {\n \"a\": 1 }\nline\n", "{~ \"a\": 1 }|line");
  stream("{\"a\":1,\n\"b\":2} {\"c\":3} tail\nx\n", "{\"a\":1,~\"b\":2}|{\"c\":3}|tail|x");
  // What only begins like one
  stream("{\"a\":\"open\n{\"b\":2}\n", "{\"a\":\"open|{\"b\":2}");
  stream("{ begin block\nend }\n{\n{\n{\nx\n", "{ begin block|end }|{|{|{|x");
  stream("{\"a\":1,\n", "{\"a\":1,");
  stream("{\"a\":[\n{\"b\":1},\n{\"c\":\n", "{\"a\":[|{\"b\":1}|{\"c\":");
  // Arrays
  stream("[{\"a\":1},{\"b\":[2,{}]}]", "{\"a\":1}|{\"b\":[2,{}]}");
  stream("[\n  {\n \"a\":1\n },\n  {\"b\":2}\n]\n{\"c\":3}\n", "{~ \"a\":1~ }|{\"b\":2}|{\"c\":3}");
  stream("[{\"a\":1}, 7, \"x,]\", null, [1,2], {}] \nx\n", "{\"a\":1}|7|\"x,]\"|null|[1,2]|{}|x");
  stream("[{\"a\":1}]\n[{\"b\":2}]\n", "{\"a\":1}|{\"b\":2}");
  // Envelopes
  stream("{\"Records\":[{\"a\":1},{\"b\":2}]}\n{\"Records\": [ {\"c\":3} ] }",
         "{\"a\":1}|{\"b\":2}|{\"c\":3}");
  stream("{\n \"records\": [\n  { \"a\": 1 },\n  { \"b\": 2 }\n ]\n}\n",
         "{ \"a\": 1 }|{ \"b\": 2 }");
  stream("{\"@odata.context\":\"u\",\"value\":[{\"a\":1}],\"@odata.nextLink\":\"v\"}\nx",
         "{\"a\":1}|x");
  stream("{\"kind\":\"reports\",\"etag\":\"\\\"x\",\"items\":[{\"a\":1}]}", "{\"a\":1}");
  // What is more than an envelope is none, and no member is lost
  stream("{\"user\":\"x\",\"Records\":[{\"a\":1}]}\n", "{\"user\":\"x\",\"Records\":[{\"a\":1}]}");
  stream("{\"Records\":[{\"a\":1}],\"user\":\"x\"}\n", "{\"a\":1}|,\"user\":\"x\"}");
  stream("{\"value\":[1,2]}\n{\"value\":[]}\n{\"value\":1}\n",
         "{\"value\":[1,2]}|{\"value\":[]}|{\"value\":1}");
  stream("{\"value\":[1],\n\"Records\":[{\"a\":1}]}\n", "{\"value\":[1],~\"Records\":[{\"a\":1}]}");
  stream("{\"kind\":\"Event\",\"level\":\"x\",\"items\":[{}]}\n",
         "{\"kind\":\"Event\",\"level\":\"x\",\"items\":[{}]}");
  stream("[{\"Records\":[{\"a\":1}]}]", "{\"Records\":[{\"a\":1}]}");
  // Damage costs the element it is in
  stream("{\"Records\":[{\"a\":1},{\"b\":x},{\"c\":3}]}\ny\n", "{\"a\":1}|{\"b\":x}|{\"c\":3}|y");
  stream("{\"Records\":[{\"a\":x},{\"c\":3}]}\ny\n", "{\"a\":x}|{\"c\":3}|y");
  stream("[{\"a\":1},{\"b\":\ntext\n{\"c\":3}\n", "{\"a\":1}|{\"b\":|text|{\"c\":3}");
  stream("{\"Records\":[{\"a\":1},{\"b\":2", "{\"a\":1}|{\"b\":2");
  stream("{\"Records\":[{\"a\":1}],\"next", "{\"a\":1}|,\"next");
  stream("{\"Records\":[{\"a\":1}\n{\"Records\":[{\"a\":2}]}\n",
         "{\"a\":1}|{\"Records\":[{\"a\":2}]}");
  // Longer than the limit: cut, and the next one is found
  stream("[{\"a\":\"0123456789\"},{\"b\":1}]\nx\n", "{\"a\":\"01(18)|{\"b\":1}|x", 8);
  stream("{\"a\":\"0123456789\"}\nx\n", "{\"a\":\"01(18)|x", 8);
  stream("0123456789\nx\n", "01234567(10)|x", 8);
  stream("[{\"a\":1},x0123456789\n{\"b\":1}\n", "{\"a\":1}|x0123456|789|{\"b\":1}", 8);
}

TEST(Splitter, NestingIsBounded) {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += "{\"a\":\n";
    text += "1" + std::string(depth, '}');
    return text;
  };
  EXPECT_EQ(split({nested(JsonWalker::kDepthMax)}, {}).size(), 1U);
  // Deeper: by lines, of which one is not too deep to be an object.
  const SplitRecords deep = split({nested(JsonWalker::kDepthMax + 2)}, {});
  EXPECT_EQ(deep.size(), 4U);
  EXPECT_EQ(deep[0].bytes, "{\"a\":");
}

TEST(Splitter, EnvelopesAreCountedAndLinesAloneAreLines) {
  std::uint64_t envelopes = 0;
  split({"[{}]\n{\"Records\":[{},{}]}\n{\"a\":1}\n[{\"x\":y\n"}, {}, Splitter::Place::kLine,
        &envelopes);
  EXPECT_EQ(envelopes, 3U);
  EXPECT_EQ(show(split({"{\n}\n[{\"a\":1}]\n"}, {.json = false})), "{|}|[{\"a\":1}]");
}

TEST(Splitter, GivesUpOnWhatIsNeverEnded) {
  Splitter splitter;
  Frame frame;
  std::string_view input = "{\n\"a\": 1,\n\"b";
  EXPECT_FALSE(splitter.next(input, frame));
  EXPECT_EQ(splitter.pending(), 12U);
  splitter.give_up();
  EXPECT_TRUE(splitter.replaying());
  ASSERT_TRUE(splitter.next(input, frame));
  EXPECT_EQ(frame.bytes, "{");
  EXPECT_EQ(splitter.pending(), 10U);
  ASSERT_TRUE(splitter.next(input, frame));
  EXPECT_EQ(frame.bytes, "\"a\": 1,");
  EXPECT_FALSE(splitter.next(input, frame));
  EXPECT_EQ(splitter.pending(), 2U);
  input = "\": 2\n";
  ASSERT_TRUE(splitter.next(input, frame));
  EXPECT_EQ(frame.bytes, "\"b\": 2");
}

// Streams of the pieces that matter, in any order.
TEST(Splitter, AnyStream) {
  const std::vector<std::string_view> pieces = {"{",
                                                "}",
                                                "[",
                                                "]",
                                                ",",
                                                ":",
                                                "\"",
                                                "\n",
                                                "\r\n",
                                                " ",
                                                "\\",
                                                "1",
                                                "x",
                                                "\"a\"",
                                                "{\"a\":",
                                                "[{\"a\":",
                                                "},{\"b\":",
                                                "{\"Records\":[",
                                                "]}\n",
                                                "\"b\":2",
                                                "{\"c\":3}",
                                                "null",
                                                "\xEF\xBB\xBF",
                                                "{\"value\":[{",
                                                "\t"};
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::size_t n = random() % 24; n > 0; --n) text += pieces[random() % pieces.size()];
    check_splitting(text, random(), {.frame_bytes_max = 1 + random() % 40});
    check_splitting(text, random(), {});
  }
}

// A line feed every few bytes and every line an attempt: still linear.
TEST(Splitter, HostileStreamsCostLittle) {
  for (const std::string_view piece : {"{\n", "{x\n", "[\n", "[{\n", "{\"a\":[\n", "[{\"a\":1},\n",
                                       "}", "[{\"a\":{\"b\":1},{\"", " \t"}) {
    std::string text;
    while (text.size() < 100'000) text += piece;
    std::uint64_t bytes = 0;
    for (const SplitRecord& record : split({text}, {.frame_bytes_max = 1024 * 1024}))
      bytes += record.length;
    EXPECT_LE(bytes, text.size());
  }
}

}  // namespace
}  // namespace picket::collector
