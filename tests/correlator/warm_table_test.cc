#include "correlator/warm_table.h"

#include <gtest/gtest.h>

#include "correlator/group_cache.h"
#include "correlator/group_keys.h"
#include "correlator/group_move.h"

namespace picket::correlator {
namespace {

std::vector<std::string> ids(const std::vector<ColdRule>& rules) {
  std::vector<std::string> ids;
  for (const ColdRule& rule : rules) ids.push_back(rule.id);
  return ids;
}

using Ids = std::vector<std::string>;

TEST(WarmTable, WithoutHistoryEverythingIsWarm) {
  MapState state;
  EXPECT_EQ(ids(WarmTable(state).use({{"a", "1"}, {"b", "1"}}, 0, INT64_MIN)), Ids());
  EXPECT_EQ(ids(WarmTable(state).use({{"a", "1"}, {"b", "1"}}, 7, 70)), Ids());
}

TEST(WarmTable, WhatIsNewOrEditedIsColdUntilItIsFilled) {
  MapState state;
  WarmTable(state).use({{"a", "1"}, {"b", "1"}}, 0, INT64_MIN);
  std::vector<ColdRule> cold = WarmTable(state).use({{"a", "1"}, {"b", "2"}, {"c", "1"}}, 5, 50);
  ASSERT_EQ(ids(cold), (Ids{"b", "c"}));
  EXPECT_EQ(cold[0].basis, "2");
  EXPECT_EQ(cold[0].commit, 5U);
  EXPECT_EQ(cold[0].watermark_ns, 50);
  // A restart, or a reload of the same, does not make them any younger.
  cold = WarmTable(state).use({{"a", "1"}, {"b", "2"}, {"c", "1"}}, 9, 90);
  ASSERT_EQ(ids(cold), (Ids{"b", "c"}));
  EXPECT_EQ(cold[1].commit, 5U);
  WarmTable(state).set_warm(cold[0]);
  EXPECT_EQ(ids(WarmTable(state).use({{"a", "1"}, {"b", "2"}, {"c", "1"}}, 9, 90)), Ids{"c"});
  // An edit that is taken back is an edit.
  cold = WarmTable(state).use({{"a", "1"}, {"b", "1"}}, 12, 120);
  ASSERT_EQ(ids(cold), Ids{"b"});
  EXPECT_EQ(cold[0].commit, 12U);
  // What was taken out is forgotten.
  EXPECT_EQ(ids(WarmTable(state).use({{"a", "1"}, {"b", "1"}, {"c", "1"}}, 13, 130)),
            (Ids{"b", "c"}));
}

TEST(WarmTable, ADamagedMarkIsCold) {
  MapState state;
  WarmTable(state).use({{"a", "1"}}, 0, INT64_MIN);
  const std::string whole = state.entries().begin()->second;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    state.put(state.entries().begin()->first, whole.substr(0, size));
    EXPECT_EQ(ids(WarmTable(state).use({{"a", "1"}}, 3, 30)), Ids{"a"}) << size;
  }
}

TEST(GroupMove, TakesThePlaceOfWhatWasThere) {
  const std::string rule = GroupCache::rule_key("rule", "hash");
  const std::string other = GroupCache::rule_key("other", "hash");
  const auto fill = [](MapState& state, const std::string& key, const char* value, std::int64_t wake) {
    GroupCache groups(state, "secret", false);
    groups.schedule(groups.group(0, key, {value}), wake);
    groups.flush();
  };
  MapState from;
  MapState to;
  MapState want;
  fill(from, rule, "new", 10);
  fill(from, other, "not asked for", 20);
  fill(to, rule, "old", 30);
  fill(to, other, "stays", 40);
  to.put(std::string(kGrownPrefix) + rule + "of the old one", "");
  fill(want, other, "stays", 40);
  fill(want, rule, "new", 10);
  EXPECT_EQ(move_groups(from, to, rule), 1U);
  EXPECT_EQ(to.entries(), want.entries());
  std::size_t bytes = 0;
  for (const auto& [key, value] : to.entries()) bytes += key.size() + value.size();
  EXPECT_EQ(to.bytes(), bytes);
}

}  // namespace
}  // namespace picket::correlator
