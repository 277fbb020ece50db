#include "collector/file_tail.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "base/hash.h"

namespace picket::collector {
namespace {

constexpr std::size_t kFingerprintBytes = 256;
constexpr std::size_t kHeadBytes = 64 * 1024;  // of a file that is looked through for a heading
constexpr int kEntriesMax = 100'000;           // of a folder that is searched for a rotated file
constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

FileHandle open_file(int folder, const char* name, int flags) {
  return FileHandle(::openat(folder, name, kOpenFlags | flags));
}

std::optional<struct stat> status_of(const FileHandle& file) {
  struct stat status {};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0) return std::nullopt;
  return status;
}

// The hash of the first `size` bytes; nullopt if there are not so many.
std::optional<std::uint64_t> hash_start(const FileHandle& file, std::size_t size) {
  std::array<char, kFingerprintBytes> bytes{};
  std::size_t got = 0;
  while (got < size) {
    const auto n = ::pread(file.get(), bytes.data() + got, size - got, static_cast<off_t>(got));
    if (n <= 0) return std::nullopt;
    got += static_cast<std::size_t>(n);
  }
  return hash64({bytes.data(), size});
}

std::size_t fingerprint_size(std::uint64_t position) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(position, kFingerprintBytes));
}

std::string text_of(int error_number) {
  return std::strerror(error_number);
}  // NOLINT(concurrency-mt-unsafe)

}  // namespace

std::string format_position(const FilePosition& position) {
  std::array<char, 17> hex{};
  const auto end = std::to_chars(hex.data(), hex.data() + hex.size(), position.fingerprint, 16);
  std::string text = std::to_string(position.device) + ':' + std::to_string(position.inode) + ':' +
                     std::to_string(position.position) + ':' + std::string(hex.data(), end.ptr);
  if (position.place == Splitter::Place::kLine && !position.heading) return text;
  text += ':';
  text += static_cast<char>(position.place);
  if (position.heading) text += ':' + std::to_string(*position.heading);
  return text;
}

std::optional<FilePosition> parse_position(std::string_view text) {
  FilePosition position;
  const auto number = [&text](std::uint64_t& value, int base) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
  };
  const auto next = [&text] {
    if (!text.starts_with(':')) return false;
    text.remove_prefix(1);
    return true;
  };
  const bool first = number(position.device, 10) && next() && number(position.inode, 10) &&
                     next() && number(position.position, 10) && next() &&
                     number(position.fingerprint, 16);
  if (!first) return std::nullopt;
  if (text.empty()) return position;
  if (!next() || text.empty() || std::string_view("loae").find(text[0]) == std::string_view::npos)
    return std::nullopt;
  position.place = static_cast<Splitter::Place>(text[0]);
  text.remove_prefix(1);
  if (text.empty()) return position;
  if (!next() || !number(position.heading.emplace(), 10) || !text.empty()) return std::nullopt;
  return position;
}

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void FileHandle::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

FileTail::FileTail(FileConfig config, std::string_view stored, std::size_t line_bytes_max)
    : config_(std::move(config)),
      meter_(config_.name),
      origin_{config_.source, &meter_, this},
      splitting_({.frame_bytes_max = line_bytes_max,
                  .json = config_.json && !config_.first_line_heads &&
                          config_.multiline.by == MultilineConfig::By::kNone}),
      splitter_(splitting_),
      heading_(new_heading()),
      stored_(parse_position(stored)) {
  if (config_.multiline.by == MultilineConfig::By::kNone) return;
  auto joiner = LineJoiner::make(config_.multiline, line_bytes_max);
  if (joiner) joiner_.emplace(*std::move(joiner));  // else check() says what is wrong
}

Result<void> FileTail::check() const {
  const std::string what = "door " + config_.name + ": " + config_.path + ": ";
  const std::string folder = folder_of(config_.path);
  if (const auto joiner = LineJoiner::make(config_.multiline, 1); !joiner)
    return fail(Errc::kInvalid, what + "multiline: " + joiner.error().what);
  struct stat status {};
  if (config_.path.empty() || config_.path.ends_with('/')) {
    return fail(Errc::kInvalid, what + "a path of a file is needed");
  }
  if (::stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return fail(Errc::kNotFound,
                what + "there is no folder " + folder + "; create it or correct the path");
  }
  if (::access(folder.c_str(), R_OK | X_OK) != 0) {
    return fail(Errc::kIo, what + "the folder " + folder + " cannot be read: " + text_of(errno) +
                               "; give the user that Picket runs as the right to");
  }
  if (::stat(config_.path.c_str(), &status) != 0) return {};  // waited for
  if (!S_ISREG(status.st_mode)) return fail(Errc::kInvalid, what + "this is no regular file");
  if (!open_file(AT_FDCWD, config_.path.c_str(), 0).is_open()) {
    return fail(Errc::kIo, what + "cannot be read: " + text_of(errno) +
                               "; give the user that Picket runs as the right to");
  }
  return {};
}

