#include "api/segments.h"

#include <algorithm>
#include <string>

#include "api/answer.h"

namespace picket::api {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool continues(std::string_view text, std::size_t at) {
  return at < text.size() && (byte_at(text, at) & 0xC0U) == 0x80U;
}

// Moves the ends of a span out to the ends of the characters that they cut.
Span whole_characters(std::string_view text, Span span) {
  for (int i = 0; i < 3 && span.begin > 0 && continues(text, span.begin); ++i) --span.begin;
  for (int i = 0; i < 3 && continues(text, span.end); ++i) ++span.end;
  return span;
}

// Appends text[begin, end) as runs of good and bad bytes.
void append(Json& out, std::string_view text, Span span, bool lit) {
  std::size_t at = span.begin;
  while (at < span.end) {
    const bool good = utf8_length(text, at) > 0;
    const std::size_t first = at;
    while (at < span.end && (utf8_length(text, at) > 0) == good) {
      at += good ? utf8_length(text, at) : 1;
    }
    at = std::min(at, span.end);
    const std::string_view run = text.substr(first, at - first);
    if (good) out.push_back({lit ? "l" : "t", run});
    if (!good) out.push_back({lit ? "lx" : "x", to_hex(run)});
  }
}

}  // namespace

std::size_t utf8_length(std::string_view text, std::size_t at) {
  const unsigned lead = byte_at(text, at);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  if (lead >= 0xC2 && lead <= 0xDF) length = 2;
  if (lead >= 0xE0 && lead <= 0xEF) length = 3;
  if (lead >= 0xF0 && lead <= 0xF4) length = 4;
  if (length == 0) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(text, at + i)) return 0;
  }
  const unsigned second = byte_at(text, at + 1);
  // Overlong forms, surrogates and what lies beyond U+10FFFF are not UTF-8.
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  return length;
}

std::vector<Span> join_spans(std::vector<Span> spans, std::size_t size) {
  for (Span& span : spans) span.end = std::min(span.end, size);
  std::erase_if(spans, [](const Span& span) { return span.begin >= span.end; });
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::vector<Span> joined;
  for (const Span& span : spans) {
    if (!joined.empty() && span.begin <= joined.back().end) {
      joined.back().end = std::max(joined.back().end, span.end);
    } else {
      joined.push_back(span);
    }
  }
  return joined;
}

Json segments(std::string_view text, std::vector<Span> lit, std::size_t bytes_max) {
  std::size_t size = std::min(text.size(), bytes_max);
  for (int i = 0; i < 3 && size > 0 && size < text.size() && continues(text, size); ++i) --size;
  for (Span& span : lit) span = whole_characters(text, span);
  Json out = Json::array();
  std::size_t at = 0;
  for (const Span& span : join_spans(std::move(lit), size)) {
    append(out, text, {at, span.begin}, false);
    append(out, text, span, true);
    at = span.end;
  }
  append(out, text, {at, size}, false);
  return out;
}

}  // namespace picket::api
