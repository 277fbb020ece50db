#include "rules/field_lists.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace picket::rules {
namespace {

TEST(FieldLists, GivesWhatWasAdded) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    std::map<std::uint16_t, std::vector<int>> expected;
    const unsigned last = seed % 2 == 0 ? 300 : 65'535;
    for (unsigned i = 0; i < seed * 5; ++i)
      expected[static_cast<std::uint16_t>(random() % (last + 1))].push_back(static_cast<int>(i));
    FieldLists<int> lists;
    for (const auto& [field, items] : expected) {
      for (const int item : items) lists.add(FieldId{field}, item);
    }
    lists.shrink();
    for (unsigned id = 0; id <= 65'535; ++id) {
      const auto field = static_cast<std::uint16_t>(id);
      const auto found = lists.of(FieldId{field});
      const auto wanted = expected.find(field);
      if (wanted == expected.end()) {
        ASSERT_TRUE(found.empty()) << id;
      } else {
        ASSERT_EQ(std::vector<int>(found.begin(), found.end()), wanted->second) << id;
      }
    }
  }
}

}  // namespace
}  // namespace picket::rules
