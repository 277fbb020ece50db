// ByteMarks against asking every byte, with what each processor has.
#include "parsers/formats/byte_marks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace picket::parsers {
namespace {

constexpr ByteMarks::Vectors kAll[] = {ByteMarks::Vectors::kNone, ByteMarks::Vectors::kSse2,
                                       ByteMarks::Vectors::kBest};

std::size_t first_of(const std::string& text, const ByteSet& set, std::size_t from) {
  while (from < text.size() && !set.has(text[from])) ++from;
  return from;
}

// Texts end where their memory does, so that a sanitizer sees what reads further.
void expect_right(const std::string& text, const ByteSet& stops, const ByteSet& quotes) {
  ByteMarks marks;
  marks.read(std::string(300, ' '), ByteSet(" "), ByteSet(" "));  // what is left of a text before
  for (const ByteMarks::Vectors vectors : kAll) {
    const auto copy = std::make_unique<char[]>(text.size());
    std::copy(text.begin(), text.end(), copy.get());
    marks.read({copy.get(), text.size()}, stops, quotes, vectors);
    for (std::size_t from = 0; from <= text.size(); ++from) {
      ASSERT_EQ(marks.stop(from), first_of(text, stops, from)) << text << " from " << from;
      ASSERT_EQ(marks.quote(from), first_of(text, quotes, from)) << text << " from " << from;
    }
  }
}

TEST(ByteMarks, AreThoseOfEveryByte) {
  std::mt19937 random(5);
  constexpr std::string_view kBytes("a=\" ,\t\xff\0b'", 11);
  const std::pair<ByteSet, ByteSet> sets[] = {
      {ByteSet(" ,"), ByteSet("\"")},
      {ByteSet(" "), ByteSet()},
      {ByteSet(" ,;|\t&"), ByteSet("\"'")},                  // more than vectors look for
      {ByteSet(std::string_view("\0", 1)), ByteSet("\"'")},  // what fills the last block
      {ByteSet(" ,;\xff"), ByteSet("\"'`~")}};
  for (std::size_t size = 0; size < 300; size += size < 140 ? 1 : 37) {
    for (const auto& [stops, quotes] : sets) {
      std::string text(size, 'x');  // marks far from each other
      for (int i = 0; i < 3 && size > 0; ++i) text[random() % size] = kBytes[random() % 11];
      expect_right(text, stops, quotes);
      for (char& c : text) c = kBytes[random() % 11];  // and near
      expect_right(text, stops, quotes);
    }
  }
}

TEST(ByteMarks, OfALongTextAndAShortOneBehindIt) {
  ByteMarks marks;
  std::string text(3'000'000, 'x');
  text.back() = ' ';
  marks.read(text, ByteSet(" "), ByteSet("\""));
  EXPECT_EQ(marks.stop(0), text.size() - 1);
  EXPECT_EQ(marks.quote(0), text.size());
  marks.read("a b", ByteSet(" "), ByteSet("\""));
  EXPECT_EQ(marks.stop(0), 1U);
  EXPECT_EQ(marks.stop(2), 3U);
  EXPECT_EQ(marks.quote(0), 3U);
}

}  // namespace
}  // namespace picket::parsers
