#include "rules/literal_matcher.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "rules/typical_values.h"

namespace picket::rules {
namespace {

constexpr std::size_t kMarksPerKey = 64;
constexpr std::size_t kMarksMin = 1024;
constexpr std::size_t kMarksMax = std::size_t{1} << 17;
// Letters and digits of more keys than these pass a Teddy too often.
constexpr std::size_t kTeddyKeysMax = 40;
// A literal more around the same bytes is as bad as so many places in typical text.
constexpr std::size_t kCompanyCost = 2;
constexpr std::size_t kOffsetMax = 0xFFFF;  // literals are known by bytes before this one
constexpr std::size_t kStride = 8;
constexpr std::size_t kLongMin = 4 + kStride - 1;  // bytes of a literal that has so many places

// Where the cheapest `count` in a row begin; the first of several.
std::size_t cheapest(const std::vector<std::size_t>& costs, std::size_t count) {
  std::size_t sum = std::accumulate(
      costs.begin(), costs.begin() + static_cast<std::ptrdiff_t>(count), std::size_t{0});
  std::size_t least = sum;
  std::size_t best = 0;
  for (std::size_t end = count; end < costs.size(); ++end) {
    sum = sum + costs[end] - costs[end - count];
    if (sum >= least) continue;
    least = sum;
    best = end - count + 1;
  }
  return best;
}

// How often keys were chosen. For at most as many different keys as it was made for.
class KeyCounts {
 public:
  explicit KeyCounts(std::size_t keys)
      : slots_(std::bit_ceil(keys * 2 + 1)), shift_(32 - std::countr_zero(slots_.size())) {}

  std::uint32_t of(std::uint32_t key) const { return slots_[find(key)].count; }
  void add(std::uint32_t key) {
    Slot& slot = slots_[find(key)];
    slot.key = key;
    ++slot.count;
  }

 private:
  struct Slot {
    std::uint32_t key = 0;
    std::uint32_t count = 0;  // 0: free
  };
  std::size_t find(std::uint32_t key) const {
    std::size_t at = std::uint64_t{key * 0x9E3779B1u} >> shift_;
    while (slots_[at].count != 0 && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
    return at;
  }

  std::vector<Slot> slots_;
  int shift_;
};

}  // namespace

template <std::size_t kWidth>
void LiteralMatcher::Keys<kWidth>::build(const std::vector<std::pair<Key, Place>>& sorted) {
  if (sorted.empty()) return;
  std::size_t keys = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i)
    keys += i == 0 || sorted[i].first != sorted[i - 1].first;
  marks_.resize(std::bit_ceil(std::clamp(keys * kMarksPerKey, kMarksMin, kMarksMax)));
  mark_shift_ = 32 - std::countr_zero(marks_.size());
  slots_.resize(std::bit_ceil(keys * 2 + 1));
  slot_shift_ = 32 - std::countr_zero(slots_.size());
  for (std::size_t i = 0; i < sorted.size();) {
    const Key key = sorted[i].first;
    std::size_t end = i;
    while (end < sorted.size() && sorted[end].first == key) ++end;
    marks_[key * 0x9E3779B1u >> mark_shift_] |= bit(key);
    std::size_t slot = key * 0x85EBCA6Bu >> slot_shift_;
    while (slots_[slot].places.size != 0) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = {.key = key,
                    .places = {.begin = static_cast<std::uint32_t>(i),
                               .size = static_cast<std::uint32_t>(end - i)},
                    .first = sorted[i].second};
    i = end;
  }
  for (const auto& [key, place] : sorted) places_.push_back(place);
}

// For each literal the bytes that are rarest in typical text and least in use; with a stride, as
// many places in a row.
template <std::size_t kWidth>
void LiteralMatcher::choose(const std::vector<std::string_view>& literals,
                            const std::vector<std::uint32_t>& which, Keys<kWidth>& keys) const {
  using Key = typename Keys<kWidth>::Key;
  KeyCounts company(which.size() * keys.stride());
  std::vector<std::pair<Key, Place>> chosen;
  std::vector<std::size_t> costs;
  for (const std::uint32_t index : which) {
    const std::string_view text = literals[index];
    const std::size_t last = std::min(text.size() - kWidth, kOffsetMax);
    costs.clear();
    for (std::size_t at = 0; at <= last; ++at) {
      costs.push_back(typical_count_before(text, at + kWidth) +
                      company.of(Keys<kWidth>::at(text.data() + at)) * kCompanyCost);
    }
    const std::size_t best = cheapest(costs, keys.stride());
    for (std::size_t at = best; at < best + keys.stride(); ++at) {
      const Key key = Keys<kWidth>::at(text.data() + at);
      company.add(key);
      const std::size_t other = at == 0 ? last : 0;
      chosen.emplace_back(key, Place{.literal = index,
                                     .other = Keys<kWidth>::at(text.data() + other),
                                     .text = literals_[index],
                                     .offset = static_cast<std::uint16_t>(at),
                                     .other_offset = static_cast<std::uint16_t>(other)});
    }
  }
  std::sort(chosen.begin(), chosen.end(), [](const auto& a, const auto& b) {
    return std::tuple(a.first, a.second.literal, a.second.offset) <
           std::tuple(b.first, b.second.literal, b.second.offset);
  });
  keys.build(chosen);
}

LiteralMatcher::LiteralMatcher(const std::vector<std::string_view>& literals) {
  std::array<std::vector<std::uint32_t>, 3> by_size;  // one byte; two and three; more
  for (const std::string_view text : literals) {
    PICKET_CHECK(!text.empty());
    const auto index = static_cast<std::uint32_t>(literals_.size());
    by_size[text.size() == 1 ? 0 : text.size() < 4 ? 1 : 2].push_back(index);
    literals_.push_back({.begin = static_cast<std::uint32_t>(texts_.size()),
                         .size = static_cast<std::uint32_t>(text.size())});
    texts_ += text;
  }
  ones_ = std::move(by_size[0]);
  if (all_long(literals)) fours_.set_stride(kStride);
  choose(literals, by_size[1], twos_);
  choose(literals, by_size[2], fours_);
  set_up_teddy();
}

bool LiteralMatcher::all_long(const std::vector<std::string_view>& literals) {
  return literals.size() > kTeddyKeysMax &&
         std::all_of(literals.begin(), literals.end(),
                     [](std::string_view text) { return text.size() >= kLongMin; });
}

void LiteralMatcher::set_up_teddy() {
  if (fours_.stride() > 1) return;
  std::set<std::string_view> keys;
  for (const Place& place : fours_.places())
    keys.insert(literal(place.literal).substr(place.offset, 4));
  for (const Place& place : twos_.places())
    keys.insert(literal(place.literal).substr(place.offset, 2));
  for (const std::uint32_t one : ones_) keys.insert(literal(one));
  const bool ascii = std::all_of(keys.begin(), keys.end(), [](std::string_view key) {
    return std::all_of(key.begin(), key.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  });
  if (ascii && keys.size() <= kTeddyKeysMax)
    teddy_ = Teddy(std::vector<std::string_view>(keys.begin(), keys.end()));
}

}  // namespace picket::rules
