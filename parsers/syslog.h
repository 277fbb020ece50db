// Syslog envelopes: RFC 5424, and RFC 3164 with what is sent in its name.
//
// Pure functions over one message; framing (RFC 6587) is the door's. Results point into the
// message. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace picket::parsers {

struct Syslog {
  int priority = -1;  // 0..191; -1: none was sent
  int version = 0;    // RFC 5424; 0: the old format
  std::optional<std::int64_t> time_ns;
  std::string_view version_text;
  std::string_view hostname;  // all of them empty when nil or absent
  std::string_view appname;
  std::string_view procid;
  std::string_view msgid;
  std::string_view structured_data;  // "[id a="b"][...]", checked
  std::string_view message;
  bool header = false;  // a timestamp, or all of RFC 5424's header, was there
};

// RFC 5424 section 6, strictly: false for anything that its grammar does not allow, but that any
// control-free bytes are taken in the message. `out` is only right if it is true.
bool read_rfc5424(std::string_view text, Syslog& out);

// RFC 3164 section 4.1 and its relatives: with or without PRI, host and tag; the time as
// "Mmm dd hh:mm:ss" (the latest year that is not ahead of `received_ns`), with a year or a
// fraction, or as RFC 3339. True when there is a PRI or a timestamp. Section 4.3.3: what cannot be
// read is the message.
bool read_rfc3164(std::string_view text, std::int64_t received_ns, std::int32_t zone_offset_s,
                  Syslog& out);

// The day of a BSD timestamp, of which the next one mostly is too: finding its year takes longer
// than reading the rest of the header. Changes no answer.
struct BsdDay {
  int month = 0;  // 0: none yet
  int day = 0;
  std::int64_t begin_ns = 0;
  std::int64_t year_begin_ns = 0;  // for records that are received in this year
  std::int64_t year_end_ns = 0;
  std::optional<std::int64_t> begin_before_ns = {};  // a year earlier; not of a 29 February
};
bool read_rfc3164(std::string_view text, std::int64_t received_ns, std::int32_t zone_offset_s,
                  BsdDay& day, Syslog& out);

// Cheap: could `text` be syslog at all?
bool looks_like_syslog(std::string_view text);

// One element or parameter of structured data that read_rfc5424() has checked. Moves `at` forward;
// false at the end. An element without parameters has an empty `name`.
struct SdParam {
  std::string_view id;
  std::string_view name;
  std::string_view value;  // escapes still in it
  bool escaped = false;
};
bool next_sd_param(std::string_view data, std::size_t& at, SdParam& param);

}  // namespace picket::parsers
