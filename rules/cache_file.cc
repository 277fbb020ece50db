#include "rules/cache_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/codec.h"
#include "base/file.h"
#include "base/hash.h"

namespace picket::rules {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWhatSize = 8;
constexpr std::size_t kChecksumSize = 32;  // XXH3-128, in hexadecimal digits

// Ours or root's, and nobody else's to write.
bool trusted(const struct stat& info) {
  return S_ISREG(info.st_mode) && (info.st_uid == ::geteuid() || info.st_uid == 0) &&
         (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

Result<std::string> read_trusted(int file, const std::string& path) {
  struct stat info {};
  if (::fstat(file, &info) != 0 || !trusted(info)) {
    return fail(Errc::kInvalid, path + ": others may write it, so it is not used");
  }
  if (std::cmp_greater(info.st_size, kCacheFileBytesMax)) {
    return fail(Errc::kLimit, path + ": it is too large");
  }
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t used = 0;
  while (used < bytes.size()) {
    const ssize_t got = ::read(file, bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Errc::kIo, path + ": " + std::generic_category().message(errno));
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  bytes.resize(used);
  return bytes;
}

}  // namespace

std::string seal(std::string_view what, std::string_view key, std::string_view body) {
  Writer head;
  head.text(key);
  head.number(body.size());
  std::string sealed = head.take();
  sealed += body;
  std::string bytes(what.substr(0, kWhatSize));
  bytes.resize(kWhatSize, ' ');
  return bytes + hash128_hex(sealed) + sealed;
}

Result<std::string_view> unseal(std::string_view what, std::string_view key,
                                std::string_view bytes) {
  constexpr std::size_t kHead = kWhatSize + kChecksumSize;
  if (bytes.size() < kHead || !bytes.starts_with(what))
    return fail(Errc::kCorrupt, "it is no such file");
  const std::string_view sealed = bytes.substr(kHead);
  if (hash128_hex(sealed) != bytes.substr(kWhatSize, kChecksumSize)) {
    return fail(Errc::kCorrupt, "its checksum is wrong");
  }
  Reader head(sealed);
  const bool same = head.text() == key;
  const std::uint64_t size = head.number();
  if (!head.ok() || size > sealed.size()) return fail(Errc::kCorrupt, "it ends too early");
  if (!same) return fail(Errc::kNotFound, "another version of the program made it");
  return sealed.substr(sealed.size() - size);
}

// Looked at and read through one descriptor, so that it cannot become another file in between.
Result<std::string> read_cache_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) {
    const Errc code = errno == ENOENT || errno == ENOTDIR ? Errc::kNotFound : Errc::kIo;
    return fail(code, path + ": " + std::generic_category().message(errno));
  }
  Result<std::string> bytes = read_trusted(file, path);
  ::close(file);
  return bytes;
}

Result<void> write_cache_file(const std::string& path, std::string_view bytes) {
  const fs::path folder = fs::path(path).parent_path();
  std::error_code error;
  if (!folder.empty() && !fs::exists(folder, error)) {
    fs::create_directories(folder, error);
    if (error)
      return fail(Errc::kIo, folder.string() + ": cannot make the folder: " + error.message());
    fs::permissions(folder, fs::perms::owner_all, error);
  }
  return write_scratch_file(path, bytes, 0600);
}

void prune_cache(const std::string& folder, std::string_view prefix, CacheLimits limits) {
  struct Old {
    fs::file_time_type time;
    std::uintmax_t size;
    fs::path path;
  };
  std::vector<Old> all;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;  // another process may have removed it
    if (!it->path().filename().string().starts_with(prefix) || !it->is_regular_file(ignored))
      continue;
    const fs::file_time_type time = it->last_write_time(ignored);
    const std::uintmax_t size = it->file_size(ignored);
    if (!ignored) all.push_back({time, size, it->path()});
  }
  std::sort(all.begin(), all.end(), [](const Old& a, const Old& b) { return a.time > b.time; });
  std::uintmax_t bytes = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    bytes += all[i].size;
    if (i < limits.files_max && bytes <= limits.bytes_max) continue;
    std::error_code ignored;
    fs::remove(all[i].path, ignored);
  }
}

}  // namespace picket::rules
