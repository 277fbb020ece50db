#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace picket {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string reason(int error) { return std::generic_category().message(error); }

Errc code_of(int error) { return error == ENOENT ? Errc::kNotFound : Errc::kIo; }

Result<void> write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(errno == ENOSPC ? Errc::kFull : Errc::kIo, path + ": " + reason(errno));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return fail(code_of(errno), path + ": " + reason(errno));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return fail(Errc::kIo, path + ": " + reason(errno));
  if (S_ISDIR(info.st_mode)) return fail(Errc::kInvalid, path + ": is a folder, not a file");
  std::string text;
  text.resize(static_cast<std::size_t>(std::max<off_t>(info.st_size, 4096)) + 1);
  std::size_t used = 0;
  for (;;) {
    if (used > bytes_max) {
      return fail(Errc::kLimit, path + ": longer than " + std::to_string(bytes_max) + " bytes");
    }
    if (used == text.size()) text.resize(text.size() * 2);
    const ssize_t got = ::read(file.get(), text.data() + used, text.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Errc::kIo, path + ": " + reason(errno));
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  text.resize(used);
  return text;
}

Result<void> read_pieces(const std::string& path, std::size_t piece_bytes, std::size_t bytes_max,
                         const std::function<void(std::string_view)>& with_piece) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return fail(code_of(errno), path + ": " + reason(errno));
  std::string piece;
  piece.resize(piece_bytes);
  for (std::size_t used = 0;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EISDIR) return fail(Errc::kInvalid, path + ": is a folder, not a file");
    if (got < 0) return fail(Errc::kIo, path + ": " + reason(errno));
    if (got == 0) return {};
    used += static_cast<std::size_t>(got);
    if (used > bytes_max) {
      return fail(Errc::kLimit, path + ": longer than " + std::to_string(bytes_max) + " bytes");
    }
    with_piece(std::string_view(piece).substr(0, static_cast<std::size_t>(got)));
  }
}

Result<void> write_file(const std::string& path, std::string_view text, unsigned mode) {
  const std::string temporary = path + ".new";
  {
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, static_cast<mode_t>(mode)));
    if (file.get() < 0) return fail(code_of(errno), temporary + ": " + reason(errno));
    PICKET_TRY_VOID(write_all(file.get(), text, temporary));
    if (::fsync(file.get()) != 0) return fail(Errc::kIo, temporary + ": " + reason(errno));
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return fail(Errc::kIo, path + ": " + reason(errno));
  }
  return {};
}

Result<void> write_scratch_file(const std::string& path, std::string_view text, unsigned mode) {
  std::string temporary = path + ".XXXXXX";
  const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0) return fail(code_of(errno), temporary + ": " + reason(errno));
  Result<void> done = write_all(file.get(), text, temporary);
  if (done && ::fchmod(file.get(), static_cast<mode_t>(mode)) != 0) {
    done = fail(Errc::kIo, temporary + ": " + reason(errno));
  }
  if (done && ::rename(temporary.c_str(), path.c_str()) != 0) done = fail(Errc::kIo, path + ": " + reason(errno));
  if (!done) ::unlink(temporary.c_str());
  return done;
}

Result<std::vector<std::string>> list_files(const std::string& path,
                                            const std::vector<std::string>& endings) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return fail(Errc::kNotFound, path + ": no such file or folder");
  if (fs::is_regular_file(status)) return std::vector<std::string>{path};
  std::vector<std::string> all;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (!it->is_regular_file(error)) continue;
    const std::string name = it->path().string();
    const bool wanted = std::any_of(endings.begin(), endings.end(),
                                    [&](const std::string& e) { return name.ends_with(e); });
    if (wanted) all.push_back(name);
  }
  if (error) return fail(Errc::kIo, path + ": " + error.message());
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace picket
