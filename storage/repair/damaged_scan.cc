#include "storage/repair/damaged_scan.h"

#include <algorithm>
#include <array>
#include <compare>

namespace picket::storage {
namespace {

// The beginning of a key as a number: keys are ordered as these are.
class KeyNumber {
 public:
  static constexpr int kBits = 48 * 8;

  explicit KeyNumber(std::string_view key) {
    std::copy_n(key.begin(), std::min(key.size(), bytes_.size()), bytes_.begin());
  }
  // False: there is no such number.
  bool add_bit(int bit) {
    std::size_t at = bytes_.size() - 1 - static_cast<std::size_t>(bit / 8);
    unsigned carry = 1U << (bit % 8);
    for (;; --at) {
      carry += bytes_[at];
      bytes_[at] = static_cast<unsigned char>(carry);
      carry >>= 8;
      if (carry == 0) return true;
      if (at == 0) return false;
    }
  }
  static KeyNumber middle(const KeyNumber& a, const KeyNumber& b) {
    KeyNumber sum("");
    unsigned carry = 0;
    for (std::size_t i = a.bytes_.size(); i-- > 0;) {
      carry += a.bytes_[i] + unsigned{b.bytes_[i]};
      sum.bytes_[i] = static_cast<unsigned char>(carry);
      carry >>= 8;
    }
    for (unsigned char& byte : sum.bytes_) {
      const unsigned bit = byte & 1U;
      byte = static_cast<unsigned char>(byte >> 1 | carry << 7);
      carry = bit;
    }
    return sum;
  }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  auto operator<=>(const KeyNumber&) const = default;

 private:
  std::array<unsigned char, 48> bytes_{};
};

}  // namespace

bool DamagedScan::reads_from(std::string_view key) {
  values_->Seek({key.data(), key.size()});
  return values_->status().ok();
}

bool DamagedScan::skip() {
  if (places_++ == 0) problem_ = values_->status().ToString();
  KeyNumber bad(last_key_);
  KeyNumber good = bad;
  bool found = false;
  for (int bit = 0; bit < KeyNumber::kBits && !found; ++bit) {
    if (!good.add_bit(bit)) break;
    found = reads_from(good.text());
    if (!found) bad = good;
  }
  if (!found) return false;
  for (;;) {
    const KeyNumber middle = KeyNumber::middle(bad, good);
    if (middle == bad || middle == good) break;
    (reads_from(middle.text()) ? good : bad) = middle;
  }
  return reads_from(good.text());
}

bool DamagedScan::next() {
  if (begun_) {
    last_key_ = key();
    values_->Next();
  } else {
    values_->SeekToFirst();
    begun_ = true;
  }
  while (!values_->Valid()) {
    if (values_->status().ok() || !skip()) return false;
  }
  return true;
}

}  // namespace picket::storage
