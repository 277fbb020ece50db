// The small change of docs/formats/store.md: big-endian keys, varints, versioned values.
//
// Writers append to a string. Reader walks bytes that may be damaged: after the first read past the
// end every read answers zero and ok() is false. Pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace picket::storage {

void put_big32(std::string& out, std::uint32_t value);
void put_big64(std::string& out, std::uint64_t value);
void put_big16(std::string& out, std::uint16_t value);
void put_little(std::string& out, std::uint64_t value, int bytes);
void put_varint(std::string& out, std::uint64_t value);
void put_signed(std::string& out, std::int64_t value);  // zigzag
void put_text(std::string& out, std::string_view text);

// A key of event time that sorts newest first.
std::uint64_t newest_first(std::int64_t time_ns);
std::int64_t time_of_newest_first(std::uint64_t key);

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint16_t big16() { return static_cast<std::uint16_t>(big(2)); }
  std::uint32_t big32() { return static_cast<std::uint32_t>(big(4)); }
  std::uint64_t big64() { return big(8); }
  std::uint64_t little(int bytes);
  std::uint64_t varint();
  std::int64_t signed_varint();
  std::string_view text();
  std::string_view take(std::uint64_t size);

  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::uint64_t big(int bytes);
  void give_up();

  std::string_view rest_;
  bool ok_ = true;
};

inline constexpr char kValueVersion = 1;

// A value of ours: its version, then its body.
std::string versioned(std::string_view body = {});
// The value behind its version byte. kCorrupt when empty, kInvalid when a newer version wrote it;
// `what` names the thing ("alert a1b2").
Result<std::string_view> unwrap_value(std::string_view value, std::string_view what);

// Cursors are keys in hexadecimal: safe in a URL, opaque to everybody else. kInvalid: it is none.
std::string cursor_of_key(std::string_view key);
Result<std::string> key_of_cursor(std::string_view cursor);

}  // namespace picket::storage
