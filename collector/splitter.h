// Splitter: a stream of bytes (a file, an HTTP body) into records: lines, and JSON values that are
// spread over lines or stand many together in one document.
//
// - A line is a record, unless it begins with "{" or "[{".
// - An object over several lines is one record, exactly as written, from "{" to "}". So is each
//   object of several on one line.
// - Of an array of objects, and of an envelope around one (json_walker.h), each element is a
// record,
//   exactly as written. What stands around them, separators and bookkeeping, is in no record;
//   take_envelopes() counts them. An envelope's end with more than bookkeeping in it is a record.
// - A line from "{" to "}" that is no envelope is a record as it stands; it is not looked into.
//
// Nothing is lost: what only looked like JSON is given line by line after all; of a damaged
// document the bytes from the damaged element on, up to the next element or the end of the line,
// are a record. Bounds: JSON nested deeper than JsonWalker::kDepthMax is taken by lines; a record
// over frame_bytes_max is cut, with its original length beside it; blanks before "{" are 256 at
// most. The number of records is not bounded: they are given one at a time, and memory holds one.
//
// The records do not depend on how the input is cut into pieces. A pure state machine, like Framer,
// which reads the lines: no file, no clock. Owner: one file or body, on one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "collector/framing.h"
#include "collector/json_walker.h"

namespace picket::collector {

struct SplitterOptions {
  std::size_t frame_bytes_max = 64 * 1024;
  bool json = true;  // false: lines only
};

class Splitter {
 public:
  // Where in a document a reader stands that goes on behind the last record.
  enum class Place : char {
    kLine = 'l',      // outside of any
    kAfter = 'o',     // behind an object, on its line
    kArray = 'a',     // between the elements of an array
    kEnvelope = 'e',  // between those of an envelope
  };
  static constexpr std::size_t kIndentMax = 256;

  explicit Splitter(SplitterOptions options = {}, Place place = Place::kLine);

  // Takes bytes from the front of `input` up to the end of the next record; a view that lives until
  // the next call or the end of the input. false: all of `input` is taken.
  bool next(std::string_view& input, Frame& frame);
  // The input has ended. To be called until it answers false: what was held back may be many
  // records.
  bool finish(Frame& frame);

  // Nothing came for a while: what is held of an unfinished value is given by lines. To be followed
  // by next(), with an empty input if need be.
  void give_up();
  // There are bytes that next() has taken and may make records of without more input.
  bool replaying() const { return again_at_ < again_.size(); }

  // Bytes taken that are in no record given yet, nor between them, and the place before them.
  std::uint64_t pending() const { return taken_ + (again_.size() - again_at_) - settled_; }
  Place place() const { return place_; }

  // Envelopes and arrays met since the last call.
  std::uint64_t take_envelopes() { return std::exchange(envelopes_, 0); }

 private:
  enum class State : std::uint8_t {
    kStart,    // of a line
    kLine,     // the framer's, up to its end
    kHold,     // an object that may end with its line
    kIndent,   // blanks before what may be JSON
    kBracket,  // "[", and blanks
    kObject,
    kAfter,    // behind a whole value, on its line
    kBetween,  // elements
    kElement,
    kDamaged,  // an element that is none
    kTail,     // of an envelope, behind its array
  };

  bool step(std::string_view& input, Frame& frame);
  bool start(std::string_view& input, Frame& frame);
  bool start_object(std::string_view& input, Frame& frame);
  bool line(std::string_view& input, Frame& frame);
  bool hold(std::string_view& input, Frame& frame);
  void indent(std::string_view& input);
  void bracket(std::string_view& input);
  bool walk(std::string_view& input, Frame& frame);
  bool walk_failed(Frame& frame);
  void after(std::string_view& input);
  void between(std::string_view& input);
  bool damaged(std::string_view& input, Frame& frame);
  bool finish_held(Frame& frame);

  bool is_whole(std::string_view line) const;
  bool is_doubtful() const;
  std::size_t indent_max() const;
  bool give_line(std::string_view line, Frame& frame);
  bool give(Frame& frame, State next, Place place);
  void begin(State state, bool envelope);
  void take(std::string_view& input, std::size_t size);
  void hold_back(std::string_view bytes);
  void keep(std::string_view bytes);
  void untake(std::size_t size);
  void revert(std::size_t size, State state);
  void settle(Place place);

  SplitterOptions options_;
  Framer framer_;
  JsonWalker walker_;
  State state_ = State::kStart;
  Place place_ = Place::kLine;
  Place array_ = Place::kArray;  // kBetween, kElement, kTail: of what
  bool first_ = false;           // no element was given yet
  bool ending_ = false;          // finish() was called
  std::size_t lead_ = 0;         // bytes of held_ before the value
  std::uint64_t length_ = 0;     // of the value, cut or not
  bool cut_ = false;             // held_ does not have all of it
  std::size_t border_ = 0;       // kDamaged: how much of "} , { \"" was met
  std::size_t border_end_ = 0;   // bytes of held_ up to its "}"
  std::string held_;             // taken, in no record yet
  std::size_t held_again_ = 0;   // bytes at its end that came from again_
  std::string again_;            // taken before, to be read once more
  std::size_t again_at_ = 0;
  bool from_again_ = false;    // what step() reads is in again_
  std::string given_;          // what the last frame views
  std::uint64_t taken_ = 0;    // bytes read, but for those to be read again
  std::uint64_t settled_ = 0;  // of them, all up to the last record or separator
  std::uint64_t envelopes_ = 0;
  std::uint32_t blank_lines_ = 0;  // since the last record
};

}  // namespace picket::collector
