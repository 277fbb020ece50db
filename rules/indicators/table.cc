// The pool holds values as they are, and texts with their length in two bytes in front. The id of a
// STIX indicator, "indicator--" and a UUID, is 47 letters that say 16 bytes: it is kept as these,
// under a length that no text has.
#include "rules/indicators/table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>

#include "base/check.h"
#include "base/hash.h"

namespace picket::rules {
namespace {

constexpr std::size_t kTextMax = 512;  // of a source, description or reference
constexpr std::uint16_t kUuidMark = 0xFFFF;
constexpr std::string_view kStixPrefix = "indicator--";
constexpr std::size_t kUuidText = 36;

template <class T>
std::uint64_t record_hash(const T& value) {
  return hash64({reinterpret_cast<const char*>(&value), sizeof value});
}

// The bytes of a UUID in its canonical form; false if the text is none.
bool read_uuid(std::string_view text, std::array<std::uint8_t, 16>& bytes) {
  if (text.size() != kUuidText) return false;
  std::array<char, 32> digits{};
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if ((text[i] == '-') != dash) return false;
    if (dash) continue;
    if (text[i] >= 'A' && text[i] <= 'F') return false;
    digits[used++] = text[i];
  }
  std::array<std::uint8_t, kDigestBytesMax> read;
  if (read_digest({digits.data(), digits.size()}, read) != 16) return false;
  std::copy_n(read.begin(), 16, bytes.begin());
  return true;
}

std::string uuid_text(std::string_view bytes) {
  std::string digits = indicator_text(IndicatorType::kMd5, 0, bytes);
  for (const std::size_t at : {8u, 13u, 18u, 23u}) digits.insert(at, 1, '-');
  return digits;
}

// Cut where a character of UTF-8 begins.
std::string_view cut(std::string_view text) {
  if (text.size() <= kTextMax) return text;
  std::size_t end = kTextMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

IndicatorSpace space_of(IndicatorType type) {
  switch (type) {
    case IndicatorType::kAddress:
      return IndicatorSpace::kAddress;
    case IndicatorType::kNetwork:
      return IndicatorSpace::kNetwork;
    case IndicatorType::kDomain:
      return IndicatorSpace::kDomain;
    case IndicatorType::kUrl:
      return IndicatorSpace::kUrl;
    default:
      return IndicatorSpace::kDigest;
  }
}

template <class T>
std::uint32_t Interned<T>::intern(const T& value) {
  if ((values_.size() + 1) * 2 > slots_.size()) grow();
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = record_hash(value) & mask;; at = (at + 1) & mask) {
    if (slots_[at] == 0) {
      values_.push_back(value);
      slots_[at] = static_cast<std::uint32_t>(values_.size());
      return slots_[at] - 1;
    }
    if (std::memcmp(&values_[slots_[at] - 1], &value, sizeof value) == 0) return slots_[at] - 1;
  }
}

template <class T>
void Interned<T>::grow() {
  slots_.assign(std::max<std::size_t>(64, slots_.size() * 2), 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::uint32_t i = 0; i < values_.size(); ++i) {
    std::size_t at = record_hash(values_[i]) & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = i + 1;
  }
}

IndicatorTable::IndicatorTable() : seed_(std::random_device()()), pool_(4, '\0') {
  filter_.assign(1, 0);
  slots_.assign(1, 0);
  static_assert(sizeof(Window) == 16 && sizeof(About) == 16);  // compared as bytes: no gaps
}

std::uint64_t IndicatorTable::hash_of(IndicatorSpace space, std::string_view bytes) const {
  return hash64(bytes, seed_ + static_cast<std::uint64_t>(space));
}

std::uint32_t IndicatorTable::put(std::string_view bytes) {
  const auto at = static_cast<std::uint32_t>(pool_.size());
  pool_.insert(pool_.end(), bytes.begin(), bytes.end());
  return at;
}

std::uint32_t IndicatorTable::put_text(std::string_view text) {
  if (text.empty()) return 0;
  const auto size = static_cast<std::uint16_t>(text.size());
  std::array<char, 2> length{};
  std::memcpy(length.data(), &size, 2);
  const std::uint32_t at = put({length.data(), 2});
  put(text);
  return at;
}

std::uint32_t IndicatorTable::put_reference(std::string_view reference) {
  if (reference.empty()) return 0;
  // The terms of one STIX pattern come one after the other.
  if (reference == last_reference_) return last_reference_at_;
  last_reference_ = reference;
  std::array<std::uint8_t, 16> uuid{};
  if (reference.starts_with(kStixPrefix) && read_uuid(reference.substr(kStixPrefix.size()), uuid)) {
    std::array<char, 18> bytes{};
    std::memcpy(bytes.data(), &kUuidMark, 2);
    std::memcpy(bytes.data() + 2, uuid.data(), 16);
    return last_reference_at_ = put({bytes.data(), bytes.size()});
  }
  return last_reference_at_ = put_text(cut(reference));
}

std::string IndicatorTable::text(std::uint32_t offset) const {
  if (offset == 0) return {};
  std::uint16_t size = 0;
  std::memcpy(&size, pool_.data() + offset, 2);
  if (size == kUuidMark)
    return std::string(kStixPrefix) + uuid_text({pool_.data() + offset + 2, 16});
  return {pool_.data() + offset + 2, size};
}

std::uint32_t IndicatorTable::intern_text(std::string_view text) {
  text = cut(text);
  if (text.empty()) return 0;
  const auto view = [&](std::uint32_t offset) {
    std::uint16_t size = 0;
    std::memcpy(&size, pool_.data() + offset, 2);
    return std::string_view(pool_.data() + offset + 2, size);
  };
  if ((text_count_ + 1) * 2 > texts_.size()) {
    const std::vector<std::uint32_t> old = std::move(texts_);
    texts_.assign(std::max<std::size_t>(64, old.size() * 2), 0);
    for (const std::uint32_t offset : old) {
      if (offset == 0) continue;
      std::size_t at = hash64(view(offset)) & (texts_.size() - 1);
      while (texts_[at] != 0) at = (at + 1) & (texts_.size() - 1);
      texts_[at] = offset;
    }
  }
  std::size_t at = hash64(text) & (texts_.size() - 1);
  while (texts_[at] != 0) {
    if (view(texts_[at]) == text) return texts_[at];
    at = (at + 1) & (texts_.size() - 1);
  }
  ++text_count_;
  return texts_[at] = put_text(text);
}

bool IndicatorTable::add(const IndicatorKey& key, const IndicatorNote& note, std::uint16_t feed,
                         Level level) {
  if (entries_.size() >= kEntriesMax || pool_.size() + 4 * kUrlBytesMax > kPoolBytesMax)
    return false;
  About about;
  about.source = intern_text(note.source);
  about.description = intern_text(note.description);
  about.feed = feed;
  about.level = static_cast<std::uint8_t>(level);
  about.confidence = static_cast<std::int8_t>(note.confidence);
  Entry entry;
  entry.type = key.type;
  entry.bits = key.bits;
  entry.line = note.line;
  entry.about = abouts_.intern(about);
  entry.window = windows_.intern({note.valid_from_ns, note.valid_until_ns});
  entry.reference = put_reference(note.reference);
  entry.value = put(key.bytes);
  if (key.type == IndicatorType::kNetwork) {
    pool_.push_back(static_cast<char>(key.bits));  // a key of the table has it behind the address
    entry.size = static_cast<std::uint16_t>(key.bytes.size() + 1);
  } else {
    entry.size = static_cast<std::uint16_t>(key.bytes.size());
  }
  entries_.push_back(entry);
  return true;
}

void IndicatorTable::insert(std::uint32_t index) {
  const Entry& entry = entries_[index];
  const IndicatorSpace space = space_of(entry.type);
  const std::uint64_t hash = hash_of(space, value(entry));
  const std::size_t mask = slots_.size() - 1;
  std::size_t same_value = 0;
  std::size_t at = (hash >> 24) & mask;
  for (; slots_[at] != 0; at = (at + 1) & mask) {
    if (slots_[at] >> 24 != (hash & 0xFF)) continue;
    const Entry& other = entries_[(slots_[at] & 0xFFFFFF) - 1];
    if (!same(other, space, value(entry))) continue;
    const bool same_words =
        other.about == entry.about && other.window == entry.window && other.type == entry.type;
    if (same_words || ++same_value >= kSameValueMax) {
      ++repeated_;
      return;
    }
  }
  slots_[at] = static_cast<std::uint32_t>(hash & 0xFF) << 24 | (index + 1);
  filter_[(hash >> 40) & (filter_.size() - 1)] |= filter_bits(hash);
  ++counts_[static_cast<std::size_t>(space)];
  if (entry.type == IndicatorType::kNetwork) add_network(entry);
  if (entry.type == IndicatorType::kUrl && value(entry)[0] == '/') schemeless_urls_ = true;
}

void IndicatorTable::add_network(const Entry& entry) {
  const bool v4 = entry.size == 5;
  Family& family = v4 ? v4_ : v6_;
  const std::size_t tops = std::size_t{1} << (v4 ? kTopBitsV4 : kTopBitsV6);
  if (family.tops.empty()) family.tops.assign(tops / 64, 0);
  if (std::find(family.lengths.begin(), family.lengths.end(), entry.bits) == family.lengths.end()) {
    family.lengths.push_back(entry.bits);
  }
  constexpr unsigned kWideV6 = 16;  // so many tops that it may as well be all
  if (!v4 && entry.bits < kWideV6) return family.tops.assign(tops / 64, ~std::uint64_t{0});
  std::array<std::uint8_t, 4> at{};
  std::memcpy(at.data(), pool_.data() + entry.value, at.size());
  std::uint32_t first = 0;
  for (const std::uint8_t byte : at) first = first << 8 | byte;
  const unsigned within = v4 ? kTopBitsV4 : 32;  // bits that count
  const std::uint32_t step = 1u << (32 - within);
  const std::uint32_t count = entry.bits >= within ? 1u : 1u << (within - entry.bits);
  for (std::uint32_t i = 0; i < count; ++i, first += step) {
    for (std::size_t b = 0; b < 4; ++b) at[b] = static_cast<std::uint8_t>(first >> (24 - 8 * b));
    const std::uint32_t top = top_of(at.data(), v4 ? 4 : 16);
    family.tops[top / 64] |= std::uint64_t{1} << (top % 64);
  }
}

void IndicatorTable::finish() {
  entries_.shrink_to_fit();
  windows_.finish();
  abouts_.finish();
  texts_ = {};
  last_reference_ = {};
  const std::size_t count = std::max<std::size_t>(1, entries_.size());
  slots_.assign(std::bit_ceil(count + count / 2 + 1),
                0);                                 // at most two thirds are taken, one never
  filter_.assign(std::bit_ceil(count / 8 + 1), 0);  // one to two bytes each
  for (std::uint32_t i = 0; i < entries_.size(); ++i) insert(i);
  for (Family* family : {&v4_, &v6_}) std::sort(family->lengths.begin(), family->lengths.end());
  pool_.shrink_to_fit();
}

std::size_t IndicatorTable::bytes() const {
  return entries_.capacity() * sizeof(Entry) + pool_.capacity() + windows_.bytes() +
         abouts_.bytes() + slots_.capacity() * 4 + filter_.capacity() * 8 +
         (v4_.tops.capacity() + v6_.tops.capacity()) * 8;
}

}  // namespace picket::rules
