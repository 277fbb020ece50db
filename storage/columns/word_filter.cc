// Each key has a place in each of three neighbouring segments; the fingerprints there, xored, are
// that of the key. Building peels: a place that only one key has decides for that key, which is
// taken out, and so on; then fingerprints are written in the opposite order. That fails for a few
// salts in a thousand sets, and then the next salt is tried.
#include "storage/columns/word_filter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "base/check.h"
#include "base/hash.h"
#include "storage/encoding.h"

namespace picket::storage {
namespace {

constexpr std::size_t kHeaderBytes = 20;
constexpr std::uint32_t kSegmentMax = 1U << 18;
constexpr std::uint64_t kSaltStep = 0x9E3779B97F4A7C15ULL;

// Murmur3's finalizer.
std::uint64_t mix(std::uint64_t key) {
  key ^= key >> 33;
  key *= 0xFF51AFD7ED558CCDULL;
  key ^= key >> 33;
  key *= 0xC4CEB9FE1A85EC53ULL;
  return key ^ (key >> 33);
}

struct Places {
  std::array<std::uint32_t, 3> at;
  std::uint8_t fingerprint;
};

// `segments` counts where a key may begin; there are two more segments behind.
Places places_of(std::uint64_t key, std::uint64_t salt, std::uint32_t segment,
                 std::uint32_t segments) {
  const std::uint64_t hash = mix(key + salt);
  const std::uint64_t span = std::uint64_t{segment} * segments;
  const auto first = static_cast<std::uint32_t>(((hash >> 32) * span) >> 32);  // span < 2^32
  const std::uint32_t mask = segment - 1;
  const auto low = static_cast<std::uint32_t>(hash);
  return {{first, (first + segment) ^ ((low >> 18) & mask), (first + 2 * segment) ^ (low & mask)},
          static_cast<std::uint8_t>(hash ^ (hash >> 32))};
}

struct Sizes {
  std::uint32_t segment;
  std::uint32_t segments;
  std::size_t slots() const { return std::size_t{segment} * (segments + 2); }
};

// The figures of the paper.
Sizes sizes_for(std::size_t keys) {
  const auto n = static_cast<double>(std::max<std::size_t>(keys, 2));
  const auto power = static_cast<unsigned>(std::floor(std::log(n) / std::log(3.33) + 2.25));
  const std::uint32_t segment = std::min(1U << std::min(power, 18U), kSegmentMax);
  const double factor = std::max(1.125, 0.875 + 0.25 * std::log(1'000'000.0) / std::log(n));
  const auto capacity = static_cast<std::uint32_t>(std::round(n * factor));
  const std::uint32_t all = (capacity + segment - 1) / segment;
  return {segment, all > 2 ? all - 2 : 1};
}

// What the keys that have a place, xored, and their number are.
struct Slot {
  std::uint64_t keys = 0;
  std::uint32_t count = 0;
};

struct Peeled {
  std::uint64_t key;
  std::uint32_t slot;
};

bool peel(const std::vector<std::uint64_t>& keys, std::uint64_t salt, const Sizes& sizes,
          std::vector<Slot>& slots, std::vector<Peeled>& order) {
  slots.assign(sizes.slots(), {});
  order.clear();
  for (const std::uint64_t key : keys) {
    for (const std::uint32_t at : places_of(key, salt, sizes.segment, sizes.segments).at) {
      slots[at].keys ^= key;
      ++slots[at].count;
    }
  }
  std::vector<std::uint32_t> single;
  for (std::uint32_t i = 0; i < slots.size(); ++i) {
    if (slots[i].count == 1) single.push_back(i);
  }
  while (!single.empty()) {
    const std::uint32_t slot = single.back();
    single.pop_back();
    if (slots[slot].count != 1) continue;
    const std::uint64_t key = slots[slot].keys;
    order.push_back({key, slot});
    for (const std::uint32_t at : places_of(key, salt, sizes.segment, sizes.segments).at) {
      slots[at].keys ^= key;
      if (--slots[at].count == 1) single.push_back(at);
    }
  }
  return order.size() == keys.size();
}

}  // namespace

std::uint64_t word_key(std::string_view folded) {
  return hash64(folded);
}

std::string build_word_filter(const std::vector<std::uint64_t>& keys, std::uint64_t salt) {
  std::string out;
  if (keys.empty()) return out;
  PICKET_CHECK(keys.size() <= kFilterKeysMax);
  Sizes sizes = sizes_for(keys.size());
  std::vector<Slot> slots;
  std::vector<Peeled> order;
  for (unsigned attempt = 0; !peel(keys, salt, sizes, slots, order); ++attempt) {
    salt += kSaltStep;
    if (attempt % 8 == 7) ++sizes.segments;  // so that it ends, whatever the keys
  }
  put_little(out, salt, 8);
  put_little(out, keys.size(), 4);
  put_little(out, sizes.segment, 4);
  put_little(out, sizes.segments, 4);
  out.resize(kHeaderBytes + sizes.slots());
  char* const prints = out.data() + kHeaderBytes;
  for (std::size_t i = order.size(); i > 0; --i) {
    const Places places = places_of(order[i - 1].key, salt, sizes.segment, sizes.segments);
    unsigned value = places.fingerprint;
    for (const std::uint32_t at : places.at) value ^= static_cast<unsigned char>(prints[at]);
    prints[order[i - 1].slot] = static_cast<char>(value);  // which was 0
  }
  return out;
}

bool WordFilter::read(std::string_view bytes) {
  *this = {};
  if (bytes.empty()) {
    nothing_ = true;
    return true;
  }
  Reader in(bytes);
  const std::uint64_t salt = in.little(8);
  const auto keys = static_cast<std::uint32_t>(in.little(4));
  const auto segment = static_cast<std::uint32_t>(in.little(4));
  const auto segments = static_cast<std::uint32_t>(in.little(4));
  if (!in.ok() || !std::has_single_bit(segment) || segment > kSegmentMax || segments == 0 ||
      std::uint64_t{segment} * (std::uint64_t{segments} + 2) != in.rest().size()) {
    return false;
  }
  salt_ = salt;
  keys_ = keys;
  segment_ = segment;
  segments_ = segments;
  fingerprints_ = in.rest();
  return true;
}

bool WordFilter::may_contain(std::uint64_t key) const {
  if (fingerprints_.empty()) return !nothing_;
  const Places places = places_of(key, salt_, segment_, segments_);
  unsigned value = places.fingerprint;
  for (const std::uint32_t at : places.at) value ^= static_cast<unsigned char>(fingerprints_[at]);
  return value == 0;
}

}  // namespace picket::storage
