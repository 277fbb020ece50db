#include "parsers/timestamp.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace picket::parsers {
namespace {

// A reader that remembers the last minute answers as one that does not, whatever came before.
TEST(TimestampReader, AgreesWithReadingInFull) {
  TimestampReader reader;
  std::mt19937 random(3);
  const auto pick = [&random](const auto& from) {
    return std::string(from[random() % std::size(from)]);
  };
  const std::string minutes[] = {"2026-03-01T10:02", "2026-03-01 10:03", "2026-13-01T10:02",
                                 "1969-12-31t23:59", "2024-02-29T00:00", "2023-02-29T00:00",
                                 "1772366400.12345", "0001-01-01T00:00"};
  const std::string seconds[] = {":00", ":07", ":59", ":60", ":61", ":6", "", ":0x", ".00", ":99"};
  const std::string fractions[] = {"",  ".1", ",123", ".123456789", ".1234567891234",
                                   ".", ".x", ". 1"};
  const std::string zones[] = {
      "", "Z", "z", "+07:00", "-0330", "+7", "ZZ", " ", std::string(60, '1')};
  int read = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::string text = pick(minutes) + pick(seconds) + pick(fractions) + pick(zones);
    const std::int32_t zone_s = i % 2 == 0 ? 0 : 25'200;
    const auto expected = read_timestamp(text, zone_s);
    ASSERT_EQ(reader.read(text, zone_s), expected) << text;
    read += expected ? 1 : 0;
  }
  EXPECT_GT(read, 2'000);
}

}  // namespace
}  // namespace picket::parsers
