// QueryReader: the text of a query, read from left to right; keeps the first error.
//
// Names no meaning: that is the filter's (filter.h) and the commands' (commands.h). Belongs to one
// call of parse_query(); views of words live as long as the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/query.h"

namespace picket::storage {

bool is_query_space(char c);
bool is_name_start(char c);
bool is_name_byte(char c);

// "now" is not known to a query: numbers, RFC 3339, days, addresses. nullopt for everything else.
std::optional<QueryLimit> parse_limit(std::string_view text);
std::optional<double> parse_number(std::string_view text);  // finite, the whole text

class QueryReader {
 public:
  explicit QueryReader(std::string_view text) : text_(text) {}

  std::string_view text() const { return text_; }
  std::size_t at() const { return at_; }
  bool done() const { return at_ >= text_.size(); }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  std::string_view rest() const { return text_.substr(at_); }
  void move_to(std::size_t at) { at_ = at; }

  void skip_space();
  bool take(char c);  // and no space behind it
  bool take(std::string_view s);
  // A word of letters in any case, with something behind it that ends a word.
  bool keyword_here(std::string_view keyword) const;
  bool take_keyword(std::string_view keyword);  // and the space behind it
  // The word that begins here, up to space, ( ) " | or one of `stops`; not taken.
  std::string_view word(std::string_view stops = {}) const;
  // The field name that begins here, with its backquotes if it has them; empty if there is none.
  std::string_view name_here() const;
  // At an opening quote; leaves at() behind the closing one. False after an error.
  bool read_quoted(std::string& value);

  bool failed() const { return error_.has_value(); }
  const QueryError& error() const { return *error_; }
  // Remembers the first error only. Answers 0, for functions that answer the index of a node.
  std::uint32_t refuse(std::size_t offset, std::string key, std::string what,
                       std::vector<std::string> expected = {}, std::string nearest = {});
  void warn(std::size_t offset, std::string key, std::string what);
  std::vector<QueryWarning> take_warnings() { return std::move(warnings_); }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<QueryError> error_;
  std::vector<QueryWarning> warnings_;
};

// A name without its backquotes.
std::string plain_name(std::string_view name);

}  // namespace picket::storage
