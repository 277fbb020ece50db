// needs_met(): what a record must hold, looked up in its bytes, slowly and plainly.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "event/record_needs.h"

namespace picket {

inline std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower;
}

// has_word(text, word) says whether the text has that whole word.
template <class HasWord>
bool needs_met(const RecordNeeds& needs, std::string_view record, HasWord has_word) {
  if (hides_text(record)) return true;
  const std::string lower = in_lower_case(record);
  const auto has = [&](const NeededText& one) {
    return lower.find(one.text) != std::string::npos &&
           std::all_of(one.words.begin(), one.words.end(),
                       [&](const std::string& word) { return has_word(lower, word); });
  };
  const auto has_one = [&](const RecordNeeds::AnyOf& any) {
    return std::any_of(any.begin(), any.end(), has);
  };
  return std::any_of(needs.any.begin(), needs.any.end(), [&](const RecordNeeds::AllOf& all) {
    return std::all_of(all.begin(), all.end(), has_one);
  });
}

}  // namespace picket
