#include "storage/columns/column_block.h"

#include <algorithm>
#include <cstring>

#include "storage/columns/number_text.h"
#include "storage/columns/record_splitter.h"
#include "storage/encoding.h"

namespace picket::storage {

namespace {
constexpr const char* kCannotInflate = "cannot be inflated";
}

Result<void> ColumnBlock::open(std::string_view block, BlockKey key) {
  forget();
  key_ = key;
  PICKET_TRY(head_, read_column_head(block, key));
  bytes_ = block;
  if (block.size() != head_.size + head_.header.payload_bytes) {
    return damaged_columns(key, "wrong size");
  }
  std::string_view stored;
  if (!section(Section::kDirectory, stored)) return tl::unexpected<Error>(error());
  directory_bytes_.resize(head_.header.table_bytes);
  const std::string_view directory(directory_bytes_.data(), directory_bytes_.size());
  if (!inflate(stored, directory_bytes_.data(), directory_bytes_.size())) {
    return damaged_columns(key, kCannotInflate);
  }
  if (!directory_.read(directory, head_)) return damaged_columns(key, "bad directory");
  row_shapes_.assign(rows(), 0);
  chunk_loaded_.assign(chunks(), false);
  pages_.assign(directory_.pages.size(), {});
  codes_.assign(directory_.codes.size(), {});
  if (segment_ends_.size() < directory_.segments.size())
    segment_ends_.resize(directory_.segments.size());
  if (numbers_.size() < directory_.codes.size()) numbers_.resize(directory_.codes.size());
  return {};
}

// Keeps memory.
void ColumnBlock::forget() {
  arena_.reset();
  checked_ = {};
  damage_ = "";
  shapes_.clear();
  slots_.clear();
  literals_.clear();
  for (std::vector<std::uint32_t>& ends : segment_ends_) ends.clear();
  for (std::vector<std::int64_t>& numbers : numbers_) numbers.clear();
  filter_ = {};
  filter_read_ = false;
}

Error ColumnBlock::error() const {
  return damaged_columns(key_, damage_).value();
}

bool ColumnBlock::fail_with(const char* what) {
  damage_ = what;
  return false;
}

bool ColumnBlock::section(Section which, std::string_view& bytes) {
  const auto index = static_cast<std::size_t>(which);
  std::size_t at = head_.size;
  for (std::size_t i = 0; i < index; ++i) at += head_.sections[i].size;
  bytes = bytes_.substr(at, head_.sections[index].size);
  if (checked_[index]) return true;
  if (section_checksum(bytes, key_, which) != head_.sections[index].checksum)
    return fail_with("bad checksum");
  checked_[index] = true;
  return true;
}

bool ColumnBlock::inflated(Section which, const Piece& piece, std::string_view& bytes) {
  std::string_view stored;
  if (!section(which, stored)) return false;
  stored = stored.substr(piece.at, piece.stored);
  if (!piece.frame) {
    bytes = stored;
    return true;
  }
  char* const out = arena_.allocate(piece.inflated);
  if (!inflate(stored, out, piece.inflated)) return fail_with(kCannotInflate);
  bytes = {out, piece.inflated};
  return true;
}

bool ColumnBlock::load_shapes() {
  if (!shapes_.empty()) return true;
  std::string_view slots;
  std::string_view texts;
  if (!inflated(Section::kShapes, directory_.slots, slots) ||
      !inflated(Section::kShapes, directory_.literal_texts, texts)) {
    return false;
  }
  if (read_literals(texts) && read_slots(slots)) return true;
  shapes_.clear();
  return fail_with("bad shapes");
}

bool ColumnBlock::read_literals(std::string_view bytes) {
  Reader in(bytes);
  std::vector<std::uint64_t> sizes(directory_.literals);
  for (std::uint64_t& size : sizes) size = in.varint();
  literals_.clear();
  for (const std::uint64_t size : sizes) literals_.push_back(in.take(size));
  return in.done();
}

bool ColumnBlock::read_slots(std::string_view bytes) {
  Reader in(bytes);
  slots_.clear();
  for (std::uint32_t i = 0; i < directory_.shapes; ++i) {
    const std::uint64_t count = in.varint();
    const std::uint64_t first_literal = in.varint();
    if (count == 0 || count > kRecordValuesMax || first_literal >= literals_.size()) return false;
    shapes_.push_back({.first_literal = static_cast<std::uint32_t>(first_literal),
                       .first_slot = static_cast<std::uint32_t>(slots_.size()),
                       .slots = static_cast<std::uint32_t>(count)});
    for (std::uint64_t k = 0; k < count; ++k) {
      const std::uint64_t column = in.varint();
      const std::uint64_t literal = in.varint();
      if (column >= columns().size() || literal >= literals_.size()) return false;
      slots_.push_back({static_cast<std::uint32_t>(column), static_cast<std::uint32_t>(literal)});
    }
  }
  return in.done();
}

bool ColumnBlock::load_row_shapes(std::size_t chunk) {
  if (chunk_loaded_[chunk]) return true;
  std::string_view bytes;
  if (!load_shapes() || !inflated(Section::kRows, directory_.row_shapes[chunk], bytes)) return false;
  Reader in(bytes);
  const std::size_t end = std::min<std::size_t>((chunk + 1) * kChunkRows, rows());
  for (std::size_t place = chunk * kChunkRows; place < end; ++place) {
    const std::uint64_t shape = in.varint();
    if (shape >= shapes_.size()) return fail_with("bad shape of a row");
    row_shapes_[place] = static_cast<std::uint16_t>(shape);
  }
  if (!in.done()) return fail_with("bad shapes of rows");
  chunk_loaded_[chunk] = true;
  return true;
}

bool ColumnBlock::load_row_shapes() {
  for (std::size_t chunk = 0; chunk < chunks(); ++chunk) {
    if (!load_row_shapes(chunk)) return false;
  }
  return true;
}

bool ColumnBlock::load_page(std::size_t page, std::string_view& bytes) {
  if (pages_[page].data() == nullptr &&
      !inflated(Section::kDictionaries, directory_.pages[page], pages_[page])) {
    return false;
  }
  bytes = pages_[page];
  return true;
}

// Where each value begins in its page, and the last one ends.
bool ColumnBlock::load_segment(std::size_t index) {
  std::vector<std::uint32_t>& ends = segment_ends_[index];
  if (!ends.empty()) return true;
  const Segment& segment = directory_.segments[index];
  std::string_view page;
  if (!load_page(segment.page, page)) return false;
  Reader in(page.substr(segment.at, segment.bytes));
  ends.reserve(segment.values + 1);
  std::uint64_t end = 0;
  ends.push_back(0);
  for (std::uint32_t i = 0; i < segment.values && end <= segment.bytes; ++i) {
    end += in.varint();
    ends.push_back(static_cast<std::uint32_t>(end));
  }
  if (!in.ok() || end != in.rest().size()) {
    ends.clear();
    return fail_with("bad dictionary");
  }
  const auto texts_at = static_cast<std::uint32_t>(segment.at + segment.bytes - end);
  for (std::uint32_t& at : ends) at += texts_at;
  return true;
}

bool ColumnBlock::text(const ColumnInfo& column, std::uint32_t code, std::string_view& text) {
  const Segment* const first = directory_.segments.data() + column.first_segment;
  const Segment* const behind =
      std::upper_bound(first, first + column.segments, code,
                       [](std::uint32_t n, const Segment& segment) { return n < segment.first; });
  const Segment& segment = *(behind - 1);  // the first begins with 0
  const auto index = static_cast<std::size_t>(&segment - directory_.segments.data());
  if (!load_segment(index)) return false;
  const std::uint32_t* const ends = segment_ends_[index].data() + (code - segment.first);
  text = pages_[segment.page].substr(ends[0], ends[1] - ends[0]);
  return true;
}

bool ColumnBlock::load_codes(std::size_t piece, std::string_view& bytes) {
  if (codes_[piece].data() == nullptr &&
      !inflated(Section::kCodes, directory_.codes[piece], codes_[piece])) {
    return false;
  }
  bytes = codes_[piece];
  return true;
}

bool ColumnBlock::code(const ColumnInfo& column, Cell cell, std::uint32_t& code) {
  const std::uint32_t before = values_before(column, cell.chunk);
  if (cell.rank >= values_before(column, cell.chunk + 1) - before)
    return fail_with("too few values in a column");
  if (column.encoding == ColumnEncoding::kPlain) {
    code = before + cell.rank;
    return true;
  }
  code = 0;
  if (column.distinct == 1) return true;
  std::string_view bytes;
  if (!load_codes(column.first_piece + (column.one_piece ? 0 : cell.chunk), bytes)) return false;
  const std::size_t width = code_bytes(column.distinct);
  const std::size_t at = (column.one_piece ? before + cell.rank : cell.rank) * width;
  for (std::size_t i = 0; i < width; ++i)
    code |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return code < column.distinct || fail_with("bad code");
}

bool ColumnBlock::load_numbers(const ColumnInfo& column, std::size_t piece, std::uint32_t values) {
  std::vector<std::int64_t>& numbers = numbers_[piece];
  if (!numbers.empty()) return true;
  std::string_view bytes;
  if (!load_codes(piece, bytes)) return false;
  Reader in(bytes);
  const bool steps = in.little(1) != 0;
  numbers.resize(values);
  std::uint64_t before = steps ? 0 : static_cast<std::uint64_t>(column.min);
  for (std::int64_t& number : numbers) {
    const std::uint64_t value = before + static_cast<std::uint64_t>(in.signed_varint());
    number = static_cast<std::int64_t>(value);
    if (steps) before = value;
  }
  if (in.done()) return true;
  numbers.clear();
  return fail_with("bad numbers");
}

bool ColumnBlock::number(const ColumnInfo& column, Cell cell, std::int64_t& number) {
  const std::uint32_t before = values_before(column, cell.chunk);
  const std::uint32_t count = values_before(column, cell.chunk + 1) - before;
  if (cell.rank >= count) return fail_with("too few values in a column");
  const std::size_t piece = column.first_piece + (column.one_piece ? 0 : cell.chunk);
  if (!load_numbers(column, piece, column.one_piece ? column.values : count)) return false;
  number = numbers_[piece][column.one_piece ? before + cell.rank : cell.rank];
  return true;
}

bool ColumnBlock::value(const ColumnInfo& column, Cell cell, char* buffer,
                        std::string_view& value) {
  if (is_text(column)) {
    std::uint32_t which = 0;
    return code(column, cell, which) && text(column, which, value);
  }
  std::int64_t which = 0;
  if (!number(column, cell, which)) return false;
  value = column.encoding == ColumnEncoding::kTimes ? write_time(column.format, which, buffer)
                                                    : write_integer(which, buffer);
  return true;
}

bool ColumnBlock::load_filter(const WordFilter*& filter) {
  filter = &filter_;
  if (filter_read_ || (head_.header.flags & kFiltered) == 0) return true;
  std::string_view bytes;
  if (!section(Section::kWords, bytes)) return false;
  if (!filter_.read(bytes)) return fail_with("bad filter");
  filter_read_ = true;
  return true;
}

}  // namespace picket::storage
