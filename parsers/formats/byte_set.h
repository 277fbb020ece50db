// ByteSet: which of the 256 bytes belong to it. One load and a shift to ask, and a constant where
// its members are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace picket::parsers {

class ByteSet {
 public:
  constexpr ByteSet() = default;
  constexpr explicit ByteSet(std::string_view members) {
    for (const char c : members) add(c);
  }
  constexpr void add(char c) {
    const auto byte = static_cast<unsigned char>(c);
    words_[byte >> 6U] |= std::uint64_t{1} << (byte & 63U);
    single_ = count_ == 0 || single_ == c ? c : '\0';
    ++count_;
  }
  constexpr bool has(char c) const {
    const auto byte = static_cast<unsigned char>(c);
    return ((words_[byte >> 6U] >> (byte & 63U)) & 1U) != 0;
  }
  constexpr bool empty() const { return count_ == 0; }

  // Where the first member at or behind `from` is; the size of `text` if there is none.
  constexpr std::size_t find(std::string_view text, std::size_t from = 0) const {
    if (count_ == 1) {
      const std::size_t at = text.find(single_, from);
      return at == std::string_view::npos ? text.size() : at;
    }
    while (from < text.size() && !has(text[from])) ++from;
    return from;
  }
  // Where the first byte that is no member is.
  constexpr std::size_t find_other(std::string_view text, std::size_t from = 0) const {
    while (from < text.size() && has(text[from])) ++from;
    return from;
  }

 private:
  std::array<std::uint64_t, 4> words_{};
  std::uint32_t count_ = 0;
  char single_ = '\0';
};

}  // namespace picket::parsers
