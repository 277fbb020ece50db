#include "app/record_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace picket::app {
namespace {

constexpr std::size_t kChunk = 1024 * 1024;

}  // namespace

Result<std::unique_ptr<RecordFile>> RecordFile::open(const std::string& path, const std::string& format,
                                                     RecordEnd end) {
  if (path == "-") return std::unique_ptr<RecordFile>(new RecordFile(STDIN_FILENO, format, path, 0, end));
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return fail(errno == ENOENT ? Errc::kNotFound : Errc::kIo,
                path + ": " + std::generic_category().message(errno));
  }
  struct stat info {};
  if (::fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
    ::close(fd);
    return fail(Errc::kInvalid, path + ": is not a file");
  }
  if (is_evtx(fd)) {
    ::close(fd);
    PICKET_TRY(const EvtxChild child, start_evtx(path));
    std::unique_ptr<RecordFile> file(new RecordFile(child.fd, format, path, 0, RecordEnd::kZero));
    file->evtx_ = child;
    return file;
  }
  const auto size = static_cast<std::uint64_t>(info.st_size);
  return std::unique_ptr<RecordFile>(new RecordFile(fd, format, path, size, end));
}

RecordFile::RecordFile(int fd, const std::string& format, std::string path, std::uint64_t size, RecordEnd end)
    : fd_(fd),
      path_(std::move(path)),
      end_(static_cast<char>(end)),
      size_(size),
      splitter_({.frame_bytes_max = kFrameBytesMax, .json = format == "json" || format == "auto"}),
      heading_(format == "csv" ? collector::Heading::Kind::kFirstLine : collector::Heading::Kind::kMarked) {}

RecordFile::~RecordFile() {
  if (evtx_.pid > 0) {
    (void)end_evtx(evtx_, path_);
  } else if (fd_ >= 0 && fd_ != STDIN_FILENO) {
    ::close(fd_);
  }
}

// The end of a pipe says nothing of how its writer fared.
Result<void> RecordFile::end_input() {
  if (evtx_.pid <= 0) return {};
  fd_ = -1;
  return end_evtx(evtx_, path_);
}

Result<void> RecordFile::fill() {
  buffer_.erase(0, buffer_.size() - input_.size());
  const std::size_t used = buffer_.size();
  buffer_.resize(used + kChunk);
  for (;;) {
    const ssize_t got = ::read(fd_, buffer_.data() + used, kChunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Errc::kIo, path_ + ": " + std::generic_category().message(errno));
    buffer_.resize(used + static_cast<std::size_t>(got));
    const bool first = bytes_read_ == 0;
    bytes_read_ += static_cast<std::uint64_t>(got);
    ended_ = got == 0;
    input_ = buffer_;
    if (first && input_.starts_with("\xEF\xBB\xBF")) input_.remove_prefix(3);
    return {};
  }
}

bool RecordFile::next(collector::Frame& record) {
  if (end_ == static_cast<char>(RecordEnd::kZero)) return next_ended(record);
  return splitter_.next(input_, record) || (ended_ && splitter_.finish(record));
}

bool RecordFile::next_ended(collector::Frame& record) {
  const std::size_t end = input_.find(end_, scanned_);
  const bool found = end != std::string_view::npos;
  if (!found) {
    scanned_ = input_.size();
    if (scanned_ > kFrameBytesMax + kChunk) {  // keep the beginning, count the rest
      skipped_ += scanned_ - kFrameBytesMax;
      const std::size_t at = buffer_.size() - input_.size();
      buffer_.resize(at + kFrameBytesMax);
      input_ = std::string_view(buffer_).substr(at);
      scanned_ = kFrameBytesMax;
    }
    if (!ended_ || scanned_ == 0) return false;
  }
  std::string_view bytes = input_.substr(0, end);
  input_.remove_prefix(found ? end + 1 : input_.size());
  scanned_ = 0;
  const std::size_t skipped = std::exchange(skipped_, 0);
  if (bytes.ends_with('\r')) bytes.remove_suffix(1);
  record = {bytes.substr(0, kFrameBytesMax), bytes.size() + skipped};
  return true;
}

Result<bool> RecordFile::read(Batch& batch, SourceId source, std::int64_t received_ns,
                              std::size_t records_max, std::size_t bytes_max) {
  while (batch.records().size() < records_max && batch.bytes() < bytes_max) {
    collector::Frame record;
    if (next(record)) {
      if (record.bytes.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      Record& added = batch.add(record.bytes, source, seq_++, received_ns);
      added.length = static_cast<std::uint32_t>(std::min<std::uint64_t>(record.length, UINT32_MAX));
      batch.set_heading(added, heading_.of(record.bytes, 0));
      continue;
    }
    if (ended_) {
      if (!batch.records().empty()) return evtx_.pid > 0;
      PICKET_TRY_VOID(end_input());
      return false;
    }
    PICKET_TRY_VOID(fill());
  }
  return true;
}

}  // namespace picket::app
