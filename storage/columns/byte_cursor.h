// ByteCursor: Reader (storage/encoding.h) for the many small numbers of a column block, inline.
//
// Walks bytes that may be damaged: a read past the end answers zero and ends it, and ok() is false.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace picket::storage {

class ByteCursor {
 public:
  explicit ByteCursor(std::string_view bytes)
      : at_(reinterpret_cast<const unsigned char*>(bytes.data())), end_(at_ + bytes.size()) {}

  std::uint64_t varint() {
    if (at_ < end_ && *at_ < 0x80) return *at_++;  // nearly all of them
    std::uint64_t value = 0;
    for (unsigned shift = 0; at_ < end_ && shift < 64; shift += 7) {
      const unsigned char byte = *at_++;
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
    return give_up();
  }
  std::int64_t signed_varint() {
    const std::uint64_t bits = varint();
    return static_cast<std::int64_t>((bits >> 1) ^ (0 - (bits & 1)));
  }
  std::string_view take(std::uint64_t size) {
    if (size > left()) {
      give_up();
      return {};
    }
    const auto* const first = reinterpret_cast<const char*>(at_);
    at_ += size;
    return {first, static_cast<std::size_t>(size)};
  }

  unsigned char byte() { return at_ < end_ ? *at_++ : static_cast<unsigned char>(give_up()); }
  std::string_view text() { return take(varint()); }

  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && at_ == end_; }

 private:
  std::uint64_t give_up() {
    ok_ = false;
    at_ = end_;
    return 0;
  }

  const unsigned char* at_;
  const unsigned char* end_;
  bool ok_ = true;
};

}  // namespace picket::storage
