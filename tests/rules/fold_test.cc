// Folding and searching, fast against slow and obvious.
#include "rules/fold.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <random>

#include "event/field.h"

namespace picket::rules {
namespace {

TEST(Fold, Table) {
  EXPECT_EQ(fold(""), "");
  EXPECT_EQ(fold("C:\\Windows\\System32\\CMD.EXE /c ABCxyz@[`{"), "c:\\windows\\system32\\cmd.exe /c abcxyz@[`{");
  EXPECT_EQ(fold("SỰ CỐ AN TOÀN"), "sự cố an toàn");
  EXPECT_EQ(fold("ÄÖÜ Σίσυφος ſ K"), fold("äöü ΣΊΣΥΦΟΣ s k"));
  EXPECT_EQ(fold("İı I"), "İı i");  // CaseFolding.txt: these two fold in Turkish only
  EXPECT_EQ(fold("bad \xff\xc3( bytes ABC"), "bad \xff\xc3( bytes abc");
}

std::string random_text(std::mt19937& random, std::size_t size, std::string_view letters) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += letters[random() % letters.size()];
  return text;
}

TEST(Fold, UnescapingInOnePassEqualsTwoPasses) {
  std::mt19937 random(7);
  constexpr std::string_view kPieces[] = {"a", "Z", "\\\\", "\\\"", "\\n", "\\/", "\\u0041", "\xc3\x84", "long PLAIN run of text "};
  for (int round = 0; round < 20'000; ++round) {
    std::string token;
    for (std::size_t n = random() % 12; n > 0; --n) token += kPieces[random() % std::size(kPieces)];
    Arena arena;
    const Field field{token.data(), static_cast<std::uint32_t>(token.size()), FieldId{}, ValueKind::kString, true};
    const std::string expected = fold(field_text(field, arena));
    std::string out(folded_size_max(token.size()), '\0');
    const auto size = unescape_fold_into(token, out.data());
    const bool simple = token.find("\\u") == std::string::npos;
    EXPECT_TRUE(size.has_value() || !simple) << token;
    if (!size) continue;
    EXPECT_EQ(out.substr(0, *size), expected) << token;
  }
}

TEST(Fold, FindingEqualsTheLibrary) {
  std::mt19937 random(11);
  for (int round = 0; round < 50'000; ++round) {
    const std::string text = random_text(random, random() % 80, "abc");
    const std::string needle = random_text(random, random() % 6, "abc");
    const std::size_t from = random() % 5;
    EXPECT_EQ(find_bytes(text, needle, from), std::string_view(text).find(needle, from)) << text << " " << needle;
  }
}

TEST(Fold, OnlyTwoCharactersFoldToAscii) {
  for (utf8proc_int32_t code = 0x80; code < 0x110000; ++code) {
    std::array<utf8proc_uint8_t, 4> bytes{};
    const auto size = static_cast<std::size_t>(utf8proc_encode_char(code, bytes.data()));
    const std::string text(bytes.begin(), bytes.begin() + size);
    const std::string folded = fold(text);
    const bool ascii = std::any_of(folded.begin(), folded.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x80;
    });
    ASSERT_EQ(ascii, code == 0x17F || code == 0x212A) << code;
    if (ascii) {
      ASSERT_FALSE(is_plain(text)) << code;
    }
  }
}

TEST(Fold, PlainMeansNothingElseIsAsciiAndNoUnicodeEscape) {
  EXPECT_TRUE(is_plain(""));
  EXPECT_TRUE(is_plain(R"({"a":"C:\\Windows\n","b":"u"} and more, up to the end)"));
  for (std::size_t lead = 0; lead < 40; ++lead) {
    const std::string before(lead, 'x');
    EXPECT_FALSE(is_plain(before + "\\u0041 and more")) << lead;
    EXPECT_TRUE(is_plain(before + "\xc3\xa9")) << lead;
    EXPECT_FALSE(is_plain(before + "\xe2\x84\xaa")) << lead;
    EXPECT_TRUE(is_plain(before + "\\n u")) << lead;
  }
}

}  // namespace
}  // namespace picket::rules