// ---- reading

FileTail::Progress FileTail::read(Gather& gather, std::int64_t now_ns, std::vector<char>& scratch) {
  if (gather.full()) return Progress::kFull;
  if (!give_joined(gather, now_ns)) return Progress::kFull;
  if (!input_.empty() || splitter_.replaying()) return consume(gather, now_ns);
  rest_ = std::string{};
  if (!file_.is_open()) open_next();
  if (!file_.is_open()) return Progress::kIdle;
  if (truncated_) return at_end(gather, now_ns);
  const auto got =
      ::pread(file_.get(), scratch.data(), scratch.size(), static_cast<off_t>(read_position_));
  if (got < 0)
    return errno == EINTR ? Progress::kMore : Progress::kIdle;  // the next tick tries again
  if (got == 0) return at_end(gather, now_ns);
  read_position_ += static_cast<std::size_t>(got);
  quiet_ = still_ = {};
  input_ = {scratch.data(), static_cast<std::size_t>(got)};
  return consume(gather, now_ns);
}

FileTail::Progress FileTail::consume(Gather& gather, std::int64_t now_ns) {
  Frame frame;
  while (give_joined(gather, now_ns)) {
    const std::uint64_t begin = line_start();
    const bool got = splitter_.next(input_, frame);
    meter_.envelopes.fetch_add(splitter_.take_envelopes(), std::memory_order_relaxed);
    if (!got) return Progress::kMore;
    if (joiner_) {
      joiner_->add(frame, begin);
    } else {
      origin_.heading = heading_.of(frame.bytes, begin);
      gather.add(frame, origin_, now_ns);
    }
  }
  rest_ = std::string(input_);
  input_ = rest_;
  meter_.paused.fetch_add(1, std::memory_order_relaxed);
  return Progress::kFull;
}

// Everything is read. Is it the end of this file?
FileTail::Progress FileTail::at_end(Gather& gather, std::int64_t now_ns) {
  const auto status = status_of(file_);
  if (truncated_ || (status && static_cast<std::uint64_t>(status->st_size) < read_position_)) {
    if (!flush_lines(gather, now_ns)) return Progress::kFull;
    truncated_ = false;
    read_position_ = 0;
    known_bytes_ = 0;
    splitter_ = Splitter(splitting_);
    heading_ = new_heading();
    return Progress::kMore;
  }
  if (!rotated_ || quiet_ < config_.rotate_wait) return Progress::kIdle;
  if (!flush_lines(gather, now_ns)) return Progress::kFull;
  learn_fingerprint();  // offset() speaks of this file until the next one is opened
  file_.close();
  waited_ = true;
  return Progress::kMore;
}

// A last line without an end will not get one any more, a record no further line. False when the
// gather is full before all is handed over.
bool FileTail::flush_lines(Gather& gather, std::int64_t now_ns) {
  Frame frame;
  if (!joiner_) {
    while (!gather.full()) {
      const std::uint64_t begin = line_start();
      if (!splitter_.finish(frame)) return true;
      origin_.heading = heading_.of(frame.bytes, begin);
      gather.add(frame, origin_, now_ns);
    }
    return false;
  }
  const std::uint64_t begin = line_start();
  while (splitter_.finish(frame)) joiner_->add(frame, begin);  // once: it has lines only
  joiner_->finish();
  return give_joined(gather, now_ns);
}

// Hands over the records that are whole. False when the gather is full.
bool FileTail::give_joined(Gather& gather, std::int64_t now_ns) {
  Frame frame;
  while (joiner_ && !gather.full() && joiner_->next(frame)) gather.add(frame, origin_, now_ns);
  if (joiner_) meter_.joined.store(joiner_->joined(), std::memory_order_relaxed);
  return !gather.full();
}

void FileTail::tick(std::chrono::milliseconds tick_time) {
  if (joiner_) joiner_->tick(tick_time);
  still_ += tick_time;
  if (still_ >= config_.multiline.timeout) {
    splitter_.give_up();
    still_ = {};
  }
  const auto ours = status_of(file_);
  if (!ours) return;
  struct stat path {};
  const bool there = ::stat(config_.path.c_str(), &path) == 0;
  rotated_ =
      there ? path.st_ino != ours->st_ino || path.st_dev != ours->st_dev : ours->st_nlink == 0;
  if (rotated_) {
    quiet_ += tick_time;
  } else if (is_rewritten()) {
    truncated_ = true;  // what was read before is still handed over first
  }
}

