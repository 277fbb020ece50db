// Words: what the command line says to people, in their language.
//
// The texts are app/i18n/<language>.yaml, embedded in the program so that help needs no files. The
// language is chosen once, at the start of main; after that any thread may ask. JSON, field names,
// codes and what a machine reads are not words: they are the same in every language. Inside the
// house errors are English sentences; translated() says them again for a person.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace picket::app {

enum class Language : std::uint8_t { kEnglish, kVietnamese };

// The language of this process; English until it is chosen.
Language language();
void use_language(Language chosen);
// What `--lang` says (empty: nothing), else PICKET_LANG, else the first of LC_ALL, LC_MESSAGES and
// LANG that is set. Anything that does not begin with "vi" is English.
Language preferred_language(std::string_view option);

// A value for a {name} in a text.
struct Filling {
  Filling(std::string_view name_in, std::string value_in)
      : name(name_in), value(std::move(value_in)) {}
  template <std::integral Number>
  Filling(std::string_view name_in, Number n) : name(name_in), value(std::to_string(n)) {}

  std::string_view name;
  std::string value;
};

// The text under `key`; with {n} = 1, that under `key.one` if there is one. A key that no catalogue
// has comes back as itself (a test finds such keys).
std::string say(std::string_view key, std::initializer_list<Filling> fillings = {});

// A machine's word ("high") for people: the text under `group.name`, or the word itself.
std::string word(std::string_view group, std::string_view name);

// An English sentence of the house in the language of the reader, line by line; what is not known
// stays. Without a language in that of this process.
std::string translated(const std::string& english, Language to);
std::string translated(const std::string& english);

}  // namespace picket::app
