#include "parsers/json_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <random>
#include <string>
#include <vector>

namespace picket::parsers {
namespace {

std::vector<JsonScan::Kernel> kernels() {
  std::vector<JsonScan::Kernel> all;
  for (const auto kernel :
       {JsonScan::Kernel::kPortable, JsonScan::Kernel::kSse2, JsonScan::Kernel::kAvx2,
        JsonScan::Kernel::kAvx512}) {
    if (JsonScan::has(kernel)) all.push_back(kernel);
  }
  return all;
}

// A text with what JsonScan may read behind it, none of which may count.
std::string followed(const std::string& text) {
  return text + "\"\\\"\x01\xFF\"\\" + std::string(8, '"');
}

std::vector<std::uint32_t> quotes_of(const JsonScan& scan) {
  std::vector<std::uint32_t> all;
  for (const std::uint32_t* at = scan.quotes(); *at != JsonScan::kNoQuote; ++at) all.push_back(*at);
  return all;
}

// The same, byte by byte.
struct Slow {
  std::vector<std::uint32_t> quotes;
  std::vector<bool> backslashes;
  bool plain = true;
  bool valid = true;

  explicit Slow(const std::string& text) : backslashes(text.size()) {
    bool inside = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if (byte == 0xE2 || byte == 0xC5) plain = false;
      if (inside && byte < 0x20) valid = false;
      if (byte == '\\') {
        backslashes[i] = true;
        valid &= escape(text, i);
        if (i < text.size()) backslashes[i] = text[i] == '\\';
      } else if (byte == '"') {
        inside = !inside;
        quotes.push_back(static_cast<std::uint32_t>(i));
      }
    }
    valid &= !inside;
  }

  bool escape(const std::string& text, std::size_t& at) {
    if (++at == text.size()) return false;
    const char c = text[at];
    if (c != 'u') return std::string("\"\\/bfnrt").find(c) != std::string::npos;
    plain = false;
    for (std::size_t i = 1; i <= 4; ++i) {
      if (at + i >= text.size() || std::isxdigit(static_cast<unsigned char>(text[at + i])) == 0)
        return false;
    }
    return true;
  }
};

void expect_same(JsonScan& scan, const std::string& text, std::mt19937& random) {
  const Slow slow(text);
  const std::string with_tail = followed(text);
  ASSERT_EQ(scan.run({with_tail.data(), text.size()}), slow.valid) << text;
  ASSERT_EQ(quotes_of(scan), slow.quotes) << text;
  if (!slow.valid) return;
  ASSERT_EQ(scan.plain(), slow.plain) << text;
  for (int i = 0; i < 20; ++i) {
    const std::size_t begin = random() % (text.size() + 1);
    const std::size_t end = begin + random() % (text.size() - begin + 1);
    bool any = false;
    for (std::size_t at = begin; at < end; ++at) any |= slow.backslashes[at];
    ASSERT_EQ(scan.escaped(begin, end), any) << text << ' ' << begin << ' ' << end;
  }
}

TEST(JsonScan, EveryKernelAgreesWithBytes) {
  for (const auto kernel : kernels()) {
    JsonScan scan(kernel);
    std::mt19937 random(7);
    for (int i = 0; i < 6000; ++i) {
      static const std::vector<std::string> kPieces = {"\"",
                                                       "\"",
                                                       "\\\\",
                                                       "\\\"",
                                                       "\\n",
                                                       "\\u00e9",
                                                       "a",
                                                       "{",
                                                       ":",
                                                       ",",
                                                       "xyz ",
                                                       "\xC3\xA9",
                                                       "\n",
                                                       "\\",
                                                       "\x01",
                                                       "\\u00",
                                                       std::string(60, 'v')};
      // Most texts without the pieces that are valid nowhere, or all of them would be invalid.
      const std::size_t pieces = i % 3 == 0 ? kPieces.size() : kPieces.size() - 5;
      std::string text;
      for (std::size_t n = random() % (i % 5 == 0 ? 200 : 12); n > 0; --n)
        text += i % 3 != 0 && random() % 4 == 0 ? kPieces.back() : kPieces[random() % pieces];
      if (std::count(text.begin(), text.end(), '"') % 2 != 0) text += '"';
      expect_same(scan, text, random);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(JsonScan, RunsOfBackslashesOfEveryLengthAtEveryPlace) {
  for (const auto kernel : kernels()) {
    JsonScan scan(kernel);
    std::mt19937 random(8);
    for (std::size_t before = 0; before < 70; ++before) {
      for (std::size_t run = 0; run < 140; run += run < 10 ? 1 : 13) {
        expect_same(scan, '"' + std::string(before, 'x') + std::string(run, '\\') + "\",\"\"",
                    random);
        expect_same(scan, '"' + std::string(before, 'x') + std::string(run, '\\') + "n\"", random);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(JsonScan, Utf8IsChecked) {
  for (const auto kernel : kernels()) {
    JsonScan scan(kernel);
    for (const std::string bad : {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xC3", "\xF5\x80\x80\x80"}) {
      for (std::size_t before = 0; before < 130; before += 9) {
        const std::string text = '"' + std::string(before, 'x') + bad + '"';
        const std::string with_tail = followed(text);
        EXPECT_FALSE(scan.run({with_tail.data(), text.size()})) << before;
      }
    }
  }
}

TEST(JsonScan, MemoryForALongTextIsGivenBackAndFoundAgain) {
  JsonScan scan;
  const auto quotes = [&scan](const std::string& text) {
    const std::string with_tail = followed(text);
    EXPECT_TRUE(scan.run({with_tail.data(), text.size()}));
    return quotes_of(scan).size();
  };
  EXPECT_EQ(quotes(std::string(3'000'000, '"')), 3'000'000u);
  scan.shrink();
  EXPECT_EQ(quotes("\"\""), 2u);
  EXPECT_EQ(quotes(""), 0u);
}

}  // namespace
}  // namespace picket::parsers
