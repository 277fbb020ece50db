// holds_text() against std::string_view::find, over texts of few letters so that near misses
// abound.
#include "parsers/find_text.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace picket::parsers {
namespace {

TEST(FindText, SaysWhatFindSays) {
  std::mt19937 random(1);
  const auto made = [&](std::size_t size) {
    std::string text(size, 'a');
    for (char& c : text) c = "ab\0"[random() % 3];
    return text;
  };
  std::size_t found = 0;
  for (int i = 0; i < 200'000; ++i) {
    // On the heap and exactly as long, so that a sanitizer sees a read beyond either end.
    const std::string record = made(random() % 80);
    const std::string text = made(random() % 9);
    const bool there = record.find(text) != std::string::npos;
    found += there ? 1 : 0;
    ASSERT_EQ(holds_text(record, text), there) << i;
  }
  EXPECT_GT(found, 50'000U);
  EXPECT_LT(found, 150'000U);
}

TEST(FindText, AtEveryPlace) {
  for (std::size_t size = 3; size < 70; ++size) {
    for (std::size_t at = 0; at + 3 <= size; ++at) {
      std::string record(size, '-');
      record.replace(at, 3, "xyz");
      EXPECT_TRUE(holds_text(record, "xyz")) << size << " " << at;
      EXPECT_FALSE(holds_text(record, "xz")) << size << " " << at;
    }
  }
}

}  // namespace
}  // namespace picket::parsers
