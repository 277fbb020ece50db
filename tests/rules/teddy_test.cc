#include "rules/teddy.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace picket::rules {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

Teddy teddy_of(const std::vector<std::string>& keys) {
  return Teddy(std::vector<std::string_view>(keys.begin(), keys.end()));
}

char lower(char c) {
  return static_cast<char>(c | 0x20);
}

std::size_t slowly(const std::vector<std::string>& keys, std::string_view text, std::size_t from) {
  for (std::size_t at = from; at < text.size(); ++at) {
    for (const std::string& key : keys) {
      bool stands = at + key.size() <= text.size();
      for (std::size_t i = 0; stands && i < key.size(); ++i)
        stands = lower(key[i]) == lower(text[at + i]);
      if (stands) return at;
    }
  }
  return kNowhere;
}

// Of a copy of its own, so that a read behind the end is seen.
std::size_t quickly(const Teddy& teddy, std::string_view text, std::size_t from,
                    Teddy::Vectors vectors) {
  const std::unique_ptr<char[]> copy(new char[text.size()]);
  text.copy(copy.get(), text.size());
  const std::string_view own(copy.get(), text.size());
  return teddy.find_with(vectors, own, from);
}

std::vector<Teddy::Vectors> all_vectors() {
  std::vector<Teddy::Vectors> all;
  for (const Teddy::Vectors each :
       {Teddy::Vectors::kNone, Teddy::Vectors::kAvx2, Teddy::Vectors::kAvx512}) {
    if (Teddy::has(each)) all.push_back(each);
  }
  return all;
}

std::string random_text(std::mt19937& random, std::size_t size, std::string_view letters) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += letters[random() % letters.size()];
  return text;
}

TEST(Teddy, FindsTheFirstPlaceOfAnyKey) {
  std::size_t found = 0;
  std::size_t missed = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const std::string_view letters = seed % 2 == 0 ? std::string_view("abcdABCD\\.:")
                                                   : std::string_view("aZ@`\x00\x7f\x20[{", 9);
    std::vector<std::string> keys;
    for (std::size_t n = 1 + random() % Teddy::kKeysMax; n > 0; --n)
      keys.push_back(random_text(random, 1 + random() % 4, letters));
    if (seed % 3 == 0) keys.assign(1, random_text(random, 4, letters));
    const Teddy teddy = teddy_of(keys);
    for (int round = 0; round < 30; ++round) {
      std::string text =
          random_text(random, random() % 150, round % 2 == 0 ? letters : "xyz\xc3\xe1");
      if (round % 3 == 0) text += keys[random() % keys.size()];
      const std::size_t from = random() % (text.size() + 2);
      const std::size_t place = slowly(keys, text, from);
      for (const Teddy::Vectors each : all_vectors()) {
        ASSERT_EQ(quickly(teddy, text, from, each), place)
            << "seed " << seed << " round " << round << " vectors " << static_cast<int>(each);
      }
      ASSERT_EQ(teddy.find(text, from), place);
      ++(place == kNowhere ? missed : found);
    }
  }
  EXPECT_GT(found, 1'000U);
  EXPECT_GT(missed, 1'000U);
}

TEST(Teddy, FindsAKeyAtEveryPlaceOfATextOfEverySize) {
  const Teddy teddy = teddy_of({"sEk:"});
  for (const Teddy::Vectors each : all_vectors()) {
    for (std::size_t size = 4; size < 140; ++size) {
      for (std::size_t at = 0; at + 4 <= size; ++at) {
        std::string text(size, '.');
        text.replace(at, 4, "SeK:");
        ASSERT_EQ(quickly(teddy, text, 0, each), at) << size;
        ASSERT_EQ(quickly(teddy, text, at, each), at) << size;
        ASSERT_EQ(quickly(teddy, text, at + 1, each), kNowhere) << size;
      }
    }
  }
}

TEST(Teddy, WithoutKeysFindsNothing) {
  EXPECT_TRUE(Teddy().empty());
  EXPECT_EQ(Teddy().find("anything"), kNowhere);
}

}  // namespace
}  // namespace picket::rules
