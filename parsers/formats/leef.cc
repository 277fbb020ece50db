#include "parsers/formats/leef.h"

#include <array>
#include <optional>

#include "parsers/cursor.h"
#include "parsers/formats/escapes.h"
#include "parsers/formats/kv.h"

namespace picket::parsers {
namespace {

constexpr std::array<std::string_view, 5> kHeader = {"leef.version", "leef.vendor", "leef.product",
                                                     "leef.device_version", "leef.event_id"};

// "^", "x5E", "0x5E", "\t"; nullopt for what is no delimiter.
std::optional<char> delimiter(std::string_view text) {
  if (text.empty()) return '\t';
  if (text.size() == 1) return text[0];
  if (text == "\\t") return '\t';
  if (text.starts_with('0')) text.remove_prefix(1);
  if (text.size() < 2 || text.size() > 5 || (text[0] != 'x' && text[0] != 'X')) return std::nullopt;
  int code = 0;
  for (const char c : text.substr(1)) {
    const int digit = hex_digit(c);
    if (digit < 0) return std::nullopt;
    code = code * 16 + digit;
  }
  return code < 256 ? std::optional(static_cast<char>(code)) : std::nullopt;
}

}  // namespace

bool read_leef(std::string_view text, Arena& arena, std::vector<Pair>& out) {
  Cursor at{text};
  if (!at.skip("LEEF:")) return false;
  std::array<std::string_view, kHeader.size()> parts;
  for (std::string_view& part : parts) {
    if (!at.until("|", part)) return false;
  }
  const std::size_t before = out.size();
  for (std::size_t i = 0; i < parts.size(); ++i) out.push_back({kHeader[i], trim(parts[i])});

  char separator = '\t';
  if (parts[0].starts_with('2')) {
    Cursor behind = at;
    std::string_view written;
    if (behind.until("|", written)) {
      if (const std::optional<char> found = delimiter(written)) {
        separator = *found;
        at = behind;
      }
    }
  }
  KvStyle style{.separators = {}, .quotes = {}};
  style.separators.add(separator);
  if (separator == '\t' && at.rest.find('\t') == std::string_view::npos) {
    style.separators = ByteSet(" ");
    style.spaces_in_values = true;
  }
  (void)read_kv(at.rest, style, arena, out);
  if (out.size() > before + kPairsMax) out.resize(before + kPairsMax);
  return true;
}

}  // namespace picket::parsers
