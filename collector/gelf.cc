#include "collector/gelf.h"

#include <zlib.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace picket::collector {
namespace {

constexpr std::string_view kMagic = "\x1e\x0f";
constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kChunkCost = 64;  // of memory beside its bytes, so that empty chunks count

std::size_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// zlib: deflate with a window that RFC 1950 knows and a check of the header's two bytes.
bool is_zlib(std::string_view text) {
  return text.size() >= 2 && (byte_at(text, 0) & 0x0f) == 8 && (byte_at(text, 0) >> 4) <= 7 &&
         (byte_at(text, 0) * 256 + byte_at(text, 1)) % 31 == 0;
}

bool is_gzip(std::string_view text) {
  return text.starts_with("\x1f\x8b");
}

}  // namespace

GelfChunks::Taken GelfChunks::take(std::string_view sender, std::string_view datagram,
                                   std::string_view& message) {
  if (!datagram.starts_with(kMagic)) {
    message = datagram;
    return Taken::kWhole;
  }
  if (datagram.size() < kHeaderBytes) return Taken::kMalformed;
  const std::size_t number = byte_at(datagram, 10);
  const std::size_t count = byte_at(datagram, 11);
  const std::string_view part = datagram.substr(kHeaderBytes);
  if (count == 0 || count > kChunksMax || number >= count) return Taken::kMalformed;
  std::string key(sender);
  key += datagram.substr(kMagic.size(), kIdBytes);
  auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    if (messages_.size() == kUnfinishedMax) drop(messages_.begin());
    Message& made = messages_.emplace_back();
    made.key = std::move(key);
    made.parts.resize(count);
    made.missing = count;
    found = by_key_.emplace(made.key, std::prev(messages_.end())).first;
  }
  const Messages::iterator of = found->second;
  if (of->parts.size() != count) return Taken::kMalformed;
  if (of->came[number]) return Taken::kPart;  // a datagram may come twice
  of->came[number] = true;
  of->parts[number] = part;
  of->bytes += part.size() + kChunkCost;
  bytes_ += part.size() + kChunkCost;
  if (--of->missing == 0) {
    whole_.clear();
    for (const std::string& one : of->parts) whole_ += one;
    forget(of);
    message = whole_;
    return Taken::kWhole;
  }
  while (bytes_ > kBytesMax) drop(messages_.begin());
  return Taken::kPart;
}

void GelfChunks::tick(std::chrono::milliseconds passed) {
  for (Message& message : messages_) message.age += passed;
  while (!messages_.empty() && messages_.front().age > kTimeout) drop(messages_.begin());
}

std::uint64_t GelfChunks::take_dropped() {
  return std::exchange(dropped_, 0);
}

void GelfChunks::clear() {
  while (!messages_.empty()) drop(messages_.begin());
}

void GelfChunks::drop(Messages::iterator message) {
  dropped_ += message->parts.size() - message->missing;
  forget(message);
}

void GelfChunks::forget(Messages::iterator message) {
  bytes_ -= message->bytes;
  by_key_.erase(message->key);
  messages_.erase(message);
}

GelfText inflate_gelf(std::string_view message, std::size_t bytes_max, std::string& buffer) {
  const GelfText plain{message.substr(0, bytes_max), message.size(), false};
  if (!is_zlib(message) && !is_gzip(message)) return plain;
  constexpr int kAnyHeader = 15 + 32;  // zlib.h: the largest window; zlib or gzip by the header
  z_stream stream{};
  if (::inflateInit2(&stream, kAnyHeader) != Z_OK) return {plain.bytes, plain.length, true};
  // zlib.h wants them writable and does not write.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(message.data()));
  stream.avail_in = static_cast<uInt>(message.size());
  buffer.clear();
  std::array<char, 16 * 1024> piece;  // not initialised on purpose
  std::uint64_t length = 0;
  int state = Z_OK;
  while (state == Z_OK && length < kGelfInflatedMax) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    state = ::inflate(&stream, Z_NO_FLUSH);
    const std::size_t got = piece.size() - stream.avail_out;
    length += got;
    buffer.append(piece.data(), std::min(got, bytes_max - std::min(buffer.size(), bytes_max)));
    if (got == 0 && state == Z_OK && stream.avail_in == 0) state = Z_BUF_ERROR;
  }
  ::inflateEnd(&stream);
  if (state != Z_STREAM_END && state != Z_OK) return {plain.bytes, plain.length, true};
  return {buffer, length, false};
}

}  // namespace picket::collector
