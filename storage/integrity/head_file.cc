#include "storage/integrity/head_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/file.h"

namespace picket::storage {
namespace {

constexpr std::size_t kTailBytes = 64 * 1024;
constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::size_t kFileMax = std::size_t{64} * 1024 * 1024 * 1024;

// Closed at the end of its scope.
struct File {
  explicit File(int number) : fd(number) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd >= 0) ::close(fd);
  }
  int fd;
};

tl::unexpected<Error> failed(const std::string& path) {
  return fail(Errc::kIo, path + ": " + std::strerror(errno));
}

bool ends_inside_a_line(int fd) {
  const off_t size = ::lseek(fd, 0, SEEK_END);
  char last = '\n';
  return size > 0 && ::pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

Result<void> sync_folder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const File opened(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.fd < 0 || ::fsync(opened.fd) != 0) return failed(path);
  return {};
}

}  // namespace

Result<void> append_head(const std::string& path, const SignedHead& head) {
  const bool is_new = ::access(path.c_str(), F_OK) != 0;
  const File file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (file.fd < 0) return failed(path);
  std::string text = ends_inside_a_line(file.fd) ? "\n" : "";
  text += dump_json(to_json(head)) + "\n";
  const ssize_t written = ::write(file.fd, text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size())) {
    if (written >= 0) errno = ENOSPC;  // the next line ends what was torn
    return failed(path);
  }
  if (::fsync(file.fd) != 0) return failed(path);
  return is_new ? sync_folder(path) : Result<void>();
}

Result<void> read_heads(
    const std::string& path, std::uint64_t bytes,
    const std::function<bool(std::uint64_t number, const Result<SignedHead>& head)>& line) {
  std::string rest;
  std::uint64_t number = 0;
  bool wanted = true;
  bool too_long = false;
  const auto one = [&](std::string_view text) {
    ++number;
    if (text.empty() && !too_long) return;
    const Result<Json> json =
        too_long ? fail(Errc::kLimit, "a line too long to be a head") : parse_json(text);
    wanted = json ? line(number, signed_head_from_json(*json))
                  : line(number, tl::unexpected(json.error()));
  };
  PICKET_TRY_VOID(read_pieces(path, kPieceBytes, kFileMax, [&](std::string_view piece) {
    piece = piece.substr(0, bytes);
    bytes -= piece.size();
    while (wanted && !piece.empty()) {
      const std::size_t end = piece.find('\n');
      const std::string_view part = piece.substr(0, end);
      too_long = too_long || rest.size() + part.size() > kHeadLineMax;
      if (!too_long) rest += part;
      if (end == std::string_view::npos) return;
      one(rest);
      rest.clear();
      too_long = false;
      piece.remove_prefix(end + 1);
    }
  }));
  if (wanted && !rest.empty()) one(rest);
  return {};
}

Result<std::optional<SignedHead>> last_head(const std::string& path, std::string_view store) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0 && errno == ENOENT) return std::optional<SignedHead>();
  if (file.fd < 0) return failed(path);
  const off_t size = ::lseek(file.fd, 0, SEEK_END);
  if (size < 0) return failed(path);
  const off_t start = std::max<off_t>(0, size - static_cast<off_t>(kTailBytes));
  std::string text(static_cast<std::size_t>(size - start), '\0');
  const ssize_t got = ::pread(file.fd, text.data(), text.size(), start);
  if (got < 0) return failed(path);
  text.resize(static_cast<std::size_t>(got));
  std::optional<SignedHead> last;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const Result<Json> json = parse_json(rest.substr(0, end));
    const Result<SignedHead> head =
        json ? signed_head_from_json(*json) : tl::unexpected(json.error());
    if (head && head->head.store == store) last = *head;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return last;
}

}  // namespace picket::storage
