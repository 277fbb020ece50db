#include "app/record_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace picket::app {
namespace {

constexpr std::size_t kChunk = 1024 * 1024;
constexpr std::size_t kObjectBytesMax = 16 * 1024 * 1024;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The offset behind the object or scalar that begins at 0; npos when it does not end here.
std::size_t json_end(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') {
      if (depth <= 1) return i + 1;
      --depth;
    }
  }
  return std::string_view::npos;
}

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

RecordFile::RecordFile(int fd, std::string format, std::string path, std::uint64_t size, RecordEnd end)
    : fd_(fd), format_(std::move(format)), path_(std::move(path)), end_(static_cast<char>(end)), size_(size) {
  const bool lines = format_ == "syslog" || format_ == "raw" || format_ == "ndjson";
  if (lines || end == RecordEnd::kZero) framing_ = Framing::kLines;
}

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
  buffer_.erase(0, at_);
  at_ = 0;
  const std::size_t used = buffer_.size();
  buffer_.resize(used + kChunk);
  for (;;) {
    const ssize_t got = ::read(fd_, buffer_.data() + used, kChunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Errc::kIo, path_ + ": " + std::generic_category().message(errno));
    buffer_.resize(used + static_cast<std::size_t>(got));
    bytes_read_ += static_cast<std::uint64_t>(got);
    ended_ = got == 0;
    return {};
  }
}

// By the first bytes: an array, or an object whose first line does not hold it whole, is taken object
// by object; everything else line by line.
void RecordFile::decide() {
  if (buffer_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  std::size_t first = at_;
  while (first < buffer_.size() && is_space(buffer_[first])) ++first;
  framing_ = Framing::kLines;
  if (first == buffer_.size()) return;
  if (buffer_[first] == '[' && (format_ == "json" || format_ == "auto")) {
    const std::size_t second = buffer_.find_first_not_of(" \t\r\n", first + 1);
    if (second == std::string::npos || (buffer_[second] != '{' && buffer_[second] != ']')) return;
    at_ = first + 1;
    framing_ = Framing::kObjects;
  } else if (buffer_[first] == '{') {
    const std::size_t line_end = buffer_.find('\n', first);
    const std::string_view line = std::string_view(buffer_).substr(first, line_end - first);
    if (json_end(line) == std::string_view::npos) framing_ = Framing::kObjects;
  }
}

bool RecordFile::next(std::string_view& record) {
  return framing_ == Framing::kLines ? next_line(record) : next_object(record);
}

bool RecordFile::next_line(std::string_view& record) {
  const std::size_t end = buffer_.find(end_, at_ + scanned_);
  if (end == std::string::npos) {
    scanned_ = buffer_.size() - at_;
    if (scanned_ > kFrameBytesMax + kChunk) {  // keep the beginning, count the rest
      skipped_ += scanned_ - kFrameBytesMax;
      buffer_.resize(at_ + kFrameBytesMax);
      scanned_ = kFrameBytesMax;
    }
    if (!ended_ || scanned_ == 0) return false;
    record = std::string_view(buffer_).substr(at_);
    at_ = buffer_.size();
  } else {
    record = std::string_view(buffer_).substr(at_, end - at_);
    at_ = end + 1;
  }
  scanned_ = 0;
  if (record.ends_with('\r')) record.remove_suffix(1);
  return true;
}

bool RecordFile::next_object(std::string_view& record) {
  while (at_ < buffer_.size() && (is_space(buffer_[at_]) || buffer_[at_] == ',')) ++at_;
  std::string_view rest = std::string_view(buffer_).substr(at_);
  if (rest.empty()) return false;
  if (rest[0] == ']' && rest.find_first_not_of(" \t\r\n]") == std::string_view::npos) {
    at_ = buffer_.size();
    return false;
  }
  if (rest[0] != '{') {  // no JSON any more: what follows is taken line by line
    framing_ = Framing::kLines;
    return next_line(record);
  }
  const std::size_t end = json_end(rest);
  if (end == std::string_view::npos && rest.size() < kObjectBytesMax) {
    if (!ended_) return false;
    record = rest;
    at_ = buffer_.size();
    return true;
  }
  record = rest.substr(0, end == std::string_view::npos ? kObjectBytesMax : end);
  at_ += record.size();
  return true;
}

void RecordFile::add(Batch& batch, std::string_view record, SourceId source, std::int64_t received_ns) {
  const std::size_t whole = record.size() + skipped_;
  skipped_ = 0;
  Record& added = batch.add(record.substr(0, kFrameBytesMax), source, seq_++, received_ns);
  added.length = static_cast<std::uint32_t>(std::min<std::size_t>(whole, UINT32_MAX));
}

Result<bool> RecordFile::read(Batch& batch, SourceId source, std::int64_t received_ns,
                              std::size_t records_max, std::size_t bytes_max) {
  while (batch.records().size() < records_max && batch.bytes() < bytes_max) {
    std::string_view record;
    if (framing_ != Framing::kUndecided && next(record)) {
      if (record.find_first_not_of(" \t\r") != std::string_view::npos || skipped_ > 0) {
        add(batch, record, source, received_ns);
      }
      continue;
    }
    if (ended_) {
      if (!batch.records().empty()) return evtx_.pid > 0;
      PICKET_TRY_VOID(end_input());
      return false;
    }
    PICKET_TRY_VOID(fill());
    if (framing_ == Framing::kUndecided && (buffer_.size() >= kChunk || ended_)) decide();
  }
  return true;
}

}  // namespace picket::app
