#include "event/record_needs.h"

#include <charconv>
#include <cstdint>

namespace picket {
namespace {

constexpr std::uint32_t kLongS = 0x17F;
constexpr std::uint32_t kKelvin = 0x212A;

// Slashes are no part of a need, but stand beside its words.
bool hides(std::uint32_t code) {
  if (code == kLongS || code == kKelvin) return true;
  return code < 0x80 && (stands_as_read(static_cast<char>(code)) || code == '/' || code == '\\');
}

bool has(std::string_view record, std::string_view text) {
  return record.find(text) != std::string_view::npos;
}

// "\u0041". Paths have "\user32.dll", which is none.
bool hides_in_json(std::string_view record) {
  constexpr std::size_t kDigits = 4;
  for (std::size_t at = record.find("\\u"); at != std::string_view::npos;
       at = record.find("\\u", at + 2)) {
    const std::string_view digits = record.substr(at + 2, kDigits);
    std::uint32_t code = 0;
    const char* const end = digits.data() + digits.size();
    const auto [behind, error] = std::from_chars(digits.data(), end, code, 16);
    if (error != std::errc() || behind != end || digits.size() != kDigits) continue;
    if (hides(code)) return true;
    if (code == '&' && record.substr(at + 2 + kDigits).starts_with('#')) return true;
  }
  return false;
}

// "&#65;" and "&#x41;".
bool hides_in_xml(std::string_view record) {
  for (std::size_t at = record.find("&#"); at != std::string_view::npos;
       at = record.find("&#", at + 2)) {
    std::string_view rest = record.substr(at + 2);
    const bool hex = rest.starts_with('x') || rest.starts_with('X');
    if (hex) rest.remove_prefix(1);
    std::uint32_t code = 0;
    const auto [behind, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), code, hex ? 16 : 10);
    if (error != std::errc() || hides(code)) return true;
  }
  return false;
}

}  // namespace

bool stands_as_read(char c) {
  constexpr std::string_view kEscaped = "\"\\/<>&'=+";
  return c >= ' ' && c <= '~' && kEscaped.find(c) == std::string_view::npos;
}

bool hides_text(std::string_view record) {
  return has(record, std::string_view("\0", 1)) || has(record, "\xC5\xBF") ||
         has(record, "\xE2\x84\xAA") || hides_in_json(record) || hides_in_xml(record);
}

}  // namespace picket
