#include "storage/columns/column_encoder.h"

#include <algorithm>

#include "storage/columns/number_text.h"

namespace picket::storage {
namespace {

constexpr std::size_t kPageBytes = 16 * 1024;
constexpr std::size_t kWholePageBytes = 64 * 1024;  // of records that were not taken apart
constexpr std::size_t kOnePieceValues = 2 * kChunkRows;
constexpr std::uint32_t kFewValues = 256;  // numbers of so few are a dictionary, of one byte a code
constexpr std::uint32_t kNew = UINT32_MAX;

// A dictionary that hardly any value shares costs codes and gains nothing.
bool is_plain(std::size_t distinct, std::size_t values) {
  return distinct > 1 && distinct * 4 >= values * 3;
}

std::uint64_t distance(std::int64_t from, std::int64_t to) {
  return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
}

}  // namespace

bool ColumnEncoder::add(const Column& column) {
  const std::size_t values = column.cells.size();
  const std::uint32_t distinct = column.table.size();
  const Numbers numbers = numbers_of(column.table);
  const bool one_piece = values <= kOnePieceValues;
  if (numbers.all && (distinct > kFewValues || (distinct > 1 && distinct * 2 > values))) {
    put_line(column, numbers.times ? ColumnEncoding::kTimes : ColumnEncoding::kIntegers, numbers,
             one_piece);
    for_each_piece(column, one_piece, [&](auto cells) { put_numbers(cells, numbers); });
    return false;
  }
  if (is_plain(distinct, values)) {
    put_line(column, ColumnEncoding::kPlain, {}, one_piece);
    put_segments(column, column.cells);
    return true;
  }
  put_line(column, ColumnEncoding::kDictionary, numbers, one_piece);
  put_segments(column, order_values(column));
  if (distinct > 1)
    for_each_piece(column, one_piece, [&](auto cells) { put_codes(cells, distinct); });
  return true;
}

void ColumnEncoder::finish() {
  if (!page_.empty()) close_page();
}

template <class F>
void ColumnEncoder::for_each_piece(const Column& column, bool one_piece, F f) {
  if (one_piece) {
    f(column.cells);
    return;
  }
  std::size_t at = 0;
  for (const std::uint32_t count : column.counts) {
    if (count > 0) f(column.cells.subspan(at, count));
    at += count;
  }
}

ColumnEncoder::Numbers ColumnEncoder::numbers_of(const ValueTable& table) {
  Numbers numbers;
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::int64_t value = 0;
    if (const auto integer = canonical_integer(table.at(i)); integer && !numbers.times) {
      value = *integer;
    } else {
      const auto time = canonical_time(table.at(i));
      if (!time || (i > 0 && (!numbers.times || time->format != numbers.format))) return {};
      numbers.times = true;
      numbers.format = time->format;
      value = time->units;
    }
    numbers.min = i == 0 ? value : std::min(numbers.min, value);
    numbers.max = i == 0 ? value : std::max(numbers.max, value);
    numbers.values.push_back(value);
  }
  numbers.all = true;
  return numbers;
}

void ColumnEncoder::put_line(const Column& column, ColumnEncoding encoding, const Numbers& numbers,
                             bool one_piece) {
  put_text(directory_, column.name);
  directory_ += static_cast<char>(encoding);
  directory_ +=
      static_cast<char>((numbers.all ? 1 : 0) | (one_piece ? 2 : 0) | (numbers.times ? 4 : 0));
  for (const std::uint32_t count : column.counts) put_varint(directory_, count);
  if (numbers.times) directory_ += static_cast<char>(numbers.format);
  if (!numbers.all) return;
  put_signed(directory_, numbers.min);
  put_varint(directory_, distance(numbers.min, numbers.max));
}

// The values of the table in the order in which cells have them first; renumbered_ is the reverse.
std::vector<std::uint32_t> ColumnEncoder::order_values(const Column& column) {
  renumbered_.assign(column.table.size(), kNew);
  std::vector<std::uint32_t> order;
  order.reserve(column.table.size());
  for (const std::uint32_t cell : column.cells) {
    if (renumbered_[cell] != kNew) continue;
    renumbered_[cell] = static_cast<std::uint32_t>(order.size());
    order.push_back(cell);
  }
  return order;
}

void ColumnEncoder::put_segments(const Column& column, std::span<const std::uint32_t> values) {
  const std::size_t limit = column.name.empty() ? kWholePageBytes : kPageBytes;
  std::string segments;
  std::uint32_t count = 0;
  std::uint32_t last_page = 0;
  put_varint(directory_, values.size());
  for (std::size_t at = 0; at < values.size(); ++count) {
    std::string& sizes = plain_;
    std::string& texts = other_;
    sizes.clear();
    texts.clear();
    const std::size_t first = at;
    do {
      const std::string_view text = column.table.at(values[at]);
      put_varint(sizes, text.size());
      texts += text;
      ++at;
    } while (at < values.size() && page_.size() + sizes.size() + texts.size() < limit);
    page_ += sizes;
    page_ += texts;
    put_varint(segments, pages_ - last_page);
    put_varint(segments, at - first);
    put_varint(segments, sizes.size() + texts.size());
    last_page = pages_;
    if (page_.size() >= limit) close_page();
  }
  put_varint(directory_, count);
  directory_ += segments;
}

void ColumnEncoder::close_page() {
  put_piece(page_, dictionaries_, page_directory_);
  page_.clear();
  ++pages_;
}

void ColumnEncoder::put_codes(std::span<const std::uint32_t> cells, std::uint32_t distinct) {
  const std::size_t width = code_bytes(distinct);
  plain_.resize(cells.size() * width);
  char* out = plain_.data();
  for (const std::uint32_t cell : cells) {
    const std::uint32_t code = renumbered_[cell];
    for (std::size_t i = 0; i < width; ++i) *out++ = static_cast<char>(code >> (8 * i));
  }
  put_piece(plain_, codes_, directory_);
}

void ColumnEncoder::put_numbers(std::span<const std::uint32_t> cells, const Numbers& numbers) {
  std::string& steps = plain_;
  std::string& whole = other_;
  steps.assign(1, '\1');
  whole.assign(1, '\0');
  std::int64_t before = 0;
  for (const std::uint32_t cell : cells) {
    const std::int64_t value = numbers.values[cell];
    put_signed(steps, static_cast<std::int64_t>(distance(before, value)));
    put_signed(whole, static_cast<std::int64_t>(distance(numbers.min, value)));
    before = value;
  }
  put_piece(steps.size() < whole.size() ? steps : whole, codes_, directory_);
}

}  // namespace picket::storage
