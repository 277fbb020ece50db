// GELF over UDP: chunks to messages, and messages inflated. GELF 1.1, "GELF Payload Specification"
// of Graylog's documentation (docs.graylog.org, "GELF via UDP": chunking and compression).
//
// A chunk is 0x1e 0x0f, 8 bytes of id, its number, the count of chunks (128 at most), and its part
// of the message; all chunks arrive within 5 seconds. A message is JSON as it is, or in zlib
// (RFC 1950) or gzip (RFC 1952).
//
// Pure: no socket, no clock (its caller's ticks are its time). Bounded: unfinished messages by
// kUnfinishedMax and kBytesMax together; past either the oldest is dropped. What is dropped is
// counted, chunk by chunk. One thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace picket::collector {

class GelfChunks {
 public:
  static constexpr std::size_t kChunksMax = 128;       // of a message
  static constexpr std::size_t kUnfinishedMax = 1024;  // messages
  static constexpr std::size_t kBytesMax = 16 * 1024 * 1024;
  static constexpr auto kTimeout = std::chrono::seconds(5);  // since the first chunk

  enum class Taken : std::uint8_t {
    kWhole,      // `message` is one, until the next call or the end of the datagram
    kPart,       // more chunks are to come
    kMalformed,  // no chunk that can be: too short, a number past the count, another count than
                 // before
  };
  // `sender` tells apart ids of different machines.
  Taken take(std::string_view sender, std::string_view datagram, std::string_view& message);

  void tick(std::chrono::milliseconds passed);

  // Chunks dropped since the last call: their message was never whole, or there was no room for it.
  std::uint64_t take_dropped();
  // Forgets everything; what was unfinished counts as dropped.
  void clear();

  std::size_t unfinished() const { return messages_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Message {
    std::string key;
    std::vector<std::string> parts;  // by number
    std::array<bool, kChunksMax> came{};
    std::size_t missing = 0;
    std::size_t bytes = 0;
    std::chrono::milliseconds age{};
  };
  using Messages = std::list<Message>;

  void drop(Messages::iterator message);
  void forget(Messages::iterator message);

  Messages messages_;  // the oldest first
  std::unordered_map<std::string_view, Messages::iterator> by_key_;
  std::size_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
  std::string whole_;
};

// The JSON of a message.
struct GelfText {
  std::string_view bytes;    // cut at the bound
  std::uint64_t length = 0;  // as far as it was inflated, kGelfInflatedMax at most
  bool damaged = false;      // said to be compressed and is not: `bytes` are as they came
};
inline constexpr std::size_t kGelfInflatedMax = 8 * 1024 * 1024;

// `buffer` holds the inflated bytes, bytes_max of them at most.
GelfText inflate_gelf(std::string_view message, std::size_t bytes_max, std::string& buffer);

}  // namespace picket::collector
