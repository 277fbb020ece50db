#include "tests/conformance/zip_file.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/file.h"

namespace picket::conformance {
namespace {

constexpr std::size_t kFileMax = 64 * 1024 * 1024;
constexpr std::size_t kMemberMax = 512 * 1024 * 1024;
constexpr std::uint32_t kEndSignature = 0x06054B50;
constexpr std::uint32_t kDirectorySignature = 0x02014B50;

std::uint32_t number(const std::string& text, std::size_t at, unsigned bytes) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < bytes && at + i < text.size(); ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i])) << (8 * i);
  }
  return value;
}

// The offset of the end record, which stands last but for a comment.
std::optional<std::size_t> find_end(const std::string& zip) {
  constexpr std::size_t kEndSize = 22;
  if (zip.size() < kEndSize) return std::nullopt;
  for (std::size_t at = zip.size() - kEndSize + 1; at-- > 0;) {
    if (number(zip, at, 4) == kEndSignature) return at;
  }
  return std::nullopt;
}

std::optional<std::string> inflated(const std::string& zip, std::size_t at, std::size_t packed,
                                    std::size_t size) {
  if (size > kMemberMax || at > zip.size() || packed > zip.size() - at) return std::nullopt;
  std::string bytes(size, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return std::nullopt;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zip.data() + at));
  stream.avail_in = static_cast<uInt>(packed);
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(size);
  const int result = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  if (result != Z_STREAM_END || stream.total_out != size) return std::nullopt;
  return bytes;
}

// The member that the directory entry at `at` speaks of.
std::optional<std::string> read_member(const std::string& zip, std::size_t at) {
  const std::size_t packed = number(zip, at + 20, 4);
  const std::size_t size = number(zip, at + 24, 4);
  const std::size_t local = number(zip, at + 42, 4);
  const std::size_t data = local + 30 + number(zip, local + 26, 2) + number(zip, local + 28, 2);
  constexpr std::uint32_t kStored = 0;
  if (number(zip, at + 10, 2) != kStored) return inflated(zip, data, packed, size);
  if (data > zip.size() || size > zip.size() - data) return std::nullopt;
  return zip.substr(data, size);
}

}  // namespace

Result<std::vector<ZipMember>> read_zip(const std::string& path) {
  PICKET_TRY(const std::string zip, read_file(path, kFileMax));
  const std::optional<std::size_t> end = find_end(zip);
  if (!end) return fail(Errc::kCorrupt, path + " is no zip file");
  std::vector<ZipMember> members;
  std::size_t at = number(zip, *end + 16, 4);
  for (std::uint32_t left = number(zip, *end + 10, 2); left > 0; --left) {
    if (number(zip, at, 4) != kDirectorySignature)
      return fail(Errc::kCorrupt, path + ": its directory is damaged");
    const std::size_t name_size = number(zip, at + 28, 2);
    const std::string name = zip.substr(std::min(zip.size(), at + 46), name_size);
    if (!name.ends_with('/')) {
      std::optional<std::string> bytes = read_member(zip, at);
      if (!bytes) return fail(Errc::kCorrupt, path + ": " + name + " cannot be unpacked");
      members.push_back({.name = name, .bytes = std::move(*bytes)});
    }
    at += 46 + name_size + number(zip, at + 30, 2) + number(zip, at + 32, 2);
  }
  return members;
}

}  // namespace picket::conformance
