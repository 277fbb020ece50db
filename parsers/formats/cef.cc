#include "parsers/formats/cef.h"

#include <algorithm>
#include <array>
#include <optional>

#include "parsers/cursor.h"
#include "parsers/formats/byte_set.h"

namespace picket::parsers {
namespace {

constexpr std::array<std::string_view, 7> kHeader = {
    "cef.version",  "cef.device.vendor", "cef.device.product", "cef.device.version",
    "cef.class_id", "cef.name",          "cef.severity"};
constexpr ByteSet kKeyBytes("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-[]");

// Is the character at `at` behind an odd number of backslashes?
bool is_escaped(std::string_view text, std::size_t at) {
  std::size_t backslashes = 0;
  while (backslashes < at && text[at - backslashes - 1] == '\\') ++backslashes;
  return backslashes % 2 == 1;
}

std::string_view unescaped(std::string_view text, bool lines, Arena& arena) {
  if (text.find('\\') == std::string_view::npos) return text;
  char* const begin = arena.allocate(text.size());
  char* to = begin;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    const bool line = lines && (next == 'n' || next == 'r');
    if (next == '\\' || next == '|' || next == '=' || line) ++i;
    *to++ = !line ? text[i] : next == 'n' ? '\n' : '\r';
  }
  return {begin, static_cast<std::size_t>(to - begin)};
}

// Where the part of the header that begins at `from` ends.
std::size_t part_end(std::string_view text, std::size_t from) {
  std::size_t at = text.find('|', from);
  while (at != std::string_view::npos && is_escaped(text, at)) at = text.find('|', at + 1);
  return at;
}

struct Key {
  std::size_t begin;
  std::size_t assign;
};

// The next "key=" at or behind `from`.
std::optional<Key> next_key(std::string_view text, std::size_t from) {
  for (std::size_t assign = text.find('=', from); assign != std::string_view::npos;
       assign = text.find('=', assign + 1)) {
    std::size_t begin = assign;
    while (begin > from && kKeyBytes.has(text[begin - 1])) --begin;
    if (begin == assign || is_escaped(text, assign)) continue;
    if (begin == 0 || text[begin - 1] == ' ' || text[begin - 1] == '\t') return Key{begin, assign};
  }
  return std::nullopt;
}

void read_extension(std::string_view text, Arena& arena, std::vector<Pair>& out,
                    std::size_t pairs_max) {
  std::optional<Key> key = next_key(text, 0);
  while (key && out.size() < pairs_max) {
    const std::optional<Key> next = next_key(text, key->assign + 1);
    const std::size_t begin = key->assign + 1;
    const std::size_t end = next ? next->begin : text.size();
    std::string_view value = text.substr(begin, end - begin);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    const std::string_view name = text.substr(key->begin, key->assign - key->begin);
    out.push_back({name, unescaped(value, true, arena)});
    key = next;
  }
}

// "cs1" of "cs1Label"; empty for a name that is no label.
std::string_view labelled_name(std::string_view name) {
  constexpr std::string_view kLabel = "Label";
  if (!name.ends_with(kLabel)) return {};
  name.remove_suffix(kLabel.size());
  if (name.size() < 3 || !is_digit(name.back())) return {};
  constexpr std::array<std::string_view, 8> kKinds = {
      "cs", "cn", "cfp", "c6a", "flexString", "flexNumber", "flexDate", "deviceCustomDate"};
  const std::string_view kind = name.substr(0, name.size() - 1);
  return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end() ? name : std::string_view();
}

}  // namespace

bool read_cef(std::string_view text, Arena& arena, std::vector<Pair>& out) {
  if (!text.starts_with("CEF:")) return false;
  text.remove_prefix(4);
  std::array<std::string_view, kHeader.size()> parts;
  std::size_t at = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t end = part_end(text, at);
    const bool last = i + 1 == parts.size();
    if (end == std::string_view::npos && !last) return false;
    parts[i] = unescaped(trim(text.substr(at, end == std::string_view::npos ? end : end - at)),
                         false, arena);
    at = end == std::string_view::npos ? text.size() : end + 1;
  }
  const std::size_t pairs_max = out.size() + kPairsMax;
  for (std::size_t i = 0; i < parts.size(); ++i) out.push_back({kHeader[i], parts[i]});
  read_extension(text.substr(at), arena, out, pairs_max);
  return true;
}

void add_cef_labels(std::vector<Pair>& pairs) {
  constexpr std::size_t kLabelsMax = 32;  // there are 26 kinds
  const std::size_t count = pairs.size();
  std::size_t labels = 0;
  for (std::size_t i = 0; i < count && labels < kLabelsMax; ++i) {
    const std::string_view name = labelled_name(pairs[i].name);
    const std::string_view label = pairs[i].value;
    if (name.empty() || label.empty() || label.size() > kPairNameMax) continue;
    ++labels;
    const auto end = pairs.begin() + static_cast<std::ptrdiff_t>(count);
    const auto found =
        std::find_if(pairs.begin(), end, [name](const Pair& pair) { return pair.name == name; });
    if (found == end) continue;
    const std::string_view value = found->value;
    pairs.push_back({label, value});
  }
}

}  // namespace picket::parsers
