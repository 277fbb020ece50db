// One mail as bytes (RFC 5322, RFC 2045 to 2047): UTF-8 text, quoted-printable, optionally the same
// as HTML beside it. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace picket::response {

struct Mail {
  std::string from;       // mail address
  std::string from_name;  // may be empty, any UTF-8
  std::string to;         // mail address
  std::string to_name;
  std::string subject;
  std::string message_id;  // "abc@host", without brackets: also the idempotency key
  std::string references;  // the thread's first Message-ID; empty: this is the first
  std::int64_t time_ns = 0;
  std::string text;
  std::string html;  // empty: plain text only
};

// kInvalid when a header holds a line break or another control character, or an address is none.
Result<std::string> to_mime(const Mail& mail);

// RFC 2047: as it is when it is short printable ASCII, else one or more encoded words.
std::string encoded_header(std::string_view text);
std::string quoted_printable(std::string_view text);  // RFC 2045 6.7, lines end in CRLF
std::string mail_date(std::int64_t time_ns);          // RFC 5322 3.3, in UTC

}  // namespace picket::response
