#include "collector/framing.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/collector/framing_property.h"

namespace picket::collector {
namespace {

// Frames as "a|b|c", a cut one as "bytes(length)".
std::string show(const Frames& frames) {
  std::string text;
  for (const OwnedFrame& frame : frames) {
    if (!text.empty()) text += '|';
    text += frame.bytes;
    if (frame.length != frame.bytes.size()) text += '(' + std::to_string(frame.length) + ')';
  }
  return text;
}

TEST(Framing, Streams) {
  const auto stream = [](std::string_view bytes, std::string_view expected) {
    EXPECT_EQ(show(framed({bytes}, {.frame_bytes_max = 16})), expected) << "stream: " << bytes;
    // Every split in two gives the same.
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      EXPECT_EQ(show(framed({bytes.substr(0, cut), bytes.substr(cut)}, {.frame_bytes_max = 16})),
                expected)
          << "stream: " << bytes << " cut at " << cut;
    }
  };
  using namespace std::string_view_literals;
  stream("", "");
  // Lines: LF, CR LF, NUL
  stream("<1>a\n<2>b\n", "<1>a|<2>b");
  stream("<1>a\r\n<2>b\r\n", "<1>a|<2>b");
  stream("<1>a\0<2>b\0"sv, "<1>a|<2>b");
  stream("<1>a\r\0<2>b"sv, "<1>a\r|<2>b");  // CR belongs to CR LF only
  stream("\n\n\r\n\0<1>a\n\n"sv, "<1>a");
  stream("a\rb\n", "a\rb");
  // Octet counting
  stream("4 <1>a5 <2>bc", "<1>a|<2>bc");
  stream("6 <1>a\nb4 <2>c", "<1>a\nb|<2>c");
  stream("5 <1>a\n4 <2>b", "<1>a\n|<2>b");
  stream("4 <1>a\n4 <2>b\n", "<1>a|<2>b");  // a line end after a counted frame is no frame
  stream("1 x2 yz", "x|yz");
  // Both on one connection
  stream("4 <1>a<2>b\n4 <3>c<4>d\n", "<1>a|<2>b|<3>c|<4>d");
  // What is no count is text, and kept
  stream("0 <1>a\n", "0 <1>a");
  stream("04 <1>a\n", "04 <1>a");
  stream("-1 <1>a\n", "-1 <1>a");
  stream("+4 <1>a\n", "+4 <1>a");
  stream("4<1>a\n", "4<1>a");
  stream("12:30 up\n", "12:30 up");
  stream("4\t<1>a\n", "4\t<1>a");
  stream("12345678 <1>\n", "12345678 <1>");
  // Longer than the limit: cut, the length told, and the next frame is found
  stream("0123456789abcdef\nx\n", "0123456789abcdef|x");
  stream("0123456789abcdef\r\nx\n", "0123456789abcdef|x");
  stream("0123456789abcdefg\nx\n", "0123456789abcdef(17)|x");
  stream("0123456789abcdefghijklm\r\nx\n", "0123456789abcdef(23)|x");
  stream("20 abcdefghijklmnopqrst1 x", "abcdefghijklmnop(20)|x");
  // Cut off by the end
  stream("<1>a", "<1>a");
  stream("<1>a\r", "<1>a\r");
  stream("12", "12");
  stream("12 ", "12 ");
  stream("12 <1>a", "<1>a(12)");
}

TEST(Framing, LinesOnly) {
  const auto stream = [](std::string_view bytes, std::string_view expected) {
    EXPECT_EQ(
        show(framed({bytes},
                    {.frame_bytes_max = 16, .octet_counting = false, .nul_ends_line = false})),
        expected)
        << bytes;
  };
  using namespace std::string_view_literals;
  stream("4 abcd5 x\n", "4 abcd5 x");
  stream("a\0b\nc"sv, "a\0b|c"sv);
  stream("\r\n\na\r\n", "a");
}

// RELIABILITY 1b: digits of the octet count overran the heap of a peer (CVE-2022-24903).
TEST(Framing, CountsOfAnySize) {
  for (const std::size_t digits : {1U, 6U, 7U, 8U, 9U, 10U, 19U, 20U, 100U, 65'536U, 1'000'000U}) {
    const std::string nines(digits, '9');
    const std::string stream = nines + " <13>text\n<14>next\n";
    const Frames frames = framed({stream}, {});
    if (digits <= 7) {  // a count: everything after it is its frame, cut off by the end
      ASSERT_EQ(frames.size(), digits == 1 ? 2U : 1U) << digits;
      EXPECT_EQ(std::to_string(frames[0].length), digits == 1 ? "9" : nines);
      EXPECT_EQ(frames[0].bytes, digits == 1 ? "<13>text\n" : "<13>text\n<14>next\n");
    } else {
      ASSERT_EQ(frames.size(), 2U) << digits;
      EXPECT_EQ(frames[0].length, digits + 9);
      EXPECT_EQ(frames[0].bytes.size(), std::min<std::size_t>(digits + 9, 64 * 1024));
      EXPECT_EQ(frames[1].bytes, "<14>next");
    }
  }
  for (const std::string_view count :
       {"0", "00", "-1", "+1", "2147483648", "4294967296", "4294967295", "18446744073709551615",
        "18446744073709551616", "0x10", "1e3"}) {
    const std::string line = std::string(count) + " <13>text";
    const std::string stream = line + "\n<14>next\n";
    EXPECT_EQ(show(framed({stream}, {})), line + "|<14>next") << count;
  }
}

TEST(Framing, AClaimedLengthCostsNoMemory) {
  Framer framer({.frame_bytes_max = 1024});
  Frame frame;
  std::string_view head = "9999999 ";
  EXPECT_FALSE(framer.next(head, frame));
  const std::string chunk(64 * 1024, 'x');
  std::uint64_t fed = 0;
  while (fed + chunk.size() <= 9'999'999) {
    std::string_view input = chunk;
    ASSERT_FALSE(framer.next(input, frame));
    fed += chunk.size();
  }
  EXPECT_EQ(framer.pending(), fed + 8);
  std::string_view last = std::string_view(chunk).substr(0, 9'999'999 - fed);
  ASSERT_TRUE(framer.next(last, frame));
  EXPECT_EQ(frame.bytes, std::string(1024, 'x'));
  EXPECT_EQ(frame.length, 9'999'999U);
  std::string_view next = "4 <1>a";  // in step again
  ASSERT_TRUE(framer.next(next, frame));
  EXPECT_EQ(frame.bytes, "<1>a");
}

TEST(Framing, LongLinesResync) {
  const std::string line(10 * 1024 * 1024, 'y');
  const Frames frames = framed({line, "\n", "next\n"}, {});
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].bytes.size(), 64U * 1024);
  EXPECT_EQ(frames[0].length, line.size());
  EXPECT_EQ(frames[1].bytes, "next");
}

