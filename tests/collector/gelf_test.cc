#include "collector/gelf.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace picket::collector {
namespace {

using Taken = GelfChunks::Taken;

std::string chunk(const std::string& id, int number, int count, const std::string& part) {
  return "\x1e\x0f" + id + static_cast<char>(number) + static_cast<char>(count) + part;
}

std::string compressed(const std::string& text, bool gzip) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, gzip ? 15 + 16 : 15, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 1000, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(GelfChunks, AMessageIsItsChunksInOrder) {
  GelfChunks chunks;
  std::string_view message;
  EXPECT_EQ(chunks.take("a", "{\"x\":1}", message), Taken::kWhole);
  EXPECT_EQ(message, "{\"x\":1}");
  const std::string id = "12345678";
  EXPECT_EQ(chunks.take("a", chunk(id, 2, 3, "c"), message), Taken::kPart);
  EXPECT_EQ(chunks.take("a", chunk(id, 0, 3, "a"), message), Taken::kPart);
  EXPECT_EQ(chunks.take("a", chunk(id, 0, 3, "twice"), message), Taken::kPart);
  EXPECT_EQ(chunks.take("b", chunk(id, 1, 3, "another machine's"), message), Taken::kPart);
  EXPECT_EQ(chunks.take("a", chunk(id, 1, 3, "b"), message), Taken::kWhole);
  EXPECT_EQ(message, "abc");
  EXPECT_EQ(chunks.unfinished(), 1U);
  EXPECT_EQ(chunks.take_dropped(), 0U);
  EXPECT_EQ(chunks.take("a", chunk("22345678", 0, 1, "one"), message), Taken::kWhole);
  EXPECT_EQ(message, "one");
}

TEST(GelfChunks, MalformedOnes) {
  GelfChunks chunks;
  std::string_view message;
  for (const std::string& bad : {std::string("\x1e\x0f"), std::string("\x1e\x0f 1234567\0", 11),
                                 chunk("12345678", 0, 0, "x"), chunk("12345678", 3, 3, "x"),
                                 chunk("12345678", 0, 129, "x")}) {
    EXPECT_EQ(chunks.take("a", bad, message), Taken::kMalformed);
  }
  EXPECT_EQ(chunks.unfinished(), 0U);
  EXPECT_EQ(chunks.take("a", chunk("12345678", 0, 2, "x"), message), Taken::kPart);
  EXPECT_EQ(chunks.take("a", chunk("12345678", 1, 3, "x"), message), Taken::kMalformed);
}

TEST(GelfChunks, UnfinishedMessagesAreBoundedAndCounted) {
  GelfChunks chunks;
  std::string_view message;
  const auto id = [](std::size_t n) {
    std::string text = std::to_string(n);
    return text.insert(0, 8 - text.size(), '0');
  };
  for (std::size_t i = 0; i < GelfChunks::kUnfinishedMax + 10; ++i)
    chunks.take("a", chunk(id(i), 0, 2, "x"), message);
  EXPECT_EQ(chunks.unfinished(), GelfChunks::kUnfinishedMax);
  EXPECT_EQ(chunks.take_dropped(), 10U);
  chunks.tick(std::chrono::seconds(3));
  chunks.take("a", chunk("new id..", 0, 2, "x"), message);
  chunks.tick(std::chrono::seconds(3));
  EXPECT_EQ(chunks.unfinished(), 1U);
  EXPECT_EQ(chunks.take_dropped(), GelfChunks::kUnfinishedMax);
  for (std::size_t i = 0; i < 400; ++i)
    chunks.take("a", chunk(id(i), 0, 2, std::string(60'000, 'x')), message);
  EXPECT_LE(chunks.bytes(), GelfChunks::kBytesMax);
  EXPECT_GT(chunks.take_dropped(), 100U);
  chunks.clear();
  EXPECT_EQ(chunks.bytes(), 0U);
}

TEST(Gelf, Inflates) {
  const std::string json = "{\"short_message\":\"hello\"}";
  std::string buffer;
  for (const bool gzip : {false, true}) {
    const std::string packed = compressed(json, gzip);
    EXPECT_EQ(inflate_gelf(packed, 1000, buffer).bytes, json);
    const GelfText cut = inflate_gelf(packed, 5, buffer);
    EXPECT_EQ(cut.bytes, "{\"sho");
    EXPECT_EQ(cut.length, json.size());
    // Cut short or damaged: the bytes as they came.
    for (std::size_t size = 2; size < packed.size(); ++size) {
      const GelfText text = inflate_gelf(std::string_view(packed).substr(0, size), 1000, buffer);
      EXPECT_TRUE(text.damaged) << size;
      EXPECT_EQ(text.bytes, packed.substr(0, size));
    }
    // What inflates without end stops at the bound.
    const GelfText bomb =
        inflate_gelf(compressed(std::string(20'000'000, ' '), gzip), 1000, buffer);
    EXPECT_EQ(bomb.bytes.size(), 1000U);
    EXPECT_LE(bomb.length, kGelfInflatedMax + 16 * 1024);
  }
  EXPECT_EQ(inflate_gelf(json, 1000, buffer).bytes, json);
  EXPECT_EQ(inflate_gelf("", 1000, buffer).bytes, "");
}

}  // namespace
}  // namespace picket::collector
