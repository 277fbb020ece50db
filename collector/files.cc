// The door of all followed files: says when each of them is to be read.
//
// inotify tells of changes in their folders and of new bytes; a look every 250 ms finds what it
// cannot tell (rotation by another machine, a full inotify queue, no inotify at all). Files are
// read in turn, one scratch buffer each, and wait in the order in which they stopped when the
// gather is full.
#include <sys/inotify.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <deque>
#include <set>

#include "collector/door.h"
#include "collector/file_tail.h"
#include "collector/hub.h"

namespace picket::collector {
namespace {

namespace net = boost::asio;
using ErrorCode = boost::system::error_code;

constexpr auto kTickTime = std::chrono::milliseconds(250);
constexpr std::uint32_t kFolderEvents = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
constexpr std::uint32_t kFileEvents = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB;

struct Followed {
  Followed(FileConfig config, std::string_view stored, std::size_t line_bytes_max)
      : tail(std::move(config), stored, line_bytes_max) {}

  FileTail tail;
  std::uint64_t generation = 0;  // of the file that `watch` is for
  int watch = -1;
  bool queued = false;
};

class Files final : public Door {
 public:
  Files(std::vector<FileConfig> files, std::map<std::string, std::string> offsets, Hub& hub)
      : hub_(hub), notify_(hub.io()), tick_timer_(hub.io()) {
    for (FileConfig& file : files) {
      const std::string stored = offsets[FileTail::offset_name(file)];
      files_.push_back(std::make_unique<Followed>(std::move(file), stored, hub.frame_bytes_max()));
    }
  }

  Result<void> open() override;
  void begin() override {
    wait();
    tick();
    for (const auto& file : files_) enqueue(*file);
  }
  void resume() override {
    if (!queue_.empty()) schedule();
  }
  void close() override;
  bool named(std::string_view name) const override {
    return std::any_of(files_.begin(), files_.end(),
                       [name](const auto& file) { return file->tail.config().name == name; });
  }
  void counters(std::vector<DoorCounters>& out) const override {
    for (const auto& file : files_) out.push_back(file->tail.meter().read());
  }

 private:
  void watch_folders();
  void watch_file(Followed& file);
  void wait();
  void take_events(const char* bytes, std::size_t size);
  void tick();
  void enqueue(Followed& file);
  void schedule();
  void read_one();

  Hub& hub_;
  std::vector<std::unique_ptr<Followed>> files_;
  net::posix::stream_descriptor notify_;
  net::steady_timer tick_timer_;
  std::set<int> folder_watches_;
  std::deque<Followed*> queue_;  // to be read
  bool scheduled_ = false;
  bool closed_ = false;
  alignas(inotify_event) std::array<char, 16 * 1024> events_{};
};

Result<void> Files::open() {
  std::string errors;
  std::set<std::string> paths;
  const auto add = [&errors](std::string_view text) {
    errors.append(errors.empty() ? "" : "\n").append(text);
  };
  for (const auto& file : files_) {
    const FileConfig& config = file->tail.config();
    if (!paths.insert(config.path).second) {
      add("door " + config.name + ": " + config.path + " is listed twice; remove one");
      continue;
    }
    if (const auto checked = file->tail.check(); !checked) add(checked.error().what);
  }
  if (!errors.empty()) return fail(Errc::kInvalid, errors);
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return {};  // too many instances: the ticks are enough
  ErrorCode error;
  notify_.assign(fd, error);
  watch_folders();
  return {};
}

void Files::watch_folders() {
  for (const auto& file : files_) {
    const std::string& path = file->tail.config().path;
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const int watch = ::inotify_add_watch(notify_.native_handle(), folder.c_str(), kFolderEvents);
    if (watch >= 0) folder_watches_.insert(watch);
  }
}

// Watches the file that is open, whatever its name is by now.
void Files::watch_file(Followed& file) {
  if (!notify_.is_open() || file.generation == file.tail.generation()) return;
  file.generation = file.tail.generation();
  const int old = std::exchange(file.watch, -1);
  if (file.tail.fd() >= 0) {
    const std::string path = "/proc/self/fd/" + std::to_string(file.tail.fd());
    file.watch = ::inotify_add_watch(notify_.native_handle(), path.c_str(), kFileEvents);
  }
  if (old >= 0 && old != file.watch) ::inotify_rm_watch(notify_.native_handle(), old);
}

void Files::wait() {
  if (!notify_.is_open()) return;
  notify_.async_read_some(net::buffer(events_), [this](ErrorCode error, std::size_t size) {
    if (error) return;
    take_events(events_.data(), size);
    wait();
  });
}

void Files::take_events(const char* bytes, std::size_t size) {
  while (size >= sizeof(inotify_event)) {
    inotify_event event{};
    std::memcpy(&event, bytes, sizeof event);
    const std::size_t step = std::min<std::size_t>(size, sizeof event + event.len);
    bytes += step;
    size -= step;
    const bool all = (event.mask & IN_Q_OVERFLOW) != 0 || folder_watches_.contains(event.wd);
    for (const auto& file : files_) {
      if (all || file->watch == event.wd) enqueue(*file);
    }
  }
}

void Files::tick() {
  tick_timer_.expires_after(kTickTime);
  tick_timer_.async_wait([this](ErrorCode error) {
    if (error) return;
    for (const auto& file : files_) {
      file->tail.tick(kTickTime);
      enqueue(*file);
    }
    tick();
  });
}

void Files::enqueue(Followed& file) {
  if (file.queued) return;
  file.queued = true;
  queue_.push_back(&file);
  schedule();
}

void Files::schedule() {
  if (scheduled_ || closed_) return;
  if (hub_.blocking().full()) return hub_.wait_for_room();
  scheduled_ = true;
  net::post(hub_.io(), [this] {
    scheduled_ = false;
    if (!closed_) read_one();
  });
}

void Files::read_one() {
  if (queue_.empty()) return;
  Followed& file = *queue_.front();
  queue_.pop_front();
  file.queued = false;
  const auto progress = file.tail.read(hub_.blocking(), hub_.now_ns(), hub_.scratch());
  watch_file(file);
  if (progress != FileTail::Progress::kIdle) enqueue(file);
  hub_.settle();
  if (!queue_.empty()) schedule();
}

// What is in the files stays there: the next start reads on from the committed offset.
void Files::close() {
  closed_ = true;
  ErrorCode ignored;
  tick_timer_.cancel();
  notify_.close(ignored);
}

}  // namespace

std::unique_ptr<Door> make_files(std::vector<FileConfig> files,
                                 std::map<std::string, std::string> offsets, Hub& hub) {
  return std::make_unique<Files>(std::move(files), std::move(offsets), hub);
}

}  // namespace picket::collector
