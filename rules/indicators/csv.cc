#include "rules/indicators/csv.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/time.h"
#include "rules/indicators/value.h"

namespace picket::rules {
namespace {

std::string lower(std::string_view text) {
  std::string low(text);
  for (char& c : low) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (c == ' ' || c == '-') c = '_';
  }
  return low;
}

std::size_t quotes_in(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '"'));
}

}  // namespace

std::optional<std::int64_t> feed_time(std::string_view text) {
  if (const auto parsed = parse_time(text)) return parsed->time_ns;
  if (text.size() == 10 && text[4] == '-') {
    const auto parsed = parse_time(std::string(text) + "T00:00:00Z");
    return parsed ? std::optional(parsed->time_ns) : std::nullopt;
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  if (text.size() <= 10) return number * 1'000'000'000;
  return text.size() == 13 ? std::optional(number * 1'000'000) : std::nullopt;
}

void CsvReader::read(std::string_view piece) {
  lines_.add(piece, [this](std::string_view text, std::uint32_t number, bool too_long) {
    line(text, number, too_long);
  });
}

void CsvReader::finish() {
  lines_.finish([this](std::string_view text, std::uint32_t number, bool too_long) {
    line(text, number, too_long);
  });
  while (!open_.empty()) give_up_record();
  if (head_.empty() && !headless_) sink_.refuse(1, "no-columns", "no line names the columns");
}

void CsvReader::line(std::string_view text, std::uint32_t number, bool too_long) {
  if (too_long) return sink_.refuse(number, "too-large", "the line is too long");
  if (open_.empty() && quotes_in(text) % 2 == 0) return record(text, number);
  open_.emplace_back(text, number);
  open_bytes_ += text.size() + 1;
  if (open_.size() > 1 && quotes_in(text) % 2 == 1) {
    std::string whole;
    for (const auto& [part, line] : open_) whole += (whole.empty() ? "" : "\n") + part;
    const std::uint32_t first = open_.front().second;
    open_.clear();
    open_bytes_ = 0;
    return record(whole, first);
  }
  if (open_.size() > kRecordLinesMax || open_bytes_ > kIndicatorLineMax) give_up_record();
}

// The quote in the first of the open lines never closes: that line is refused, the others are read
// anew.
void CsvReader::give_up_record() {
  std::vector<std::pair<std::string, std::uint32_t>> lines = std::move(open_);
  open_.clear();
  open_bytes_ = 0;
  sink_.refuse(lines.front().second, "bad-quotes", "a quote is not closed");
  for (std::size_t i = 1; i < lines.size(); ++i) line(lines[i].first, lines[i].second, false);
}

void CsvReader::record(std::string_view text, std::uint32_t number) {
  if (headless_ || trimmed(text).empty()) return;
  if (text.starts_with('#')) {
    if (head_.empty()) comment_ = trimmed(text.substr(1));
    return;
  }
  if (head_.empty()) {
    if (read_head(text)) return;
    // URLhaus and others have the names of the columns in the last comment.
    if (!read_head(comment_)) {
      headless_ = true;
      return sink_.refuse(number, "no-columns", "no line names the columns");
    }
  }
  if (!split(text)) return sink_.refuse(number, "bad-quotes", "quotes do not follow RFC 4180");
  indicators(number);
}

bool CsvReader::split(std::string_view text) {
  cells_.clear();
  unquoted_.clear();
  unquoted_.reserve(kColumnsMax);  // views into it stay
  for (std::size_t at = 0; cells_.size() < kColumnsMax;) {
    while (at < text.size() && text[at] == ' ') ++at;
    if (at >= text.size() || text[at] != '"') {
      const std::size_t end = std::min(text.find(separator_, at), text.size());
      cells_.push_back(trimmed(text.substr(at, end - at)));
      if (cells_.back().find('"') != std::string_view::npos) return false;
      if (end >= text.size()) return true;
      at = end + 1;
      continue;
    }
    std::size_t end = text.find('"', ++at);
    if (end == std::string_view::npos) return false;
    if (end + 1 >= text.size() || text[end + 1] != '"') {
      cells_.push_back(text.substr(at, end - at));
    } else {
      std::string& whole = unquoted_.emplace_back();
      for (;;) {
        whole.append(text.substr(at, end - at));
        if (end + 1 >= text.size() || text[end + 1] != '"') break;
        whole += '"';
        at = end + 2;
        end = text.find('"', at);
        if (end == std::string_view::npos) return false;
      }
      cells_.push_back(whole);
    }
    at = end + 1;
    while (at < text.size() && text[at] == ' ') ++at;
    if (at >= text.size()) return true;
    if (text[at++] != separator_) return false;
  }
  return true;  // more columns than anybody names
}

bool CsvReader::read_head(std::string_view text) {
  constexpr std::pair<std::string_view, Column> kNames[] = {
      {"indicator", Column::kValue},
      {"indicator_value", Column::kValue},
      {"ioc", Column::kValue},
      {"ioc_value", Column::kValue},
      {"observable", Column::kValue},
      {"value", Column::kValue},
      {"indicator_type", Column::kType},
      {"ioc_type", Column::kType},
      {"type", Column::kType},
      {"confidence", Column::kConfidence},
      {"confidence_level", Column::kConfidence},
      {"feed", Column::kSource},
      {"provider", Column::kSource},
      {"source", Column::kSource},
      {"valid_from", Column::kValidFrom},
      {"expiration", Column::kValidUntil},
      {"expires", Column::kValidUntil},
      {"valid_until", Column::kValidUntil},
      {"comment", Column::kDescription},
      {"description", Column::kDescription},
      {"name", Column::kDescription},
      {"title", Column::kDescription},
      {"id", Column::kReference},
      {"ioc_id", Column::kReference},
      {"reference", Column::kReference},
      {"uuid", Column::kReference},
  };
  for (const char separator : {',', ';', '\t'}) {
    separator_ = separator;
    if (!split(text)) continue;
    std::vector<Head> head;
    bool has_value = false;
    for (const std::string_view name : cells_) {
      Head one;
      const std::string low = lower(name);
      const auto* found = std::find_if(std::begin(kNames), std::end(kNames),
                                       [&](const auto& known) { return known.first == low; });
      if (found != std::end(kNames)) {
        one.column = found->second;
      } else if (!low.empty() && is_indicator_type(low)) {
        one = {Column::kTyped, low};
      }
      has_value = has_value || one.column == Column::kValue || one.column == Column::kTyped;
      head.push_back(std::move(one));
    }
    if (!has_value) continue;
    // With a column for the value, others that are named like types say something else.
    const bool general = std::any_of(head.begin(), head.end(),
                                     [](const Head& one) { return one.column == Column::kValue; });
    for (Head& one : head) {
      if (general && one.column == Column::kTyped) one = {};
    }
    head_ = std::move(head);
    return true;
  }
  separator_ = ',';
  return false;
}

std::string_view CsvReader::cell(Column column) const {
  for (std::size_t i = 0; i < std::min(cells_.size(), head_.size()); ++i) {
    if (head_[i].column == column && !cells_[i].empty()) return cells_[i];
  }
  return {};
}

const char* CsvReader::read_note(IndicatorNote& note) const {
  if (const std::string_view text = cell(Column::kConfidence); !text.empty()) {
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), note.confidence);
    if (error != std::errc() || end != text.data() + text.size() || note.confidence < 0 ||
        note.confidence > 100) {
      return "the confidence is a number from 0 to 100";
    }
  }
  const auto read_time = [](std::string_view text, std::int64_t& time_ns) {
    if (text.empty()) return true;
    const std::optional<std::int64_t> time = feed_time(text);
    if (time) time_ns = *time;
    return time.has_value();
  };
  if (!read_time(cell(Column::kValidFrom), note.valid_from_ns) ||
      !read_time(cell(Column::kValidUntil), note.valid_until_ns)) {
    return "this is no time";
  }
  note.source = cell(Column::kSource);
  note.description = cell(Column::kDescription);
  note.reference = cell(Column::kReference);
  return nullptr;
}

void CsvReader::indicators(std::uint32_t number) {
  IndicatorNote note;
  note.line = number;
  if (const char* reason = read_note(note)) return sink_.refuse(number, "bad-value", reason);
  bool any = false;
  for (std::size_t i = 0; i < std::min(cells_.size(), head_.size()); ++i) {
    if (head_[i].column != Column::kValue && head_[i].column != Column::kTyped) continue;
    if (cells_[i].empty()) continue;
    any = true;
    const std::string_view type =
        head_[i].column == Column::kTyped ? std::string_view(head_[i].type) : cell(Column::kType);
    if (const char* reason = read_indicator(cells_[i], type, key_)) {
      sink_.refuse(number, "bad-indicator", reason);
    } else {
      sink_.add(key_, note);
    }
  }
  if (!any) sink_.refuse(number, "bad-indicator", "the indicator is empty");
}

}  // namespace picket::rules
