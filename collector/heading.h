// Heading: the line of a stream that names the columns of the lines behind it, until the next one:
// "#Fields: date time c-ip ..." (W3C extended log file format, WD-logfile-960323: IIS, Exchange,
// proxies) and "#fields\tts\tuid..." (Zeek); or the first line of a stream, of CSV. Records carry it
// (event/record.h), so that what a line means does not depend on which lines a reader happened to
// see before.
//
// A heading of more than kHeadingBytesMax bytes names nothing. Owner: one file or body, one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "event/record.h"

namespace picket::collector {

class Heading {
 public:
  enum class Kind : std::uint8_t {
    kMarked,     // by how it begins
    kFirstLine,  // the first that is not blank, whatever it says, behind a byte order mark
  };
  explicit Heading(Kind kind = Kind::kMarked) : kind_(kind) {}

  // Looks at a record of the stream, which began at `begin`; the heading that it stands under. The
  // heading itself, and of kMarked a line that begins with "#", stands under none. The view lives
  // until the next call.
  std::string_view of(std::string_view record, std::uint64_t begin);

  // Goes on in a stream: `bytes` are those behind `begin`, whole lines first, where a heading was
  // (`first`), or any before the place where it goes on (the last one counts then). Of kFirstLine
  // they must be those from the beginning of the stream, or of the heading, on.
  void find(std::string_view bytes, std::uint64_t begin, bool first);

  bool known() const { return !text_.empty(); }
  std::uint64_t begin() const {
    return begin_;
  }  // of it in the stream, or of empty lines before it

 private:
  std::string_view take_first(std::string_view record, std::uint64_t begin);

  Kind kind_;
  bool first_seen_ = false;  // kFirstLine: the lines behind it stand under it
  std::string text_;
  std::uint64_t begin_ = 0;
};

}  // namespace picket::collector
