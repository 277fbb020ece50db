#include "rules/indicators/list.h"

#include "rules/indicators/value.h"

namespace picket::rules {

void ListReader::read(std::string_view piece) {
  lines_.add(piece, [this](std::string_view text, std::uint32_t number, bool too_long) {
    line(text, number, too_long);
  });
}

void ListReader::finish() {
  lines_.finish([this](std::string_view text, std::uint32_t number, bool too_long) {
    line(text, number, too_long);
  });
}

void ListReader::line(std::string_view text, std::uint32_t number, bool too_long) {
  if (too_long) return sink_.refuse(number, "too-large", "the line is too long");
  text = trimmed(text);
  if (text.empty() || text.starts_with('#')) return;
  if (const std::size_t blank = text.find_first_of(" \t"); blank != std::string_view::npos) {
    if (!trimmed(text.substr(blank)).starts_with('#')) {
      return sink_.refuse(number, "bad-indicator", "a line of a list is one indicator");
    }
    text = text.substr(0, blank);
  }
  if (const char* reason = read_indicator(text, {}, key_))
    return sink_.refuse(number, "bad-indicator", reason);
  IndicatorNote note;
  note.line = number;
  sink_.add(key_, note);
}

}  // namespace picket::rules
