// Framer: a stream of bytes into frames. RFC 6587 3.4.1 (octet counting) and 3.4.2 (a line per
// message), told apart at each frame's first bytes; or lines only, for files and HTTP bodies.
//
// A pure state machine: no sockets, no clock. Memory is bounded by frame_bytes_max, whatever length
// a peer announces. Nothing is lost silently: a frame over the limit is kept cut, with its original
// length beside it, and what looks like a count but is none is kept as text. Owner: one connection
// or file, on one thread.
//
//   start  '1'..'9' -> count     LF, NUL -> start (an empty line is no frame)     other -> line
//   count  digit -> count (seven at most)     space -> octets     other, or an eighth digit -> line
//   octets exactly as many bytes as counted -> start
//   line   LF, CR LF or NUL -> start
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace picket::collector {

struct FramerOptions {
  std::size_t frame_bytes_max = 64 * 1024;
  bool octet_counting = true;  // false: every frame is a line
  bool nul_ends_line = true;   // false: NUL is a byte like any other
  bool lf_ends_line = true;    // false: only NUL does; an LF between frames is none
};

// A view; lives until the framer's next call or the end of the input it was cut from.
struct Frame {
  std::string_view bytes;
  std::uint64_t length = 0;       // of the original; more than bytes.size() when the frame was cut
  std::uint32_t blank_lines = 0;  // empty lines that stood before it
};

class Framer {
 public:
  explicit Framer(FramerOptions options = {}) : options_(options) {}

  // Takes bytes from the front of `input` up to the end of the next frame. false: all of `input` is
  // taken and its last frame, if any, is not complete yet.
  bool next(std::string_view& input, Frame& frame);

  // The input has ended: true if there was an incomplete frame, which is kept as it is. A counted
  // frame that was cut off has the length that was announced.
  bool finish(Frame& frame);

  // Bytes taken since the last complete frame: how far before the end of the input the next one
  // began.
  std::uint64_t pending() const { return taken_; }

 private:
  enum class State : std::uint8_t { kStart, kCount, kOctets, kLine };

  bool start(std::string_view& input);
  void count(std::string_view& input);
  bool octets(std::string_view& input, Frame& frame);
  bool line(std::string_view& input, Frame& frame);
  std::size_t find_end(std::string_view input) const;
  void keep(std::string_view bytes);
  bool end_line(std::string_view bytes, char delimiter, Frame& frame);
  void begin_next();

  FramerOptions options_;
  State state_ = State::kStart;
  bool held_frame_ = false;        // the last frame was a view into held_
  std::uint64_t taken_ = 0;        // bytes of the frame under way, count and delimiter included
  std::uint64_t length_ = 0;       // bytes of its content so far
  std::uint32_t blank_lines_ = 0;  // since the last frame
  std::uint64_t wanted_ = 0;       // kOctets: bytes announced
  char last_ = '\0';               // kLine: last content byte, which may be the CR of CR LF
  std::string held_;               // content so far, cut at frame_bytes_max
  std::string count_text_;         // at most seven digits and a space
};

}  // namespace picket::collector
