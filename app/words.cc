// Errors are translated by their English side: each `reason.` text is a pattern whose {names} stand
// for any text. A line is tried whole and then behind each ": ", so "path:line: reason" keeps its
// beginning.
#include "app/words.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "app/word_data.h"
#include "base/check.h"
#include "base/yaml.h"

namespace picket::app {
namespace {

using Catalogue = std::map<std::string, std::string, std::less<>>;
using Captures = std::vector<std::pair<std::string_view, std::string_view>>;

Language& chosen_language() {
  static Language chosen = Language::kEnglish;
  return chosen;
}

std::string_view data_of(Language which) {
  return which == Language::kVietnamese ? words_vi() : words_en();
}

// Our own file, looked at by a test: what is wrong with it is our bug.
Catalogue read_catalogue(Language which) {
  const Result<std::vector<YamlNode>> documents = parse_yaml(data_of(which));
  PICKET_CHECK(documents.has_value() && documents->size() == 1 && documents->front().is_map());
  Catalogue words;
  for (const auto& [key, value] : documents->front().map) words.emplace(key.scalar, value.scalar);
  return words;
}

const Catalogue& catalogue(Language which) {
  if (which == Language::kVietnamese) {
    static const Catalogue vietnamese = read_catalogue(Language::kVietnamese);
    return vietnamese;
  }
  static const Catalogue english = read_catalogue(Language::kEnglish);
  return english;
}

const std::string* find_text(std::string_view key, Language in = language()) {
  const Catalogue& words = catalogue(in);
  const auto found = words.find(key);
  return found != words.end() ? &found->second : nullptr;
}

// The next "{name}" of a text at or behind `from`: its place and size with the braces; size 0 for
// none.
struct Place {
  std::size_t begin = std::string_view::npos;
  std::size_t size = 0;
  std::string_view name;
};

Place next_place(std::string_view text, std::size_t from) {
  for (std::size_t open = text.find('{', from); open != std::string_view::npos;
       open = text.find('{', open + 1)) {
    const std::size_t close = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", open + 1);
    if (close == std::string_view::npos || close == open + 1 || text[close] != '}') continue;
    return {open, close - open + 1, text.substr(open + 1, close - open - 1)};
  }
  return {};
}

template <class Value>  // std::string_view name -> std::optional<std::string>
std::string filled(std::string_view text, const Value& value) {
  std::string out;
  std::size_t at = 0;
  for (Place place = next_place(text, 0); place.size > 0;
       place = next_place(text, place.begin + place.size)) {
    const std::optional<std::string> known = value(place.name);
    out += text.substr(at, place.begin - at);
    out += known ? *known : std::string(text.substr(place.begin, place.size));
    at = place.begin + place.size;
  }
  return out.append(text.substr(at));
}

// Whether `line` has the shape of `pattern`, and what stands at its {names}. Each takes as little
// as the text behind it allows; the last one takes the rest.
std::optional<Captures> match(std::string_view pattern, std::string_view line) {
  Captures captures;
  std::size_t at = 0;
  Place place = next_place(pattern, 0);
  const std::string_view head = pattern.substr(0, place.size > 0 ? place.begin : pattern.size());
  if (!line.starts_with(head)) return std::nullopt;
  line.remove_prefix(head.size());
  while (place.size > 0) {
    at = place.begin + place.size;
    const Place next = next_place(pattern, at);
    const std::string_view literal =
        pattern.substr(at, next.size > 0 ? next.begin - at : std::string_view::npos);
    const std::size_t end = next.size > 0     ? line.find(literal)
                            : literal.empty() ? line.size()
                                              : line.rfind(literal);
    if (end == std::string_view::npos) return std::nullopt;
    captures.emplace_back(place.name, line.substr(0, end));
    line.remove_prefix(end + literal.size());
    place = next;
  }
  return line.empty() ? std::optional(captures) : std::nullopt;
}

// The line in the reader's language, or nothing.
std::optional<std::string> translated_whole(std::string_view line, Language to) {
  constexpr std::string_view kGroup = "reason.";
  const Catalogue& english = catalogue(Language::kEnglish);
  for (auto it = english.lower_bound(kGroup); it != english.end() && it->first.starts_with(kGroup);
       ++it) {
    const std::optional<Captures> captures = match(it->second, line);
    if (!captures) continue;
    const std::string* text = find_text(it->first, to);
    return filled(text != nullptr ? *text : it->second, [&](std::string_view name) -> std::optional<std::string> {
      for (const auto& [known, value] : *captures) {
        if (known != name) continue;
        return name == "reason" ? translated(std::string(value), to) : std::string(value);
      }
      return std::nullopt;
    });
  }
  return std::nullopt;
}

std::string translated_line(std::string_view line, Language to) {
  for (std::size_t from = 0; from < line.size();) {
    if (const auto found = translated_whole(line.substr(from), to))
      return std::string(line.substr(0, from)) + *found;
    const std::size_t colon = line.find(": ", from);
    if (colon == std::string_view::npos) break;
    from = colon + 2;
  }
  return std::string(line);
}

}  // namespace

Language language() {
  return chosen_language();
}

void use_language(Language chosen) {
  chosen_language() = chosen;
}

Language preferred_language(std::string_view option) {
  const auto of = [](std::string_view name) {
    return name.starts_with("vi") ? Language::kVietnamese : Language::kEnglish;
  };
  if (!option.empty()) return of(option);
  for (const char* variable : {"PICKET_LANG", "LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return of(value);
  }
  return Language::kEnglish;
}

std::string say(std::string_view key, std::initializer_list<Filling> fillings) {
  const std::string* text = nullptr;
  for (const Filling& filling : fillings) {
    if (filling.name == "n" && filling.value == "1") text = find_text(std::string(key) + ".one");
  }
  if (text == nullptr) text = find_text(key);
  if (text == nullptr) return std::string(key);
  return filled(*text, [&](std::string_view name) -> std::optional<std::string> {
    for (const Filling& filling : fillings) {
      if (filling.name == name) return filling.value;
    }
    return std::nullopt;
  });
}

std::string word(std::string_view group, std::string_view name) {
  const std::string* text = find_text(std::string(group) + "." + std::string(name));
  return text != nullptr ? *text : std::string(name);
}

std::string translated(const std::string& english) {
  return translated(english, language());
}

std::string translated(const std::string& english, Language to) {
  if (to == Language::kEnglish) return english;
  std::string out;
  std::string_view rest = english;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    out += translated_line(rest.substr(0, end), to);
    if (end < rest.size()) out += '\n';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

}  // namespace picket::app
