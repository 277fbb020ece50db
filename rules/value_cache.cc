#include "rules/value_cache.h"

#include <cstring>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace picket::rules {

std::uint32_t ValueCache::add_columns(std::size_t count) {
  const auto first = static_cast<std::uint32_t>(uses_.size());
  uses_.resize(uses_.size() + count);
  return first;
}

void ValueCache::forget() {
  entries_.resize(kEntries);
  if (!bytes_) bytes_.reset(new char[kEntries * kValueMax]);
  for (std::uint32_t i = 0; i < kEntries; ++i) entries_[i] = Entry{.slot = i};
  pool_.clear();
}

bool ValueCache::worth_looking(Use& use) {
  if (use.pause > 0) {
    --use.pause;
    return false;
  }
  if (++use.looked < kTrial) return true;
  const bool repeats = use.found >= use.looked / 3;
  use = Use{.pause = repeats ? 0 : kPause};
  return repeats;
}

ValueCache::Key ValueCache::key(std::uint32_t column, std::string_view token, bool escaped) {
  Key key{.token = token, .column = column, .escaped = escaped};
  key.worth = token.size() <= kValueMax && worth_looking(uses_[column]);
  if (key.worth)
    key.hash = XXH3_64bits_withSeed(token.data(), token.size(), column * 2 + (escaped ? 1U : 0U));
  return key;
}

bool ValueCache::is(const Entry& entry, const Key& key) const {
  return entry.hash == key.hash && entry.column == key.column &&
         entry.size_escaped == key.token.size() * 2 + (key.escaped ? 1U : 0U) &&
         std::memcmp(bytes(entry), key.token.data(), key.token.size()) == 0;
}

std::optional<std::span<const std::uint32_t>> ValueCache::find(const Key& key) {
  if (!key.worth || entries_.empty()) return std::nullopt;
  Entry* const set = &entries_[key.hash % (kEntries / kWays) * kWays];
  if (!is(set[0], key)) {
    if (!is(set[1], key)) return std::nullopt;
    std::swap(set[0], set[1]);
  }
  ++uses_[key.column].found;
  return std::span(pool_).subspan(set[0].first, set[0].count);
}

void ValueCache::keep(const Key& key, std::span<const std::uint32_t> rules) {
  if (!key.worth) return;
  if (entries_.empty() || pool_.size() + rules.size() > kPoolMax) forget();
  Entry* const set = &entries_[key.hash % (kEntries / kWays) * kWays];
  std::swap(set[0], set[1]);  // the one used less lately goes
  set[0] = {
      .hash = key.hash,
      .column = key.column,
      .size_escaped = static_cast<std::uint32_t>(key.token.size() * 2 + (key.escaped ? 1U : 0U)),
      .slot = set[0].slot,
      .first = static_cast<std::uint32_t>(pool_.size()),
      .count = static_cast<std::uint32_t>(rules.size())};
  std::memcpy(bytes(set[0]), key.token.data(), key.token.size());
  pool_.insert(pool_.end(), rules.begin(), rules.end());
}

}  // namespace picket::rules
