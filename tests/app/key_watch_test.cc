#include "app/key_watch.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace picket::app {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kStart = 1'000'000min;

std::vector<KeyCount> of(std::uint64_t keys) {
  return {{"r", "Rule", keys}, {"other", "Other", 5}};
}

TEST(KeyWatch, TellsOfAFloodOnceAndOfItsEnd) {
  KeyWatch watch(1000);
  EXPECT_TRUE(watch.look(of(900), kStart).empty());
  EXPECT_TRUE(watch.look(of(1000), kStart + 1min).empty());
  const auto begun = watch.look(of(1001), kStart + 2min);
  ASSERT_EQ(begun.size(), 1U);
  EXPECT_EQ(begun[0].rule, "r");
  EXPECT_TRUE(begun[0].flood);
  EXPECT_EQ(begun[0].keys, 1001U);
  EXPECT_TRUE(watch.look(of(5000), kStart + 3min).empty()) << "it is known";
  EXPECT_TRUE(watch.look(of(5000), kStart + 7min).empty()) << "not over yet";
  const auto ended = watch.look(of(5100), kStart + 8min);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_FALSE(ended[0].flood);
  EXPECT_EQ(ended[0].keys, 100U);
}

TEST(KeyWatch, ASlowTrickleIsNone) {
  KeyWatch watch(1000);
  std::uint64_t keys = 0;
  for (int i = 0; i < 600; ++i)
    EXPECT_TRUE(watch.look(of(keys += 100), kStart + i * 1min).empty()) << i;
}

TEST(KeyWatch, ALongPauseForgetsAllMinutes) {
  KeyWatch watch(1000);
  EXPECT_TRUE(watch.look(of(900), kStart).empty());
  EXPECT_TRUE(watch.look(of(1800), kStart + 600min).empty());
}

TEST(KeyWatch, OtherRulesAndSmallerCountsBeginAnew) {
  KeyWatch watch(1000);
  EXPECT_TRUE(watch.look(of(900), kStart).empty());
  EXPECT_TRUE(watch.look(of(50), kStart).empty()) << "a reload";
  EXPECT_EQ(watch.look(of(110), kStart).size(), 1U) << "900, 50 and 60";
  EXPECT_TRUE(watch.look({}, kStart).empty());
  EXPECT_TRUE(watch.look(of(900), kStart).empty());
}

TEST(KeyWatch, SpeaksAsARecord) {
  const auto record = parse_json(key_record({"r", "Rule", true, 7}, kStart));
  ASSERT_TRUE(record);
  EXPECT_EQ((*record)["event"]["action"], "rule-flood");
  EXPECT_EQ((*record)["picket"]["rule"]["name"], "Rule");
  EXPECT_EQ((*record)["picket"]["rule"]["new_keys"], 7);
  EXPECT_EQ((*record)["message"], "rule 'Rule' sees new keys in masses: 7 in five minutes");
}

}  // namespace
}  // namespace picket::app
