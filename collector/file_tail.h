// FileTail: follows one file of lines or JSON values, through rotation and truncation, and knows
// how far it has read.
//
// The read position is "device:inode:position:fingerprint" in decimal, the fingerprint being the
// hash (hexadecimal) of the file's first bytes, min(position, 256) of them. Position is always the
// start of a record that is not handed over yet, so an incomplete last line is read again after a
// restart. Inside a JSON document ":" and the place in it (splitter.h) follow: "...:e", and where
// the heading of its lines (heading.h) begins: "...:l:0". The fingerprint tells a file that was
// replaced or rewritten from one that grew; the device is a hint only, since it may change with a
// reboot.
//
// - Rotation by rename: the old file is read to its end, and until nothing came for rotate_wait
// (its
//   writer may not have noticed yet), then the new one from its start. If the rename happened while
//   we were not running, the old file is looked for in its folder by inode.
// - Truncation (copytruncate): read again from the start. What was written and cut off between two
//   reads is gone; nobody can know.
// - No file yet: waited for. Several rotations while not running: only the file that was being read
//   and the current one are read.
//
// - Records of several lines (line_joiner.h): the position is the start of the first line that is
// in
//   no record handed over yet. Where records are interleaved (auditd), what was handed over behind
//   that line is handed over again after a crash, never less.
//
// Plain system calls, no event loop: files.cc says when. Collector's thread only.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "collector/collector.h"
#include "collector/framing.h"
#include "collector/gather.h"
#include "collector/heading.h"
#include "collector/line_joiner.h"
#include "collector/splitter.h"

namespace picket::collector {

struct FilePosition {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t position = 0;
  std::uint64_t fingerprint = 0;
  Splitter::Place place = Splitter::Place::kLine;
  std::optional<std::uint64_t> heading = {};
};
std::string format_position(const FilePosition& position);
std::optional<FilePosition> parse_position(std::string_view text);

// Closes on destruction.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int fd) : fd_(fd) {}
  FileHandle(FileHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle() { close(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void close();

 private:
  int fd_ = -1;
};

class FileTail final : public OffsetOwner {
 public:
  enum class Progress {
    kIdle,  // read to the end
    kMore,  // there is more, or the file was changed for the next one: call again
    kFull,  // the gather is full
  };

  // `stored` is a position as offset() gave it, or empty.
  FileTail(FileConfig config, std::string_view stored, std::size_t line_bytes_max);

  // The folder is there, and what is in the file's place is a file that can be read.
  Result<void> check() const;

  // Opens what is to be read, if it is not open; then reads at most one scratch buffer.
  Progress read(Gather& gather, std::int64_t now_ns, std::vector<char>& scratch);
  // Looks whether the file was rotated, truncated or rewritten. To be called every tick_time and
  // followed by read(); `tick_time` measures rotate_wait.
  void tick(std::chrono::milliseconds tick_time);

  std::pair<std::string, std::string> offset() const override;

  const FileConfig& config() const { return config_; }
  static std::string offset_name(const FileConfig& config) { return "file:" + config.path; }
  int fd() const { return file_.get(); }                    // -1: nothing is open
  std::uint64_t generation() const { return generation_; }  // changes with every file opened
  const Meter& meter() const { return meter_; }

 private:
  void open_next();
  bool open_stored();
  void take_over(FileHandle file, const FilePosition& from);
  void find_heading(const FilePosition& from);
  Heading new_heading() const;
  FileHandle find_stored() const;
  bool matches_stored(const FileHandle& file, const struct stat& status) const;
  Progress consume(Gather& gather, std::int64_t now_ns);
  Progress at_end(Gather& gather, std::int64_t now_ns);
  bool flush_lines(Gather& gather, std::int64_t now_ns);
  bool give_joined(Gather& gather, std::int64_t now_ns);
  bool is_rewritten() const;
  std::uint64_t line_start() const { return read_position_ - input_.size() - splitter_.pending(); }
  std::uint64_t position() const;
  void learn_fingerprint() const;

  FileConfig config_;
  Meter meter_;
  Origin origin_;
  SplitterOptions splitting_;
  Splitter splitter_;
  Heading heading_;
  std::optional<LineJoiner> joiner_;
  std::optional<FilePosition> stored_;
  FileHandle file_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
  std::uint64_t generation_ = 0;
  std::uint64_t read_position_ = 0;      // where the next read begins
  std::string_view input_;               // read, not consumed yet
  std::string rest_;                     // holds input_ while the gather is full
  mutable std::size_t known_bytes_ = 0;  // of the fingerprint
  mutable std::uint64_t fingerprint_ = 0;
  bool waited_ = false;                // whatever is opened next is new from its first byte
  bool truncated_ = false;             // seen by tick()
  bool rotated_ = false;               // another file is in our file's place
  std::chrono::milliseconds quiet_{};  // since it was, without a new byte
  std::chrono::milliseconds still_{};  // since the last byte
};

}  // namespace picket::collector
