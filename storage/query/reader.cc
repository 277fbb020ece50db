#include "storage/query/reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/time.h"
#include "storage/folded_text.h"

namespace picket::storage {
namespace {

constexpr std::string_view kWordEnds = " \t\n\r()\"|";

// A time as people write it; a day alone begins at midnight UTC.
std::optional<std::int64_t> parse_moment(std::string_view text) {
  std::string moment(text);
  if (moment.size() == 10) moment += "T00:00:00Z";
  const auto parsed = parse_time(moment);
  return parsed ? std::optional(parsed->time_ns) : std::nullopt;
}

}  // namespace

bool is_query_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@';
}

bool is_name_byte(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

std::optional<double> parse_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = !text.empty() && error == std::errc() && end == text.data() + text.size();
  return whole && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<QueryLimit> parse_limit(std::string_view text) {
  QueryLimit limit{.text = std::string(text)};
  limit.number = parse_number(text);
  if (limit.number) return limit;
  limit.time_ns = parse_moment(text);
  if (limit.time_ns) return limit;
  limit.address = parse_network(text);
  if (!limit.address || text.find('/') != std::string_view::npos) return {};
  return limit;
}

std::string plain_name(std::string_view name) {
  if (name.starts_with('`')) name = name.substr(1, name.size() - 2);
  return std::string(name);
}

void QueryReader::skip_space() {
  while (!done() && is_query_space(text_[at_])) ++at_;
}

bool QueryReader::take(char c) {
  if (peek() != c || done()) return false;
  ++at_;
  return true;
}

bool QueryReader::take(std::string_view s) {
  if (!rest().starts_with(s)) return false;
  at_ += s.size();
  return true;
}

bool QueryReader::keyword_here(std::string_view keyword) const {
  const std::string_view here = text_.substr(std::min(at_, text_.size()), keyword.size() + 1);
  if (here.size() < keyword.size() || !equals_folded(here.substr(0, keyword.size()), keyword))
    return false;
  const char behind = here.size() == keyword.size() ? ' ' : here.back();
  return is_query_space(behind) || behind == '(' || behind == ')' || behind == '|' || behind == ',';
}

bool QueryReader::take_keyword(std::string_view keyword) {
  if (failed() || !keyword_here(keyword)) return false;
  at_ += keyword.size();
  skip_space();
  return true;
}

std::string_view QueryReader::word(std::string_view stops) const {
  std::size_t end = at_;
  while (end < text_.size() && kWordEnds.find(text_[end]) == std::string_view::npos &&
         stops.find(text_[end]) == std::string_view::npos)
    ++end;
  return text_.substr(at_, end - at_);
}

std::string_view QueryReader::name_here() const {
  if (peek() == '`') {
    const std::size_t close = text_.find('`', at_ + 1);
    if (close == std::string_view::npos || close == at_ + 1) return {};
    return text_.substr(at_, close + 1 - at_);
  }
  if (done() || !is_name_start(text_[at_])) return {};
  std::size_t end = at_;
  while (end < text_.size() && is_name_byte(text_[end])) ++end;
  return text_.substr(at_, end - at_);
}

bool QueryReader::read_quoted(std::string& value) {
  const std::size_t open = at_++;
  for (; !done() && text_[at_] != '"'; ++at_) {
    const bool escape = text_[at_] == '\\' && (peek(1) == '"' || peek(1) == '\\');
    if (escape) ++at_;
    value += text_[at_];
  }
  if (done()) {
    refuse(open, "quote_open", "this quote is not closed", {"\""});
    return false;
  }
  ++at_;
  return true;
}

std::uint32_t QueryReader::refuse(std::size_t offset, std::string key, std::string what,
                                  std::vector<std::string> expected, std::string nearest) {
  if (!error_) {
    error_ = QueryError{offset, std::move(key), std::move(what), std::move(expected),
                        std::move(nearest)};
  }
  return 0;
}

void QueryReader::warn(std::size_t offset, std::string key, std::string what) {
  constexpr std::size_t kWarningsMax = 16;
  if (warnings_.size() < kWarningsMax)
    warnings_.push_back({offset, std::move(key), std::move(what), {}, {}});
}

}  // namespace picket::storage
