#include "rules/base64_decode.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <optional>

namespace picket::rules {
namespace {

constexpr std::size_t kFlaggedDigitsMin = 6;  // "bABzAA" is "ls"
constexpr std::size_t kLooseDigitsMin = 40;   // shorter runs are ordinary words too often

int digit_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// PowerShell takes every beginning of a parameter's name, and two short forms.
bool is_encoded_flag(std::string_view token) {
  std::string_view name;
  for (const std::string_view dash : {"-", "/", "\u2013", "\u2014", "\u2015"}) {
    if (token.starts_with(dash)) name = token.substr(dash.size());
  }
  if (name.starts_with('-')) name.remove_prefix(1);  // PowerShell 7 takes "--" too
  if (name.empty() || name.size() > 20) return false;
  std::string folded(name);
  for (char& c : folded) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::string_view kCommand = "encodedcommand";
  constexpr std::string_view kArguments = "encodedarguments";
  return kCommand.starts_with(folded) || kArguments.starts_with(folded) || folded == "ec" ||
         folded == "ea";
}

// Does a flag stand before the run that begins at `begin`, with blanks, ':' or '=' and a quote
// between?
bool follows_encoded_flag(std::string_view input, std::size_t begin) {
  std::size_t at = begin;
  if (at > 0 && (input[at - 1] == '"' || input[at - 1] == '\'')) --at;
  const std::size_t end_of_gap = at;
  while (at > 0 && (is_blank(input[at - 1]) || input[at - 1] == ':')) --at;
  if (at == end_of_gap) return false;
  std::size_t start = at;
  while (start > 0 && !is_blank(input[start - 1]) && at - start < 32) --start;
  std::string_view token = input.substr(start, at - start);
  while (!token.empty() && (token.front() == '"' || token.front() == '\'')) token.remove_prefix(1);
  while (!token.empty() && (token.back() == '"' || token.back() == '\'')) token.remove_suffix(1);
  return is_encoded_flag(token);
}

bool is_text_char(unsigned c) {
  return (c >= 0x20 && c != 0x7F) || c == '\t' || c == '\r' || c == '\n';
}

// Mostly characters of the Latin range, each with a zero byte behind it.
bool looks_like_utf16le(std::string_view bytes) {
  if (bytes.size() < 4 || bytes.size() % 2 != 0) return false;
  std::size_t latin = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const auto low = static_cast<unsigned char>(bytes[i]);
    if (bytes[i + 1] == '\0' && is_text_char(low)) ++latin;
  }
  return latin * 2 * 10 >= bytes.size() * 7;
}

bool looks_like_text(std::string_view bytes) {
  std::size_t good = 0;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && is_text_char(byte)) ++good;
  }
  return !bytes.empty() && good * 10 >= bytes.size() * 9;
}

bool looks_like_binary(std::string_view bytes) {
  return bytes.starts_with("MZ") ||
         bytes.starts_with(
             "\x7F"
             "ELF") ||
         bytes.starts_with("\x1F\x8B") || bytes.starts_with("PK\x03\x04");
}

// The payload as rules should see it; nullopt when the run was probably no Base64 at all.
std::optional<std::string> readable(std::string bytes, bool flagged) {
  if (looks_like_utf16le(bytes)) return utf8_of_utf16le(bytes);
  if (bytes.size() % 2 != 0 &&
      looks_like_utf16le(std::string_view(bytes).substr(0, bytes.size() - 1))) {
    return utf8_of_utf16le(std::string_view(bytes).substr(0, bytes.size() - 1));
  }
  if (flagged) return std::nullopt;  // PowerShell takes nothing but UTF-16LE; "-e word" is not it
  if (looks_like_text(bytes) || looks_like_binary(bytes)) return bytes;
  return std::nullopt;
}

class Finder {
 public:
  explicit Finder(Base64Limits limits) : limits_(limits), bytes_left_(limits.decoded_bytes_max) {}

  // `outer` is the payload that the input came out of; nullptr for the input itself.
  void search(std::string_view input, const Base64Payload* outer) {
    std::size_t at = 0;
    while (at < input.size() && found_.size() < limits_.payloads_max) {
      if (digit_of(input[at]) < 0) {
        ++at;
        continue;
      }
      std::size_t end = at;
      while (end < input.size() && digit_of(input[end]) >= 0) ++end;
      take_run(input, at, end, outer);
      at = end;
    }
  }

  std::vector<Base64Payload> finish() { return std::move(found_); }

 private:
  void take_run(std::string_view input, std::size_t begin, std::size_t end,
                const Base64Payload* outer) {
    const std::size_t digits = end - begin;
    if (digits < kFlaggedDigitsMin) return;
    const bool flagged = follows_encoded_flag(input, begin);
    if (!flagged && digits < kLooseDigitsMin) return;
    if (digits / 4 * 3 > bytes_left_) return;
    std::optional<std::string> text = readable(decode_base64(input.substr(begin, digits)), flagged);
    if (!text && flagged && digits >= kLooseDigitsMin) {
      text = readable(decode_base64(input.substr(begin, digits)), false);
    }
    if (!text || text->size() > bytes_left_) return;
    bytes_left_ -= text->size();
    while (end < input.size() && input[end] == '=') ++end;
    Base64Payload payload;
    payload.text = std::move(*text);
    payload.begin = outer != nullptr ? outer->begin : begin;
    payload.end = outer != nullptr ? outer->end : end;
    payload.encoded_command = flagged;
    payload.depth = outer != nullptr ? outer->depth + 1 : 1;
    found_.push_back(payload);
    if (payload.depth < limits_.depth_max) search(payload.text, &payload);
  }

  Base64Limits limits_;
  std::size_t bytes_left_;
  std::vector<Base64Payload> found_;
};

void append_utf8(std::string& text, std::uint32_t point) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | (point >> 6));
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | (point >> 12));
    put(0x80 | ((point >> 6) & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | (point >> 18));
    put(0x80 | ((point >> 12) & 0x3F));
    put(0x80 | ((point >> 6) & 0x3F));
    put(0x80 | (point & 0x3F));
  }
}

}  // namespace

std::string decode_base64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = digit_of(c);
    if (digit < 0) break;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>((bits >> count) & 0xFF);
    bits &= (1u << count) - 1;
  }
  return bytes;
}

std::string utf8_of_utf16le(std::string_view bytes) {
  constexpr std::uint32_t kReplacement = 0xFFFD;
  const auto unit = [&](std::size_t i) -> std::uint32_t {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) |
           (static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + 1])) << 8);
  };
  std::string text;
  std::size_t i = bytes.starts_with("\xFF\xFE") ? 2 : 0;
  for (; i + 1 < bytes.size(); i += 2) {
    std::uint32_t point = unit(i);
    const bool high = point >= 0xD800 && point < 0xDC00;
    const bool paired =
        high && i + 3 < bytes.size() && unit(i + 2) >= 0xDC00 && unit(i + 2) < 0xE000;
    if (paired) {
      point = 0x10000 + ((point - 0xD800) << 10) + (unit(i + 2) - 0xDC00);
      i += 2;
    } else if (point >= 0xD800 && point < 0xE000) {
      point = kReplacement;
    }
    append_utf8(text, point);
  }
  return text;
}

std::vector<Base64Payload> decode_base64_payloads(std::string_view input, Base64Limits limits) {
  Finder finder(limits);
  finder.search(input.substr(0, limits.input_bytes_max), nullptr);
  return finder.finish();
}

}  // namespace picket::rules
