// Segments: a text cut where something in it is lit, ready for a page that has no bytes.
//
// A record may hold any bytes, a span counts bytes, and a browser counts neither. So the API cuts:
// [["t", "sshd: "], ["l", "root"], ["x", "ff fe"]] is plain text, lit text, and bytes that are not
// UTF-8 (as hex; "lx" when lit). Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace picket::api {

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;  // exclusive

  friend bool operator==(const Span&, const Span&) = default;
};

// Sorted, cut to `size`, empty ones removed, touching ones joined.
std::vector<Span> join_spans(std::vector<Span> spans, std::size_t size);

// At most `bytes_max` of the text are told; a span that cuts a character takes the whole of it.
Json segments(std::string_view text, std::vector<Span> lit, std::size_t bytes_max);

// The length of the UTF-8 sequence at `at` (1 to 4), or 0 if there is none (RFC 3629).
std::size_t utf8_length(std::string_view text, std::size_t at);

}  // namespace picket::api
