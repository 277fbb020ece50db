#include "rules/sigma_value.h"

#include <algorithm>
#include <utility>

namespace picket::rules {

void append_text(Parts& parts, std::string_view text) {
  if (text.empty()) return;
  if (!parts.empty() && parts.back().kind == PatternPart::Kind::kText) {
    parts.back().text += text;
  } else {
    parts.push_back({PatternPart::Kind::kText, std::string(text)});
  }
}

void append_wildcard(Parts& parts, PatternPart::Kind kind) {
  const bool repeated = kind == PatternPart::Kind::kAnyRun && !parts.empty() &&
                        parts.back().kind == PatternPart::Kind::kAnyRun;
  if (!repeated) parts.push_back({kind, {}});
}

void append_parts(Parts& parts, const Parts& more) {
  for (const PatternPart& part : more) {
    if (part.kind == PatternPart::Kind::kText) {
      append_text(parts, part.text);
    } else {
      append_wildcard(parts, part.kind);
    }
  }
}

void prepend_any_run(Parts& parts) {
  if (!parts.empty() && parts.front().kind == PatternPart::Kind::kAnyRun) return;
  parts.insert(parts.begin(), {PatternPart::Kind::kAnyRun, {}});
}

Parts literal_parts(std::string text) {
  Parts parts;
  if (!text.empty()) parts.push_back({PatternPart::Kind::kText, std::move(text)});
  return parts;
}

Parts parse_parts(std::string_view text) {
  Parts parts;
  std::string plain;
  const auto flush = [&] {
    append_text(parts, plain);
    plain.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (c == '\\' && (next == '*' || next == '?' || next == '\\')) {
      plain += next;
      ++i;
    } else if (c == '*' || c == '?') {
      flush();
      append_wildcard(parts, c == '*' ? PatternPart::Kind::kAnyRun : PatternPart::Kind::kAnyOne);
    } else {
      plain += c;
    }
  }
  flush();
  return parts;
}

bool has_wildcard(const Parts& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [](const PatternPart& part) { return part.kind != PatternPart::Kind::kText; });
}

std::string plain_text(const Parts& parts) {
  std::string text;
  for (const PatternPart& part : parts) text += part.text;
  return text;
}

}  // namespace picket::rules
