// containing(): an occurrence lies in one value, in one literal, or crosses at least one border
// between them. The first border that it crosses is either the end of a value, of which it has the
// last bytes, or the end of a literal, behind which a value goes on as it does. match_literal()
// finds for each literal at which bytes of the text either can be; find_literals() turns that into
// what the values beside it must begin or end with. Rows with such a value are put together and
// looked at.
#include "storage/columns/column_search.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "storage/columns/number_text.h"
#include "storage/columns/words.h"
#include "storage/folded_text.h"

namespace picket::storage {
namespace {

char fold_byte(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool starts_folded(std::string_view text, std::string_view folded) {
  return text.size() >= folded.size() && equals_folded(text.substr(0, folded.size()), folded);
}
bool ends_folded(std::string_view text, std::string_view folded) {
  return text.size() >= folded.size() &&
         equals_folded(text.substr(text.size() - folded.size()), folded);
}

constexpr std::string_view kDigits = "0123456789";

// How many digits stand side by side, at most.
std::size_t longest_digits(std::string_view text) {
  std::size_t longest = 0;
  for (std::size_t at = text.find_first_of(kDigits); at < text.size();) {
    const std::size_t end = std::min(text.find_first_not_of(kDigits, at), text.size());
    longest = std::max(longest, end - at);
    at = text.find_first_of(kDigits, end);
  }
  return longest;
}

// Could a number or time, as it is written, contain this?
bool fits_numbers(const ColumnInfo& column, std::string_view folded) {
  if (folded.size() > kNumberTextMax) return false;
  if (column.encoding == ColumnEncoding::kTimes) {
    return folded.find_first_not_of("0123456789-:. tz") == std::string_view::npos &&
           longest_digits(folded) <= std::max<std::size_t>(column.format & 15U, 4);
  }
  char buffer[kNumberTextMax];
  const std::size_t longest =
      std::max(write_integer(column.min, buffer).size(), write_integer(column.max, buffer).size());
  return folded.size() <= longest &&
         folded.find_first_not_of("0123456789-") == std::string_view::npos;
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// What a time of this format may have for words: year, two digits, "01t10", digits of the fraction,
// the last of them with a z.
bool fits_time_word(const ColumnInfo& column, std::string_view folded) {
  const std::size_t fraction = column.format & 15U;
  if (folded.size() == 5 && folded[2] == 't') return (column.format & kTimeSpace) == 0;
  if (!folded.empty() && folded.back() == 'z') {
    if ((column.format & kTimeZulu) == 0) return false;
    folded.remove_suffix(1);
    return all_digits(folded) && folded.size() == (fraction == 0 ? 2 : fraction);
  }
  if (!all_digits(folded)) return false;
  if (folded.size() == 2 || folded.size() == fraction) return true;
  if (folded.size() != 4) return false;
  char buffer[kNumberTextMax];
  const std::string least(write_time(column.format, column.min, buffer).substr(0, 4));
  const std::string most(write_time(column.format, column.max, buffer).substr(0, 4));
  return folded >= least && folded <= most;
}

// The integers that are this word, but for the sign.
std::optional<std::int64_t> integer_word(std::string_view folded) {
  return all_digits(folded) ? canonical_integer(folded) : std::nullopt;
}

}  // namespace

// chunk(index) for each chunk in which a column has values, then f(place, rank) for each of them;
// both may answer false, which ends it.
template <class Chunk, class F>
bool ColumnSearch::for_each_cell(std::uint32_t column, Chunk chunk_begins, F f) {
  if (!block_.load_shapes()) return false;
  std::vector<std::uint16_t> uses(block_.shapes().size());
  for (std::size_t i = 0; i < uses.size(); ++i) {
    const ColumnBlock::Shape& shape = block_.shapes()[i];
    const ColumnBlock::Slot* const slots = block_.slots(shape);
    uses[i] = static_cast<std::uint16_t>(
        std::count_if(slots, slots + shape.slots,
                      [column](const ColumnBlock::Slot& slot) { return slot.column == column; }));
  }
  const ColumnInfo& info = block_.columns()[column];
  for (std::size_t chunk = 0; chunk < block_.chunks(); ++chunk) {
    const std::uint32_t count =
        block_.values_before(info, chunk + 1) - block_.values_before(info, chunk);
    if (count == 0) continue;
    if (!block_.load_row_shapes(chunk) || !chunk_begins(chunk)) return false;
    const std::size_t end = std::min<std::size_t>((chunk + 1) * kChunkRows, block_.rows());
    std::uint32_t rank = 0;
    for (std::size_t place = chunk * kChunkRows; place < end; ++place) {
      const std::uint32_t behind = rank + uses[block_.shape_of(place)];
      if (behind > count) return block_.fail_with("too few values in a column");
      for (; rank < behind; ++rank) f(place, rank);
    }
  }
  return true;
}

// f(place, mark) for each value of a text column whose mark is not kNo.
template <class F>
bool ColumnSearch::mark_texts(std::uint32_t column, const std::vector<Mark>& marks, F f) {
  const ColumnInfo& info = block_.columns()[column];
  ColumnBlock::Codes codes;
  return for_each_cell(
      column, [&](std::size_t chunk) { return block_.load_codes(info, chunk, codes); },
      [&](std::size_t place, std::uint32_t rank) {
        const Mark mark = marks[codes[rank]];
        if (mark != Mark::kNo) f(place, mark);
      });
}

// f(place, number) for each value of a column of numbers.
template <class F>
bool ColumnSearch::for_each_number(std::uint32_t column, F f) {
  const ColumnInfo& info = block_.columns()[column];
  const std::int64_t* numbers = nullptr;
  return for_each_cell(
      column, [&](std::size_t chunk) { return block_.load_numbers(info, chunk, numbers); },
      [&](std::size_t place, std::uint32_t rank) { f(place, numbers[rank]); });
}

bool ColumnSearch::rows_of_shapes(const std::vector<bool>& shapes, RowSet& found) {
  if (std::find(shapes.begin(), shapes.end(), true) == shapes.end()) return true;
  if (!block_.load_row_shapes()) return false;
  for (std::size_t place = 0; place < block_.rows(); ++place) {
    if (shapes[block_.shape_of(place)]) found.add(place);
  }
  return true;
}

// Looks at all values of a page at once, their sizes among them, and remembers the answer.
bool ColumnSearch::page_contains(std::uint32_t page, std::string_view folded, bool& contains) {
  Mark& mark = page_marks_[page];
  if (mark == Mark::kMaybe) {
    std::string_view bytes;
    if (!block_.load_page(page, bytes)) return false;
    mark = contains_folded(bytes, folded) ? Mark::kYes : Mark::kNo;
  }
  contains = mark == Mark::kYes;
  return true;
}

Result<RowSet> ColumnSearch::containing(std::string_view folded) {
  RowSet found(block_.rows());
  if (folded.empty()) {
    found.add_all();
    return found;
  }
  RowSet maybe(block_.rows());
  page_marks_.assign(block_.directory().pages.size(), Mark::kMaybe);
  std::vector<std::vector<Border>> borders(block_.columns().size());
  if (!find_literals(folded, borders, found)) return damaged();
  for (std::uint32_t i = 0; i < borders.size(); ++i) {
    if (!scan_column(i, folded, borders[i], found, maybe)) return damaged();
  }
  if (!verify(folded, maybe, found)) return damaged();
  return found;
}

ColumnSearch::LiteralMatch ColumnSearch::match_literal(std::string_view literal,
                                                       std::string_view folded) const {
  LiteralMatch match;
  match.whole = contains_folded(literal, folded);
  if (literal.empty()) return match;
  const char last = fold_byte(literal.back());
  const char first = fold_byte(literal.front());
  for (std::size_t k = 1; k < folded.size(); ++k) {
    if (folded[k - 1] == last && ends_folded(literal, folded.substr(0, k)))
      match.onward.push_back(static_cast<std::uint32_t>(k));
    if (folded[k] != first) continue;
    const std::size_t size = std::min(literal.size(), folded.size() - k);
    if (equals_folded(literal.substr(0, size), folded.substr(k, size)))
      match.back.push_back(static_cast<std::uint32_t>(k));
  }
  return match;
}

bool ColumnSearch::find_literals(std::string_view folded, std::vector<std::vector<Border>>& borders,
                                 RowSet& found) {
  if (!block_.load_shapes()) return false;
  std::vector<LiteralMatch> matches;
  matches.reserve(block_.literals().size());
  bool any = false;
  for (const std::string_view literal : block_.literals()) {
    matches.push_back(match_literal(literal, folded));
    any = any || matches.back().whole || matches.back().crosses();
  }
  if (!any) return true;
  std::vector<bool> whole(block_.shapes().size());
  const auto add = [&](std::uint32_t column, Border border) {
    std::vector<Border>& all = borders[column];
    if (std::find(all.begin(), all.end(), border) == all.end()) all.push_back(border);
  };
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const ColumnBlock::Shape& shape = block_.shapes()[i];
    const ColumnBlock::Slot* const slots = block_.slots(shape);
    std::uint32_t before = shape.first_literal;
    whole[i] = matches[before].whole;
    for (std::uint32_t k = 0; k < shape.slots; ++k) {
      const std::uint32_t behind = slots[k].literal;
      for (const std::uint32_t at : matches[before].onward) add(slots[k].column, {false, at});
      for (const std::uint32_t at : matches[behind].back) add(slots[k].column, {true, at});
      whole[i] = whole[i] || matches[behind].whole;
      before = behind;
    }
  }
  return rows_of_shapes(whole, found);
}

bool ColumnSearch::scan_column(std::uint32_t column, std::string_view folded,
                               const std::vector<Border>& borders, RowSet& found, RowSet& maybe) {
  return block_.is_text(block_.columns()[column])
             ? scan_texts(column, folded, borders, found, maybe)
             : scan_numbers(column, folded, borders, found, maybe);
}

namespace {

// The part of the text outside of the value is the literals' to say.
template <class Borders>
bool may_cross(std::string_view value, std::string_view folded, const Borders& borders) {
  for (const auto& border : borders) {
    const std::string_view inside =
        border.from_value ? folded.substr(0, border.at) : folded.substr(border.at);
    if (border.from_value ? ends_folded(value, inside)
                          : starts_folded(value, inside.substr(0, value.size()))) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool ColumnSearch::scan_texts(std::uint32_t column, std::string_view folded,
                              const std::vector<Border>& borders, RowSet& found, RowSet& maybe) {
  const ColumnInfo& info = block_.columns()[column];
  std::vector<Mark> marks;
  bool any = false;
  for (std::uint32_t i = 0; i < info.segments; ++i) {
    const Segment& segment = block_.directory().segments[info.first_segment + i];
    bool contains = false;
    if (!page_contains(segment.page, folded, contains)) return false;
    if (contains && borders.empty()) {
      std::string_view page;
      if (!block_.load_page(segment.page, page)) return false;
      contains = contains_folded(page.substr(segment.at, segment.bytes), folded);
    }
    if (!contains && borders.empty()) continue;
    if (marks.empty()) marks.assign(info.distinct, Mark::kNo);
    const bool sound =
        block_.for_each_text(segment, [&](std::uint32_t code, std::string_view text) {
          Mark mark = contains && contains_folded(text, folded) ? Mark::kYes : Mark::kNo;
          if (mark == Mark::kNo && may_cross(text, folded, borders)) mark = Mark::kMaybe;
          any = any || mark != Mark::kNo;
          marks[code] = mark;
        });
    if (!sound) return false;
  }
  if (!any) return true;
  return mark_texts(column, marks, [&](std::size_t place, Mark mark) {
    (mark == Mark::kYes ? found : maybe).add(place);
  });
}

bool ColumnSearch::scan_numbers(std::uint32_t column, std::string_view folded,
                                const std::vector<Border>& borders, RowSet& found, RowSet& maybe) {
  const ColumnInfo& info = block_.columns()[column];
  const bool fits = fits_numbers(info, folded);
  if (!fits && borders.empty()) return true;
  char buffer[kNumberTextMax];
  return for_each_number(column, [&](std::size_t place, std::int64_t number) {
    if (found.has(place)) return;
    const std::string_view text = write_number(info, number, buffer);
    if (fits && contains_folded(text, folded)) {
      found.add(place);
    } else if (may_cross(text, folded, borders)) {
      maybe.add(place);
    }
  });
}

bool ColumnSearch::verify(std::string_view folded, RowSet& maybe, RowSet& found) {
  maybe.subtract(found);
  std::string raw;
  bool sound = true;
  maybe.for_each([&](std::size_t place) {
    if (!sound) return;
    raw.clear();
    sound = rows_.append_raw(place, raw).has_value();
    bytes_verified_ += raw.size();
    if (sound && contains_folded(raw, folded)) found.add(place);
  });
  return sound;
}

Result<bool> ColumnSearch::may_have_word(std::string_view folded) {
  const WordFilter* filter = nullptr;
  if (!block_.load_filter(filter)) return damaged();
  if (filter->may_contain(word_key(folded))) return true;
  const std::optional<std::int64_t> integer = integer_word(folded);
  return std::any_of(block_.columns().begin(), block_.columns().end(),
                     [&](const ColumnInfo& column) {
                       if (column.encoding == ColumnEncoding::kTimes)
                         return fits_time_word(column, folded);
                       if (column.encoding != ColumnEncoding::kIntegers || !integer) return false;
                       return (*integer >= column.min && *integer <= column.max) ||
                              (-*integer >= column.min && -*integer <= column.max);
                     });
}

Result<bool> ColumnSearch::may_have_word(std::string_view block, BlockKey key,
                                         std::string_view folded) {
  PICKET_TRY(const ColumnHead head, read_column_head(block, key));
  if (folded.empty() || kDigits.find(folded.front()) != std::string_view::npos) return true;
  if ((head.header.flags & kFiltered) == 0) return true;
  PICKET_TRY(const std::string_view bytes, read_section(block, head, key, Section::kWords));
  WordFilter filter;
  if (!filter.read(bytes)) return damaged_columns(key, "bad filter");
  return filter.may_contain(word_key(folded));
}

Result<RowSet> ColumnSearch::with_word(std::string_view folded) {
  RowSet found(block_.rows());
  PICKET_TRY(const bool may, may_have_word(folded));
  if (!may) return found;
  page_marks_.assign(block_.directory().pages.size(), Mark::kMaybe);
  if (!word_in_literals(folded, found)) return damaged();
  for (std::uint32_t i = 0; i < block_.columns().size(); ++i) {
    const bool sound = block_.is_text(block_.columns()[i]) ? word_in_texts(i, folded, found)
                                                           : word_in_numbers(i, folded, found);
    if (!sound) return damaged();
  }
  return found;
}

bool ColumnSearch::word_in_literals(std::string_view folded, RowSet& found) {
  if (!block_.load_shapes()) return false;
  std::vector<bool> has(block_.literals().size());
  for (std::size_t i = 0; i < has.size(); ++i) {
    const std::string_view literal = block_.literals()[i];
    has[i] = contains_folded(literal, folded) && has_word(literal, folded);
  }
  if (std::find(has.begin(), has.end(), true) == has.end()) return true;
  std::vector<bool> shapes(block_.shapes().size());
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const ColumnBlock::Shape& shape = block_.shapes()[i];
    const ColumnBlock::Slot* const slots = block_.slots(shape);
    shapes[i] = has[shape.first_literal];
    for (std::uint32_t k = 0; k < shape.slots; ++k) shapes[i] = shapes[i] || has[slots[k].literal];
  }
  return rows_of_shapes(shapes, found);
}

bool ColumnSearch::word_in_texts(std::uint32_t column, std::string_view folded, RowSet& found) {
  const ColumnInfo& info = block_.columns()[column];
  std::vector<Mark> marks;
  for (std::uint32_t i = 0; i < info.segments; ++i) {
    const Segment& segment = block_.directory().segments[info.first_segment + i];
    bool contains = false;
    std::string_view page;
    if (!page_contains(segment.page, folded, contains)) return false;
    if (!contains) continue;
    if (!block_.load_page(segment.page, page)) return false;
    if (!contains_folded(page.substr(segment.at, segment.bytes), folded)) continue;
    const bool sound =
        block_.for_each_text(segment, [&](std::uint32_t code, std::string_view text) {
          if (!contains_folded(text, folded) || !has_word(text, folded)) return;
          if (marks.empty()) marks.assign(info.distinct, Mark::kNo);
          marks[code] = Mark::kYes;
        });
    if (!sound) return false;
  }
  if (marks.empty()) return true;
  return mark_texts(column, marks, [&](std::size_t place, Mark) { found.add(place); });
}

bool ColumnSearch::word_in_numbers(std::uint32_t column, std::string_view folded, RowSet& found) {
  const ColumnInfo& info = block_.columns()[column];
  if (info.encoding == ColumnEncoding::kIntegers) {
    const std::optional<std::int64_t> integer = integer_word(folded);
    return !integer || (number_rows(column, *integer, *integer, found) &&
                        number_rows(column, -*integer, -*integer, found));
  }
  if (!fits_time_word(info, folded)) return true;
  char buffer[kNumberTextMax];
  return for_each_number(column, [&](std::size_t place, std::int64_t number) {
    if (has_word(write_number(info, number, buffer), folded)) found.add(place);
  });
}

Result<RowSet> ColumnSearch::with_value(std::string_view name, const ValueTest& test) {
  RowSet found(block_.rows());
  for (std::uint32_t i = 0; i < block_.columns().size(); ++i) {
    if (block_.columns()[i].name == name && !value_rows(i, test, found)) return damaged();
  }
  return found;
}

bool ColumnSearch::value_rows(std::uint32_t column, const ValueTest& test, RowSet& found) {
  const ColumnInfo& info = block_.columns()[column];
  if (!block_.is_text(info)) {
    char buffer[kNumberTextMax];
    return for_each_number(column, [&](std::size_t place, std::int64_t number) {
      if (test(write_number(info, number, buffer))) found.add(place);
    });
  }
  std::vector<Mark> marks(info.distinct, Mark::kNo);
  bool any = false;
  for (std::uint32_t i = 0; i < info.segments; ++i) {
    const Segment& segment = block_.directory().segments[info.first_segment + i];
    const bool sound =
        block_.for_each_text(segment, [&](std::uint32_t code, std::string_view text) {
          if (!test(text)) return;
          marks[code] = Mark::kYes;
          any = true;
        });
    if (!sound) return false;
  }
  return !any || mark_texts(column, marks, [&](std::size_t place, Mark) { found.add(place); });
}

Result<RowSet> ColumnSearch::equal_to(std::string_view name, std::string_view value) {
  return with_value(name, [value](std::string_view text) { return text == value; });
}

Result<RowSet> ColumnSearch::with_prefix(std::string_view name, std::string_view prefix) {
  return with_value(name, [prefix](std::string_view text) { return text.starts_with(prefix); });
}

// Of kIntegers.
bool ColumnSearch::number_rows(std::uint32_t column, std::int64_t min, std::int64_t max,
                               RowSet& found) {
  const ColumnInfo& info = block_.columns()[column];
  if (max < info.min || min > info.max) return true;
  return for_each_number(column, [&](std::size_t place, std::int64_t number) {
    if (number >= min && number <= max) found.add(place);
  });
}

Result<RowSet> ColumnSearch::between(std::string_view name, std::int64_t min, std::int64_t max) {
  RowSet found(block_.rows());
  for (std::uint32_t i = 0; i < block_.columns().size(); ++i) {
    const ColumnInfo& info = block_.columns()[i];
    if (info.name != name || info.encoding == ColumnEncoding::kTimes) continue;
    if (info.ranged && (info.timed || max < info.min || min > info.max)) continue;
    const bool sound = info.encoding == ColumnEncoding::kIntegers
                           ? number_rows(i, min, max, found)
                           : value_rows(
                                 i,
                                 [min, max](std::string_view text) {
                                   const std::optional<std::int64_t> number =
                                       canonical_integer(text);
                                   return number && *number >= min && *number <= max;
                                 },
                                 found);
    if (!sound) return damaged();
  }
  return found;
}

Result<RowSet> ColumnSearch::having(std::string_view name) {
  RowSet found(block_.rows());
  for (std::uint32_t i = 0; i < block_.columns().size(); ++i) {
    if (block_.columns()[i].name != name) continue;
    const bool sound = for_each_cell(
        i, [](std::size_t) { return true; },
        [&found](std::size_t place, std::uint32_t) { found.add(place); });
    if (!sound) return damaged();
  }
  return found;
}

Result<RowSet> ColumnSearch::hits(std::string_view predicate) {
  RowSet found(block_.rows());
  std::string_view stored;
  if (!block_.section(Section::kHits, stored)) return damaged();
  if (stored.empty()) return found;
  Reader in(stored);
  const std::uint64_t size = in.varint();
  if (size > kColumnInflatedMax) return damaged_columns(block_.key(), "bad hits");
  std::vector<char> plain(static_cast<std::size_t>(size));
  if (!inflate(in.rest(), plain.data(), plain.size()))
    return damaged_columns(block_.key(), "cannot be inflated");
  Reader hits(std::string_view(plain.data(), plain.size()));
  for (std::uint64_t i = hits.varint(); i > 0 && hits.ok(); --i) {
    const std::string_view name = hits.text();
    std::uint64_t place = 0;
    for (std::uint64_t n = hits.varint(); n > 0 && hits.ok(); --n) {
      place += hits.varint();
      if (place >= block_.rows()) return damaged_columns(block_.key(), "bad hits");
      if (name == predicate) found.add(static_cast<std::size_t>(place));
    }
  }
  if (!hits.done()) return damaged_columns(block_.key(), "bad hits");
  return found;
}

}  // namespace picket::storage
