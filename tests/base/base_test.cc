// The small things everything stands on: times, JSON limits, arena, interner, and what threads share.
#include <gtest/gtest.h>

#include <thread>

#include "base/arena.h"
#include "base/guarded.h"
#include "base/hash.h"
#include "base/interner.h"
#include "base/json.h"
#include "base/lazy.h"
#include "base/mailbox.h"
#include "base/spsc_queue.h"
#include "base/time.h"
#include "base/wakeup.h"

namespace picket {
namespace {

TEST(Time, ReadsRfc3339AndWritesUtc) {
  const auto time = [](std::string_view text, std::string_view expected) {
    const auto parsed = parse_time(text);
    EXPECT_EQ(parsed ? format_time(parsed->time_ns) : "none", expected) << text;
  };
  time("2026-01-01T09:14:41Z", "2026-01-01T09:14:41Z");
  time("2026-11-20T08:00:00+07:00", "2026-11-20T01:00:00Z");
  time("2026-11-20 08:00:00,5-0330", "2026-11-20T11:30:00.500Z");
  time("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999999Z");
  time("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z");
  time("2026-06-30T23:59:60Z", "2026-07-01T00:00:00Z");
  // No such time
  for (const char* bad : {"", "2026", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
                          "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00.Z", "9999-01-01T00:00:00Z",
                          "2026-01-01T00:00:00+24:00"}) {
    time(bad, "none");
  }
}

TEST(Time, CivilTimeRoundTrips) {
  for (std::int64_t day = -40'000; day < 60'000; day += 7) {
    const std::int64_t nanos = day * 86'400'000'000'000 + 12'345'678'901;
    EXPECT_EQ(to_nanos(to_civil(nanos)), nanos);
  }
}

TEST(Json, BoundsSizeAndNesting) {
  EXPECT_TRUE(parse_json(R"({"a":[1,2,{"b":"]]]]"}]})"));
  const std::string bomb(100'000, '[');
  const auto deep = parse_json(bomb);
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, Errc::kLimit);
  EXPECT_EQ(parse_json("{}", {.bytes_max = 1}).error().code, Errc::kLimit);
  EXPECT_EQ(parse_json("{\"a\":}").error().code, Errc::kInvalid);
  EXPECT_EQ(dump_json(Json("bad \xff byte")), "\"bad \xEF\xBF\xBD byte\"");
}

TEST(Arena, KeepsWhatItWasGivenUntilReset) {
  Arena arena(16);
  std::vector<std::string_view> views;
  for (int i = 0; i < 100; ++i) views.push_back(arena.copy("value " + std::to_string(i)));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(views[static_cast<std::size_t>(i)], "value " + std::to_string(i));
  const char* first = views[0].data();
  arena.reset();
  EXPECT_EQ(arena.copy("again").data(), first);  // the memory is kept
}

TEST(SpscQueue, KeepsOrderBetweenTwoThreads) {
  SpscQueue<int> queue(8);
  Wakeup wakeup;
  constexpr int kCount = 100'000;
  std::thread producer([&] {
    for (int i = 0; i < kCount;) {
      if (queue.try_push(int{i})) {
        ++i;
        wakeup.notify();
      } else {
        std::this_thread::yield();
      }
    }
  });
  for (int expected = 0; expected < kCount;) {
    if (const auto value = queue.try_pop()) {
      ASSERT_EQ(*value, expected++);
    } else {
      wakeup.wait(std::chrono::milliseconds(10));
    }
  }
  producer.join();
  EXPECT_FALSE(queue.try_pop());
}

TEST(Mailbox, TakesWhatManyPostAndNothingAfterItIsClosed) {
  Wakeup wakeup;
  Mailbox<int> mailbox(16, wakeup);
  constexpr int kPosters = 4;
  constexpr int kEach = 5'000;
  std::vector<std::thread> posters;
  for (int p = 0; p < kPosters; ++p) {
    posters.emplace_back([&] {
      for (int i = 0; i < kEach;) {
        if (mailbox.post(int{i})) {
          ++i;
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  std::vector<int> times(kEach);
  for (int taken = 0; taken < kPosters * kEach;) {
    const auto letters = mailbox.take().letters;
    ASSERT_LE(letters.size(), 16U);
    for (const int letter : letters) ++times[static_cast<std::size_t>(letter)];
    taken += static_cast<int>(letters.size());
    if (letters.empty()) wakeup.wait(std::chrono::milliseconds(10));
  }
  for (std::thread& poster : posters) poster.join();
  EXPECT_EQ(times, std::vector<int>(kEach, kPosters));
  ASSERT_TRUE(mailbox.post(7));
  mailbox.close();
  EXPECT_FALSE(mailbox.post(8));
  const auto last = mailbox.take();
  EXPECT_EQ(last.letters, std::vector<int>{7});
  EXPECT_TRUE(last.closed);
}

TEST(Lazy, IsMadeOnceWhoeverComesFirst) {
  for (int round = 0; round < 200; ++round) {
    Lazy<std::string> lazy;
    Guarded<int> made(0);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        const std::string& value = lazy.get([&] {
          made.with([](int& n) { ++n; });
          return std::make_unique<const std::string>("a value that does not fit inside the string object");
        });
        ASSERT_EQ(value.size(), 50U);
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(made.with([](int n) { return n; }), 1);
  }
}

TEST(Interner, GivesEachNameOneIdFromManyThreads) {
  Interner interner;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const std::string name = "name" + std::to_string(i);
        const auto id = interner.intern(name);
        ASSERT_TRUE(id.has_value());
        ASSERT_EQ(interner.name(*id), name);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(interner.size(), 2000U);
  EXPECT_FALSE(interner.find("unknown").has_value());
}

TEST(Hash, KnownAnswers) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 pieces;
  pieces.add("a");
  pieces.add("");
  pieces.add("bc");
  EXPECT_EQ(pieces.hex(), sha256_hex("abc"));
  EXPECT_EQ(hash128_hex("").size(), 32U);
  EXPECT_NE(hash128_hex("a"), hash128_hex("b"));
}

}  // namespace
}  // namespace picket