TEST(Framing, PendingSaysWhereTheOpenFrameBegan) {
  Framer framer;
  Frame frame;
  std::string_view input = "one\ntwo\npart";
  EXPECT_TRUE(framer.next(input, frame));
  EXPECT_EQ(framer.pending() + input.size(), 8U);
  EXPECT_TRUE(framer.next(input, frame));
  EXPECT_FALSE(framer.next(input, frame));
  EXPECT_EQ(framer.pending(), 4U);
}

// Every string of up to five letters, byte by byte, in pieces and whole, against the reference.
TEST(Framing, ExhaustiveSmallStrings) {
  static constexpr std::array<FramerOptions, 4> kOptions = {{
      {.frame_bytes_max = 1},
      {.frame_bytes_max = 2},
      {.frame_bytes_max = 64},
      {.frame_bytes_max = 2, .octet_counting = false, .nul_ends_line = false},
  }};
  const std::string letters("02 a\n\r\0", 7);
  std::uint64_t checked = 0;
  for (std::size_t length = 0; length <= 5; ++length) {
    std::vector<std::size_t> digits(length, 0);
    while (true) {
      std::string text;
      for (const std::size_t digit : digits) text += letters[digit];
      // The longest ones take turns, or this would take most of the suite's time.
      for (std::size_t turn = 0; turn < kOptions.size(); ++turn) {
        if (length < 5 || turn == checked % kOptions.size())
          check_framing(text, checked, kOptions[turn]);
      }
      ++checked;
      std::size_t i = 0;
      while (i < length && ++digits[i] == letters.size()) digits[i++] = 0;
      if (i == length) break;
    }
  }
  EXPECT_EQ(checked, 19'608U);
}

}  // namespace
}  // namespace picket::collector
