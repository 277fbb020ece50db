#include "storage/encoding.h"

#include <charconv>

namespace picket::storage {
namespace {

void put_big(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift);
}

constexpr std::uint64_t kSignBit = 1ULL << 63;

}  // namespace

void put_big16(std::string& out, std::uint16_t value) {
  put_big(out, value, 2);
}
void put_big32(std::string& out, std::uint32_t value) {
  put_big(out, value, 4);
}
void put_big64(std::string& out, std::uint64_t value) {
  put_big(out, value, 8);
}

void put_little(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

void put_signed(std::string& out, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  put_varint(out, (bits << 1) ^ (value < 0 ? ~0ULL : 0ULL));
}

void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out += text;
}

std::uint64_t newest_first(std::int64_t time_ns) {
  return ~(static_cast<std::uint64_t>(time_ns) ^ kSignBit);
}

std::int64_t time_of_newest_first(std::uint64_t key) {
  return static_cast<std::int64_t>(~key ^ kSignBit);
}

void Reader::give_up() {
  ok_ = false;
  rest_ = {};
}

std::string_view Reader::take(std::uint64_t size) {
  if (size > rest_.size()) {
    give_up();
    return {};
  }
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::uint64_t Reader::big(int bytes) {
  std::uint64_t value = 0;
  for (const char c : take(static_cast<std::uint64_t>(bytes))) {
    value = (value << 8) | static_cast<unsigned char>(c);
  }
  return value;
}

std::uint64_t Reader::little(int bytes) {
  std::uint64_t value = 0;
  int shift = 0;
  for (const char c : take(static_cast<std::uint64_t>(bytes))) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(c)) << shift;
    shift += 8;
  }
  return value;
}

std::uint64_t Reader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) break;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  give_up();
  return 0;
}

std::int64_t Reader::signed_varint() {
  const std::uint64_t bits = varint();
  return static_cast<std::int64_t>((bits >> 1) ^ ((bits & 1) != 0 ? ~0ULL : 0ULL));
}

std::string_view Reader::text() {
  return take(varint());
}

std::string versioned(std::string_view body) {
  return std::string(1, kValueVersion).append(body);
}

Result<std::string_view> unwrap_value(std::string_view value, std::string_view what) {
  if (value.empty()) return fail(Errc::kCorrupt, "store: " + std::string(what) + " is empty");
  if (value.front() == kValueVersion) return value.substr(1);
  const int version = static_cast<unsigned char>(value.front());
  return fail(Errc::kInvalid, "store: " + std::string(what) +
                                  " was written by a newer version (format " +
                                  std::to_string(version) + ", this one reads up to " +
                                  std::to_string(kValueVersion) + ")");
}

std::string cursor_of_key(std::string_view key) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string cursor;
  for (const char c : key) {
    cursor += kDigits[static_cast<unsigned char>(c) >> 4];
    cursor += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return cursor;
}

Result<std::string> key_of_cursor(std::string_view cursor) {
  std::string key;
  for (std::size_t at = 0; at + 1 < cursor.size(); at += 2) {
    unsigned byte = 0;
    const char* const end = cursor.data() + at + 2;
    if (std::from_chars(cursor.data() + at, end, byte, 16).ptr != end) break;
    key += static_cast<char>(byte);
  }
  if (key.size() * 2 != cursor.size()) return fail(Errc::kInvalid, "store: not a cursor of ours");
  return key;
}

}  // namespace picket::storage
