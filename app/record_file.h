// RecordFile: a file (or standard input) as a sequence of records, for scan and parse.
//
// Formats: json and auto take lines and JSON values as collector/splitter.h splits them (an object over
// several lines, the elements of an array or envelope); ndjson, syslog and raw take lines. Records longer
// than the frame limit are cut and say so (Record.length). With RecordEnd::kZero, records of any format
// end with a zero byte and may hold line ends. A Windows event log (.evtx, known by its first bytes)
// gives one XML document an event. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "app/evtx_file.h"
#include "base/result.h"
#include "collector/heading.h"
#include "collector/splitter.h"
#include "event/event.h"

namespace picket::app {

inline constexpr std::size_t kFrameBytesMax = 1024 * 1024;  // INTERFACES: scan reads files, not sockets

enum class RecordEnd : char { kLine = '\n', kZero = '\0' };

class RecordFile {
 public:
  // "-" is standard input. kNotFound, kIo.
  static Result<std::unique_ptr<RecordFile>> open(const std::string& path, const std::string& format,
                                                  RecordEnd end = RecordEnd::kLine);
  ~RecordFile();
  RecordFile(const RecordFile&) = delete;
  RecordFile& operator=(const RecordFile&) = delete;

  // Adds records of `source` until the batch holds `records_max` or about `bytes_max`; seq goes on from
  // the call before. False when there are no more.
  Result<bool> read(Batch& batch, SourceId source, std::int64_t received_ns, std::size_t records_max,
                    std::size_t bytes_max);

  std::uint64_t bytes_read() const { return bytes_read_; }
  std::uint64_t size() const { return size_; }  // 0 if unknown

 private:
  RecordFile(int fd, const std::string& format, std::string path, std::uint64_t size, RecordEnd end);
  Result<void> fill();
  Result<void> end_input();
  bool next(collector::Frame& record);  // false: more bytes are needed, or the end
  bool next_ended(collector::Frame& record);

  int fd_;
  EvtxChild evtx_;  // who writes to fd_, if it is the pipe of one
  std::string path_;
  char end_;
  std::uint64_t size_;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t seq_ = 0;
  collector::Splitter splitter_;  // of all but RecordEnd::kZero
  collector::Heading heading_;
  std::string buffer_;
  std::string_view input_;   // read, not taken yet
  std::size_t scanned_ = 0;  // kZero: of input_, already searched for the end of the record
  std::size_t skipped_ = 0;  // kZero: bytes of an over-long record that were thrown away
  bool ended_ = false;
};

}  // namespace picket::app
