#include "storage/columns/column_block.h"

#include <algorithm>
#include <cstring>

#include "storage/columns/byte_cursor.h"
#include "storage/columns/number_text.h"
#include "storage/columns/record_splitter.h"
#include "storage/encoding.h"

namespace picket::storage {

namespace {
constexpr const char* kCannotInflate = "cannot be inflated";
constexpr std::size_t kSlotBytes = 4;
}  // namespace

std::string_view write_number(const ColumnInfo& column, std::int64_t number, char* buffer) {
  return column.encoding == ColumnEncoding::kTimes ? write_time(column.format, number, buffer)
                                                   : write_integer(number, buffer);
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
  codes_checked_.assign(directory_.codes.size(), false);
  if (texts_.size() < columns().size()) texts_.resize(columns().size());
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
  for (std::vector<std::string_view>& texts : texts_) texts.clear();
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
  ByteCursor in(bytes);
  std::vector<std::uint64_t> sizes(directory_.literals);
  for (std::uint64_t& size : sizes) size = in.varint();
  literals_.clear();
  for (const std::uint64_t size : sizes) literals_.push_back(in.take(size));
  return in.done();
}

bool ColumnBlock::read_slots(std::string_view bytes) {
  ByteCursor in(bytes);
  std::uint64_t all = 0;
  for (std::uint32_t i = 0; i < directory_.shapes; ++i) {
    const std::uint64_t count = in.varint();
    const std::uint64_t first_literal = in.varint();
    if (count == 0 || count > kRecordValuesMax || first_literal >= literals_.size()) return false;
    shapes_.push_back({.first_literal = static_cast<std::uint32_t>(first_literal),
                       .first_slot = static_cast<std::uint32_t>(all),
                       .slots = static_cast<std::uint32_t>(count)});
    all += count;
  }
  if (!in.ok() || in.left() != all * kSlotBytes) return false;
  const std::string_view pairs = in.take(in.left());
  slots_.resize(static_cast<std::size_t>(all));
  const auto number_at = [&pairs](std::size_t at) {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(pairs[at]) |
                                      static_cast<unsigned char>(pairs[at + 1]) << 8);
  };
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    slots_[i] = {number_at(i * kSlotBytes), number_at(i * kSlotBytes + 2)};
    if (slots_[i].column >= columns().size() || slots_[i].literal >= literals_.size()) return false;
  }
  return true;
}

