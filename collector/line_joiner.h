// LineJoiner: lines of a file to records of several lines, in one of the ways that programs write
// them. The raw bytes of all lines are kept, with a line feed between them.
//
// A pure state machine: no file, no clock (its caller's ticks are its time). Every line becomes
// part of exactly one record: lines taken = records given + joined(). Bounded: a record of
// lines_max lines or bytes_max bytes is given as it stands, and what follows begins another one;
// of records that grow at the same time (kAuditd) there are kGrowingMax, then the oldest is given.
// What got no further line for `timeout` is given too. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "collector/framing.h"
#include "collector/line_pattern.h"

namespace picket::collector {

struct MultilineConfig {
  enum class By : std::uint8_t {
    kNone,       // every line is a record
    kIndent,     // a line that begins with white space goes on with the one before
    kStack,      // the same, and "Caused by:", "Suppressed:", "...", "}" and Python's last line
    kBegins,     // a line that matches begins a record
    kContinues,  // a line that matches goes on with the one before
    kEnds,       // a line that matches ends its record
    kAuditd,     // records of auditd with the same "msg=audit(time:serial)", interleaved or not
  };
  By by = By::kNone;
  std::string pattern = {};  // kBegins, kContinues, kEnds
  std::size_t lines_max = 500;
  std::chrono::milliseconds timeout = std::chrono::seconds(2);
};

// "indent", "stack", ...; nullopt for anything else.
std::optional<MultilineConfig::By> multiline_by(std::string_view name);

class LineJoiner {
 public:
  static constexpr std::size_t kGrowingMax = 256;

  // kInvalid: a pattern is missing or wrong.
  static Result<LineJoiner> make(MultilineConfig config, std::size_t bytes_max);

  // `begin` is where the line stands in the file. Only after every record was taken with next().
  void add(const Frame& line, std::uint64_t begin);
  // A record that is whole. The view lives until the next call of anything.
  bool next(Frame& record);

  void tick(std::chrono::milliseconds passed);
  // Nothing more comes: all that grows is whole.
  void finish();

  // Where the first line stands that is in no record given yet; nullopt when there is none.
  std::optional<std::uint64_t> first_held() const;
  std::uint64_t joined() const { return joined_; }  // lines that became part of an earlier record

 private:
  struct Growing {
    std::string bytes;
    std::uint64_t length = 0;  // with what was cut
    std::uint64_t begin = 0;
    std::size_t lines = 0;
    std::chrono::milliseconds quiet{};
    std::string serial;   // kAuditd
    bool python = false;  // kStack: a traceback of Python, whose last line is not indented
  };

  LineJoiner(MultilineConfig config, std::size_t bytes_max, std::optional<LinePattern> pattern)
      : config_(std::move(config)), bytes_max_(bytes_max), pattern_(std::move(pattern)) {}

  bool continues(const Growing& before, std::string_view line) const;
  void add_audit(const Frame& line, std::uint64_t begin);
  void begin_record(const Frame& line, std::uint64_t begin);
  void append(Growing& record, const Frame& line);
  bool is_full(const Growing& record) const;
  void give(std::size_t index);

  MultilineConfig config_;
  std::size_t bytes_max_;
  std::optional<LinePattern> pattern_;
  std::deque<Growing> growing_;  // in order of their first line; one at most, but for kAuditd
  std::deque<Growing> whole_;
  Growing given_;  // what the last next() answered
  std::uint64_t joined_ = 0;
  bool audit_ends_ = false;  // this file has EOE records
};

}  // namespace picket::collector
