// RecordNeeds: texts that the raw bytes of a record must hold for it to be of interest.
//
// Whoever looks for events says it (rules do: rules/record_needs.h), so that a store can leave out
// records without rebuilding or parsing them. A need is of bytes as they stand, but for the case of
// ASCII letters; so it says nothing of a record that hides_text(), which is always of interest.
//
// Values; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace picket {

struct NeededText {
  std::string text;  // of stands_as_read() characters, ASCII letters in lower case
  // Whole words beside or in it (storage/columns/words.h), likewise: where the text stands because
  // of the need, each of them does.
  std::vector<std::string> words = {};
};

struct RecordNeeds {
  using AnyOf = std::vector<NeededText>;  // none: nothing is enough
  using AllOf = std::vector<AnyOf>;
  std::vector<AllOf> any;  // one of these is enough; none: no record is of interest
};

// May a need hold this character? Encoders escape the others though they need not: quotes, slashes,
// "<>&'=+".
bool stands_as_read(char c);

// Could the record have a character that stands_as_read() spelled otherwise, or one outside ASCII
// that folds to one? That is "\u" and "&#" with such a code, Kelvin sign and long s, and a NUL
// byte, as text in UTF-16 has. Escapes within escapes count too.
bool hides_text(std::string_view record);

}  // namespace picket
