#include "base/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace picket {
namespace {

tl::unexpected<Error> failed(const std::string& path, int error) {
  return fail(error == ENOSPC || error == EDQUOT ? Errc::kFull : Errc::kIo,
              path + ": " + std::strerror(error));
}

}  // namespace

NewFile::NewFile(std::string path, unsigned mode)
    : path_(std::move(path)),
      fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)) {
  if (fd_ < 0) error_ = errno;
}

NewFile::~NewFile() {
  if (fd_ >= 0) ::close(fd_);
}

void NewFile::write(std::string_view piece) {
  while (error_ == 0 && !piece.empty()) {
    const ssize_t written = ::write(fd_, piece.data(), piece.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      error_ = errno;
    } else {
      piece.remove_prefix(static_cast<std::size_t>(written));
    }
  }
}

Result<void> NewFile::finish() {
  if (error_ == 0 && ::fsync(fd_) != 0) error_ = errno;
  if (error_ != 0) return failed(path_, error_);
  return {};
}

Result<void> sync_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failed(path, errno);
  const bool synced = ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!synced) return failed(path, error);
  return {};
}

}  // namespace picket