bool ColumnBlock::load_row_shapes(std::size_t chunk) {
  if (chunk_loaded_[chunk]) return true;
  std::string_view bytes;
  if (!load_shapes() || !inflated(Section::kRows, directory_.row_shapes[chunk], bytes))
    return false;
  ByteCursor in(bytes);
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
  ByteCursor in(page.substr(segment.at, segment.bytes));
  ends.reserve(segment.values + 1);
  std::uint64_t end = 0;
  ends.push_back(0);
  for (std::uint32_t i = 0; i < segment.values && end <= segment.bytes; ++i) {
    end += in.varint();
    ends.push_back(static_cast<std::uint32_t>(end));
  }
  if (!in.ok() || end != in.left()) {
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

bool ColumnBlock::load_texts(const ColumnInfo& column, const std::string_view*& texts) {
  std::vector<std::string_view>& all = texts_[static_cast<std::size_t>(&column - columns().data())];
  if (all.empty()) {
    all.reserve(column.distinct);
    for (std::uint32_t i = 0; i < column.segments; ++i) {
      const Segment& segment = directory_.segments[column.first_segment + i];
      if (!for_each_text(segment,
                         [&all](std::uint32_t, std::string_view text) { all.push_back(text); })) {
        all.clear();
        return false;
      }
    }
  }
  texts = all.data();
  return true;
}

bool ColumnBlock::load_piece(std::size_t piece, std::string_view& bytes) {
  if (codes_[piece].data() == nullptr &&
      !inflated(Section::kCodes, directory_.codes[piece], codes_[piece])) {
    return false;
  }
  bytes = codes_[piece];
  return true;
}

bool ColumnBlock::load_unchecked(const ColumnInfo& column, std::size_t chunk, Codes& codes) {
  const std::uint32_t before = values_before(column, chunk);
  codes = {.count = values_before(column, chunk + 1) - before};
  if (column.encoding == ColumnEncoding::kPlain) {
    codes.first = before;
    codes.step = 1;
    return true;
  }
  if (column.distinct == 1 || codes.count == 0) return true;
  std::string_view bytes;
  if (!load_piece(column.first_piece + (column.one_piece ? 0 : chunk), bytes)) return false;
  codes.width = static_cast<std::uint32_t>(code_bytes(column.distinct));
  codes.bytes = reinterpret_cast<const unsigned char*>(bytes.data());
  if (column.one_piece) codes.bytes += std::size_t{before} * codes.width;
  return true;
}

bool ColumnBlock::load_codes(const ColumnInfo& column, std::size_t chunk, Codes& codes) {
  if (!load_unchecked(column, chunk, codes)) return false;
  if (codes.width == 0) return true;
  const std::size_t piece = column.first_piece + (column.one_piece ? 0 : chunk);
  if (codes_checked_[piece]) return true;
  if (!check_codes(column, piece)) return fail_with("bad code");
  codes_checked_[piece] = true;
  return true;
}

bool ColumnBlock::check_codes(const ColumnInfo& column, std::size_t piece) {
  const auto width = static_cast<std::uint32_t>(code_bytes(column.distinct));
  if (column.distinct == std::uint64_t{1} << (8 * width)) return true;
  const std::string_view bytes = codes_[piece];
  const auto count = static_cast<std::uint32_t>(bytes.size() / width);
  const Codes codes{.bytes = reinterpret_cast<const unsigned char*>(bytes.data()), .width = width};
  std::uint32_t most = 0;
  for (std::uint32_t i = 0; i < count; ++i) most = std::max(most, codes[i]);
  return most < column.distinct;
}

bool ColumnBlock::load_numbers(const ColumnInfo& column, std::size_t chunk,
                               const std::int64_t*& numbers) {
  const std::uint32_t before = values_before(column, chunk);
  const std::uint32_t count = values_before(column, chunk + 1) - before;
  numbers = nullptr;
  if (count == 0) return true;
  const std::size_t piece = column.first_piece + (column.one_piece ? 0 : chunk);
  std::vector<std::int64_t>& all = numbers_[piece];
  if (all.empty()) {
    std::string_view bytes;
    if (!load_piece(piece, bytes)) return false;
    all.resize(column.one_piece ? column.values : count);
    if (!read_numbers(column, bytes, all)) {
      all.clear();
      return fail_with("bad numbers");
    }
  }
  numbers = all.data() + (column.one_piece ? before : 0);
  return true;
}

bool ColumnBlock::read_numbers(const ColumnInfo& column, std::string_view bytes,
                               std::vector<std::int64_t>& numbers) {
  ByteCursor in(bytes.substr(1));  // Directory::read() has seen that it is longer
  const bool steps = bytes.front() != 0;
  std::uint64_t before = steps ? 0 : static_cast<std::uint64_t>(column.min);
  for (std::int64_t& number : numbers) {
    const std::uint64_t value = before + static_cast<std::uint64_t>(in.signed_varint());
    number = static_cast<std::int64_t>(value);
    if (steps) before = value;
  }
  return in.done();
}

bool ColumnBlock::value(const ColumnInfo& column, Cell cell, char* buffer,
                        std::string_view& value) {
  if (cell.rank >= values_before(column, cell.chunk + 1) - values_before(column, cell.chunk))
    return fail_with("too few values in a column");
  if (is_text(column)) {
    Codes codes;
    if (!load_unchecked(column, cell.chunk, codes)) return false;
    const std::uint32_t code = codes[cell.rank];
    return code < column.distinct ? text(column, code, value) : fail_with("bad code");
  }
  const std::int64_t* numbers = nullptr;
  if (!load_numbers(column, cell.chunk, numbers)) return false;
  value = write_number(column, numbers[cell.rank], buffer);
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
