#include "rules/sigma_encoding.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/base64.h"

namespace picket::rules {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// Takes one code point off the front.
char32_t take_code_point(std::string_view& text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  char32_t point = length == 1 ? first : first & (0xFFu >> (length + 1));
  bool good = length > 0;
  for (std::size_t i = 1; i < length; ++i) {
    good = good && (byte(i) & 0xC0u) == 0x80u;
    point = (point << 6) | (byte(i) & 0x3Fu);
  }
  good = good && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
  text.remove_prefix(good ? length : 1);
  return good ? point : kReplacement;
}

bool is_word(char32_t c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= 0x80 &&
          (c < 0x2010 || c > 0x206F));  // letters of other scripts, no general punctuation
}

constexpr std::array<std::string_view, 5> kDashes = {"-", "/", "\u2013", "\u2014", "\u2015"};

// The dash at the front of `text`; empty if there is none.
std::string_view dash_at(std::string_view text) {
  for (const std::string_view dash : kDashes) {
    if (text.starts_with(dash)) return dash;
  }
  return {};
}

// Text cut at the dashes that begin a flag: n + 1 pieces around n dashes. A dash counts when no
// word character stands before it and one follows.
std::vector<std::string> cut_at_dashes(std::string_view text) {
  std::vector<std::string> pieces(1);
  bool after_word = false;
  while (!text.empty()) {
    const std::string_view dash = dash_at(text);
    std::string_view rest = text.substr(dash.size());
    std::string_view ahead = rest;
    if (!dash.empty() && !after_word && !ahead.empty() && is_word(take_code_point(ahead))) {
      pieces.emplace_back();
      after_word = false;
    } else {
      rest = text;
      after_word = is_word(take_code_point(rest));
      pieces.back() += text.substr(0, text.size() - rest.size());
    }
    text = rest;
  }
  return pieces;
}

// Appends every choice to every variant; false when there would be too many.
bool multiply(std::vector<Parts>& variants, const std::vector<Parts>& choices) {
  if (variants.size() * choices.size() > kVariantsMax) return false;
  std::vector<Parts> product;
  product.reserve(variants.size() * choices.size());
  for (const Parts& variant : variants) {
    for (const Parts& choice : choices) {
      append_parts(product.emplace_back(variant), choice);
    }
  }
  variants = std::move(product);
  return true;
}

bool is_name_char(char c) {
  return is_word(static_cast<unsigned char>(c)) || c == '-' || c == '.';
}

// The name of the placeholder that starts at the '%' in front of `text`; empty if none does.
std::string_view placeholder_at(std::string_view text) {
  if (!text.starts_with('%')) return {};
  std::size_t end = 1;
  while (end < text.size() && is_name_char(text[end])) ++end;
  return end > 1 && end < text.size() && text[end] == '%' ? text.substr(1, end - 1)
                                                          : std::string_view{};
}

}  // namespace

std::string utf16_bytes(std::string_view text, ByteOrder order) {
  std::string bytes;
  const auto put = [&](std::uint32_t unit) {
    const char low = static_cast<char>(unit & 0xFFu);
    const char high = static_cast<char>(unit >> 8);
    bytes += order == ByteOrder::kLittle ? low : high;
    bytes += order == ByteOrder::kLittle ? high : low;
  };
  while (!text.empty()) {
    const char32_t point = take_code_point(text);
    if (point < 0x10000) {
      put(point);
    } else {
      put(0xD800 + ((point - 0x10000) >> 10));
      put(0xDC00 + ((point - 0x10000) & 0x3FF));
    }
  }
  return bytes;
}

std::vector<std::string> base64_offset_texts(std::string_view bytes) {
  // With n bytes in front, the first ceil(8n/6) digits depend on those; at the end, a digit that
  // holds bits of what follows is cut with the padding.
  constexpr std::array<std::size_t, 3> kCutFront = {0, 2, 3};
  constexpr std::array<std::size_t, 3> kCutBack = {0, 3, 2};  // by length modulo 3
  std::vector<std::string> texts;
  for (std::size_t offset = 0; offset < 3; ++offset) {
    const std::string shifted = std::string(offset, ' ') + std::string(bytes);
    const std::string whole = to_base64(shifted);
    const std::size_t cut = kCutFront[offset] + kCutBack[shifted.size() % 3];
    if (whole.size() > cut) texts.push_back(whole.substr(kCutFront[offset], whole.size() - cut));
  }
  return texts;
}

std::optional<std::vector<Parts>> windash_variants(const Parts& parts) {
  std::vector<Parts> dashes;
  for (const std::string_view dash : kDashes) dashes.push_back(literal_parts(std::string(dash)));
  std::vector<Parts> variants(1);
  for (const PatternPart& part : parts) {
    if (part.kind != PatternPart::Kind::kText) {
      for (Parts& variant : variants) append_wildcard(variant, part.kind);
      continue;
    }
    const std::vector<std::string> pieces = cut_at_dashes(part.text);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (i > 0 && !multiply(variants, dashes)) return std::nullopt;
      for (Parts& variant : variants) append_text(variant, pieces[i]);
    }
  }
  return variants;
}

Parsed<std::vector<Parts>> expand_placeholders(std::string_view text, int line,
                                               const Placeholders& placeholders) {
  std::vector<Parts> variants(1);
  std::string raw;  // text between placeholders, still escaped
  const auto flush = [&] {
    const Parts parts = parse_parts(raw);
    for (Parts& variant : variants) append_parts(variant, parts);
    raw.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      if (text[i + 1] != '%') raw += '\\';
      raw += text[++i];
      continue;
    }
    const std::string_view name = placeholder_at(text.substr(i));
    if (name.empty()) {
      raw += text[i];
      continue;
    }
    const auto known = std::find_if(placeholders.begin(), placeholders.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    if (known == placeholders.end() || known->second.empty()) {
      return refuse(line, "placeholder", "placeholder '%" + std::string(name) + "%' has no value");
    }
    flush();
    std::vector<Parts> choices;
    for (const std::string& value : known->second) choices.push_back(parse_parts(value));
    if (!multiply(variants, choices)) {
      return refuse(line, "too-large",
                    "the placeholders of this value make more than " +
                        std::to_string(kVariantsMax) + " values");
    }
    i += name.size() + 1;
  }
  flush();
  return variants;
}

}  // namespace picket::rules
