// What is remembered is what the port behind it has, whatever was put, erased and asked for in
// between, and it stays within its bound.
#include "correlator/recent_state.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace picket::correlator {
namespace {

// Counts what reaches it.
class Counted final : public StatePort {
 public:
  std::optional<std::string> get(std::string_view key) override {
    ++gets;
    return map.get(key);
  }
  void put(std::string key, std::string value) override {
    map.put(std::move(key), std::move(value));
  }
  void erase(std::string key) override { map.erase(std::move(key)); }
  using StatePort::for_each;
  void for_each(std::string_view prefix, std::string_view first,
                const std::function<bool(std::string_view, std::string_view)>& entry) override {
    map.for_each(prefix, first, entry);
  }

  MapState map;
  std::size_t gets = 0;
};

TEST(RecentState, SaysWhatThePortBehindItHas) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    Counted behind;
    const std::size_t bytes_max = 2'000 + seed * 200;
    RecentState recent(behind, bytes_max);
    for (int step = 0; step < 3'000; ++step) {
      const std::string key = "i/e/" + std::to_string(random() % 60);
      switch (random() % 4) {
        case 0:
          recent.put(key, std::string(random() % 300, static_cast<char>('a' + random() % 26)));
          break;
        case 1:
          recent.erase(key);
          break;
        default:
          ASSERT_EQ(recent.get(key), behind.map.get(key)) << "seed " << seed << " step " << step;
      }
      ASSERT_LE(recent.bytes(), bytes_max + 512) << "seed " << seed << " step " << step;
    }
  }
}

TEST(RecentState, AsksOnceForWhatIsThereAndForWhatIsNot) {
  Counted behind;
  behind.map.put("there", "value");
  RecentState recent(behind);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(recent.get("there"), "value");
    EXPECT_EQ(recent.get("missing"), std::nullopt);
  }
  EXPECT_EQ(behind.gets, 2u);
}

TEST(RecentState, DoesNotHoldWhatIsLarge) {
  Counted behind;
  RecentState recent(behind);
  recent.put("k", "small");
  recent.put("k", std::string(RecentState::kValueMax + 1, 'x'));
  EXPECT_EQ(recent.bytes(), 0u);
  EXPECT_EQ(recent.get("k")->size(), RecentState::kValueMax + 1);
}

}  // namespace
}  // namespace picket::correlator