bool FileTail::is_rewritten() const {
  return known_bytes_ > 0 && hash_start(file_, known_bytes_) != fingerprint_;
}

// ---- opening

void FileTail::open_next() {
  if (stored_ && open_stored()) {
    stored_.reset();
    waited_ = true;
    return;
  }
  FileHandle file = open_file(AT_FDCWD, config_.path.c_str(), 0);
  const auto status = status_of(file);
  if (!status || !S_ISREG(status->st_mode)) {
    waited_ = true;
    return;
  }
  const bool skip = !stored_ && !waited_ && !config_.from_beginning;
  FilePosition from;
  if (skip) from.position = static_cast<std::uint64_t>(status->st_size);
  take_over(std::move(file), from);
  stored_.reset();
  waited_ = true;
}

// Goes on in the file that was being read, wherever it is by now.
bool FileTail::open_stored() {
  FileHandle file = open_file(AT_FDCWD, config_.path.c_str(), 0);
  const auto status = status_of(file);
  if (!status || !matches_stored(file, *status)) file = find_stored();
  if (!file.is_open()) return false;
  take_over(std::move(file), *stored_);
  return true;
}

FileHandle FileTail::find_stored() const {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(folder_of(config_.path).c_str()),
                                                   ::closedir);
  if (!folder) return {};
  for (int i = 0; i < kEntriesMax; ++i) {
    const dirent* entry = ::readdir(folder.get());  // NOLINT(concurrency-mt-unsafe): our own stream
    if (entry == nullptr) break;
    if (entry->d_ino != stored_->inode) continue;
    FileHandle file = open_file(::dirfd(folder.get()), entry->d_name, O_NOFOLLOW);
    const auto status = status_of(file);
    if (status && matches_stored(file, *status)) return file;
  }
  return {};
}

bool FileTail::matches_stored(const FileHandle& file, const struct stat& status) const {
  return S_ISREG(status.st_mode) && status.st_ino == stored_->inode &&
         static_cast<std::uint64_t>(status.st_size) >= stored_->position &&
         hash_start(file, fingerprint_size(stored_->position)) == stored_->fingerprint;
}

void FileTail::take_over(FileHandle file, const FilePosition& from) {
  const auto status = status_of(file);
  file_ = std::move(file);
  device_ = status ? static_cast<std::uint64_t>(status->st_dev) : 0;
  inode_ = status ? static_cast<std::uint64_t>(status->st_ino) : 0;
  ++generation_;
  read_position_ = from.position;
  splitter_ = Splitter(splitting_, from.place);
  find_heading(from);
  still_ = {};
  known_bytes_ = 0;
  truncated_ = false;
  rotated_ = false;
  quiet_ = {};
}

// The heading of the lines from there on: where it was found before, else the last one that stands
// at the head of the file.
void FileTail::find_heading(const FilePosition& from) {
  heading_ = new_heading();
  const std::uint64_t begin = std::min(from.heading.value_or(0), from.position);
  std::string bytes(std::min<std::uint64_t>(from.position - begin, kHeadBytes), '\0');
  const auto got = ::pread(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(begin));
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  heading_.find(bytes, begin, from.heading.has_value());
}

Heading FileTail::new_heading() const {
  return Heading(config_.first_line_heads ? Heading::Kind::kFirstLine : Heading::Kind::kMarked);
}

// ---- the read position

std::pair<std::string, std::string> FileTail::offset() const {
  learn_fingerprint();
  FilePosition now{device_, inode_, position(), fingerprint_, splitter_.place()};
  if (heading_.known() && !joiner_) now.heading = heading_.begin();
  return {offset_name(config_), format_position(now)};
}

std::uint64_t FileTail::position() const {
  const std::optional<std::uint64_t> held = joiner_ ? joiner_->first_held() : std::nullopt;
  return held.value_or(line_start());
}

void FileTail::learn_fingerprint() const {
  const std::size_t size = fingerprint_size(position());
  if (size == known_bytes_ && size > 0) return;
  if (size == 0) {
    fingerprint_ = hash64({});
    known_bytes_ = 0;
  } else if (file_.is_open()) {
    fingerprint_ = hash_start(file_, size).value_or(0);
    known_bytes_ = size;
  }
}

}  // namespace picket::collector
