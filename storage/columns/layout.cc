#include "storage/columns/layout.h"

#include <algorithm>

#include "base/hash.h"
#include "storage/columns/number_text.h"
#include "storage/columns/record_splitter.h"

namespace picket::storage {
namespace {

constexpr int kVersion = 1;
constexpr std::size_t kHeaderBytes = 48;
constexpr std::size_t kRunBytes = 16;
constexpr std::size_t kEntryBytes = 12;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::uint64_t kHeadSeed = 7;
constexpr unsigned kRanged = 1;
constexpr unsigned kOnePiece = 2;
constexpr unsigned kTimed = 4;
constexpr std::size_t kPagesMax = 1U << 16;

std::uint64_t seed_of(BlockKey key, std::uint64_t part) {
  return key.seed() * 8 + part;
}

bool is_numeric(ColumnEncoding encoding) {
  return encoding == ColumnEncoding::kIntegers || encoding == ColumnEncoding::kTimes;
}

}  // namespace

tl::unexpected<Error> damaged_columns(BlockKey key, std::string_view what) {
  return fail(Errc::kCorrupt, "store: " + key.name() + ": " + std::string(what));
}

std::uint64_t section_checksum(std::string_view bytes, BlockKey key, Section section) {
  return hash64(bytes, seed_of(key, static_cast<std::uint64_t>(section)));
}

std::size_t code_bytes(std::uint32_t distinct) {
  if (distinct <= 1U << 8) return 1;
  return distinct <= 1U << 16 ? 2 : 4;
}

std::string column_head(const BlockHeader& header, const std::vector<Run>& runs,
                        const std::array<SectionEntry, kSections>& sections, BlockKey key) {
  std::string out;
  out += kColumnKind;
  out += static_cast<char>(kVersion);
  put_little(out, header.flags, 2);
  put_little(out, header.rows, 4);
  put_little(out, static_cast<std::uint64_t>(header.time_min), 8);
  put_little(out, static_cast<std::uint64_t>(header.time_max), 8);
  put_little(out, header.raw_bytes, 8);
  put_little(out, runs.size(), 4);
  put_little(out, header.table_bytes, 4);
  put_little(out, header.payload_bytes, 4);
  put_little(out, 0, 4);
  for (const Run& run : runs) {
    put_little(out, static_cast<std::uint32_t>(run.source), 4);
    put_little(out, run.rows, 4);
    put_little(out, run.first_seq, 8);
  }
  for (const SectionEntry& section : sections) {
    put_little(out, section.size, 4);
    put_little(out, section.checksum, 8);
  }
  put_little(out, hash64(out, seed_of(key, kHeadSeed)), kChecksumBytes);
  return out;
}

Result<ColumnHead> read_column_head(std::string_view block, BlockKey key) {
  if (block.size() < kHeaderBytes) return damaged_columns(key, "cut short");
  Reader in(block);
  const auto kind = static_cast<char>(in.little(1));
  const auto version = static_cast<int>(in.little(1));
  if (kind != kColumnKind || version != kVersion) {
    return fail(Errc::kInvalid, "store: " + key.name() + " is of a kind or version (" +
                                    std::to_string(static_cast<unsigned char>(kind)) + ", " +
                                    std::to_string(version) + ") that only a newer version reads");
  }
  ColumnHead head;
  BlockHeader& header = head.header;
  header.flags = static_cast<std::uint16_t>(in.little(2));
  header.rows = static_cast<std::uint32_t>(in.little(4));
  header.time_min = static_cast<std::int64_t>(in.little(8));
  header.time_max = static_cast<std::int64_t>(in.little(8));
  header.raw_bytes = in.little(8);
  header.runs = static_cast<std::uint32_t>(in.little(4));
  header.table_bytes = static_cast<std::uint32_t>(in.little(4));
  header.payload_bytes = static_cast<std::uint32_t>(in.little(4));
  in.little(4);
  const bool counts_fit = header.rows > 0 && header.rows <= kColumnRowsMax && header.runs > 0 &&
                          header.runs <= header.rows && header.raw_bytes <= kColumnInflatedMax &&
                          header.table_bytes <= kColumnInflatedMax;
  if (!counts_fit) return damaged_columns(key, "impossible header");
  const std::size_t before = kHeaderBytes + header.runs * kRunBytes + kSections * kEntryBytes;
  head.size = before + kChecksumBytes;
  if (block.size() < head.size) return damaged_columns(key, "cut short");
  if (hash64(block.substr(0, before), seed_of(key, kHeadSeed)) !=
      Reader(block.substr(before)).little(kChecksumBytes)) {
    return damaged_columns(key, "bad checksum");
  }
  in.take(header.runs * kRunBytes);
  std::uint64_t payload = 0;
  for (SectionEntry& section : head.sections) {
    section.size = static_cast<std::uint32_t>(in.little(4));
    section.checksum = in.little(8);
    payload += section.size;
  }
  if (payload != header.payload_bytes) return damaged_columns(key, "impossible header");
  return head;
}

Result<std::string_view> read_section(std::string_view block, const ColumnHead& head, BlockKey key,
                                      Section section) {
  const auto index = static_cast<std::size_t>(section);
  std::uint64_t at = head.size;
  for (std::size_t i = 0; i < index; ++i) at += head.sections[i].size;
  const SectionEntry& entry = head.sections[index];
  if (block.size() != head.size + std::uint64_t{head.header.payload_bytes})
    return damaged_columns(key, "wrong size");
  const std::string_view bytes = block.substr(at, entry.size);
  if (section_checksum(bytes, key, section) != entry.checksum)
    return damaged_columns(key, "bad checksum");
  return bytes;
}

std::vector<Run> read_column_runs(std::string_view block, const ColumnHead& head) {
  Reader in(block.substr(kHeaderBytes, head.header.runs * kRunBytes));
  std::vector<Run> runs(head.header.runs);
  for (Run& run : runs) {
    run.source = SourceId{static_cast<std::uint32_t>(in.little(4))};
    run.rows = static_cast<std::uint32_t>(in.little(4));
    run.first_seq = in.little(8);
  }
  return runs;
}

// How much of each section its pieces take so far, and what all of them are inflated.
struct Directory::Bounds {
  std::uint64_t rows = 0;
  std::uint64_t shapes = 0;
  std::uint64_t dictionaries = 0;
  std::uint64_t codes = 0;
  std::uint64_t inflated = 0;
  std::uint64_t values = 0;
  Piece next(ByteCursor& in, std::uint64_t& at) {
    const Piece piece = read_piece(in, at);
    inflated += piece.inflated;
    return piece;
  }
};

bool Directory::read(std::string_view bytes, const ColumnHead& head) {
  ByteCursor in(bytes);
  Bounds bounds;
  const std::size_t chunks = chunks_of(head.header.rows);
  if (!read_rows(in, bounds, head)) return false;
  const std::uint64_t shape_count = in.varint();
  slots = bounds.next(in, bounds.shapes);
  const std::uint64_t literal_count = in.varint();
  literal_texts = bounds.next(in, bounds.shapes);
  const std::uint64_t page_count = in.varint();
  if (shape_count == 0 || shape_count > kShapesMax || literal_count == 0 ||
      literal_count > literal_texts.inflated || literal_count > kLiteralsMax ||
      page_count > kPagesMax) {
    return false;
  }
  shapes = static_cast<std::uint32_t>(shape_count);
  literals = static_cast<std::uint32_t>(literal_count);
  pages.clear();
  for (std::uint64_t i = 0; i < page_count && in.ok(); ++i)
    pages.push_back(bounds.next(in, bounds.dictionaries));
  const std::uint64_t column_count = in.varint();
  if (!in.ok() || column_count == 0 || column_count > kColumnsMax) return false;
  columns.resize(static_cast<std::size_t>(column_count));
  counts.clear();
  segments.clear();
  codes.clear();
  page_used_.assign(pages.size(), 0);
  for (ColumnInfo& column : columns) {
    if (!read_column(in, bounds, chunks, column)) return false;
  }
  for (std::size_t i = 0; i < pages.size(); ++i) {
    if (page_used_[i] != pages[i].inflated) return false;
  }
  const auto size = [&head](Section section) {
    return std::uint64_t{head.sections[static_cast<std::size_t>(section)].size};
  };
  return in.done() && bounds.inflated <= kColumnInflatedMax &&
         bounds.rows == size(Section::kRows) && bounds.shapes == size(Section::kShapes) &&
         bounds.dictionaries == size(Section::kDictionaries) &&
         bounds.codes == size(Section::kCodes);
}

bool Directory::read_rows(ByteCursor& in, Bounds& bounds, const ColumnHead& head) {
  order = positions = headings = {};
  if ((head.header.flags & kGrouped) != 0) order = bounds.next(in, bounds.rows);
  if ((head.header.flags & kPositioned) != 0) positions = bounds.next(in, bounds.rows);
  if ((head.header.flags & kHeadings) != 0) headings = bounds.next(in, bounds.rows);
  row_shapes.clear();
  row_tables.clear();
  received.clear();
  for (std::size_t i = 0; i < chunks_of(head.header.rows); ++i) {
    row_shapes.push_back(bounds.next(in, bounds.rows));
    row_tables.push_back(bounds.next(in, bounds.rows));
    received.push_back(bounds.next(in, bounds.rows));
  }
  return in.ok();
}

bool Directory::read_column(ByteCursor& in, Bounds& bounds, std::size_t chunks,
                            ColumnInfo& column) {
  const std::string_view name = in.text();
  const unsigned encoding = in.byte();
  const unsigned flags = in.byte();
  if (name.size() > kColumnNameMax || encoding > 3 || flags > (kRanged | kOnePiece | kTimed))
    return false;
  column.name = name;
  column.encoding = static_cast<ColumnEncoding>(encoding);
  column.ranged = (flags & kRanged) != 0;
  column.one_piece = (flags & kOnePiece) != 0;
  column.timed = (flags & kTimed) != 0;
  column.first_count = static_cast<std::uint32_t>(counts.size());
  std::uint64_t values = 0;
  for (std::size_t i = 0; i < chunks; ++i) {
    counts.push_back(static_cast<std::uint32_t>(values));
    const std::uint64_t count = in.varint();
    if (count > kColumnValuesMax) return false;
    values += count;
  }
  bounds.values += values;
  if (bounds.values > kColumnValuesMax || values == 0) return false;
  counts.push_back(static_cast<std::uint32_t>(values));
  column.values = static_cast<std::uint32_t>(values);
  column.format = 0;
  if (column.timed || column.encoding == ColumnEncoding::kTimes) {
    column.format = in.byte();
    if (!is_time_format(column.format)) return false;
  }
  column.min = column.max = 0;
  if (column.ranged) {
    column.min = in.signed_varint();
    const std::uint64_t max = static_cast<std::uint64_t>(column.min) + in.varint();
    column.max = static_cast<std::int64_t>(max);
    if (column.max < column.min) return false;
  }
  column.distinct = 0;
  column.segments = 0;
  if (!is_numeric(column.encoding)) {
    if (!read_segments(in, column)) return false;
  } else if (!column.ranged) {
    return false;
  }
  return read_codes(in, bounds, chunks, column);
}

bool Directory::read_segments(ByteCursor& in, ColumnInfo& column) {
  const std::uint64_t distinct = in.varint();
  const std::uint64_t count = in.varint();
  column.first_segment = static_cast<std::uint32_t>(segments.size());
  std::uint64_t page = 0;
  std::uint64_t first = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    page += in.varint();
    const std::uint64_t values = in.varint();
    const std::uint64_t bytes = in.varint();
    if (!in.ok() || page >= pages.size()) return false;
    const auto index = static_cast<std::size_t>(page);
    if (values == 0 || values > bytes || bytes > pages[index].inflated - page_used_[index])
      return false;
    segments.push_back({.page = static_cast<std::uint32_t>(page),
                        .at = page_used_[index],
                        .bytes = static_cast<std::uint32_t>(bytes),
                        .first = static_cast<std::uint32_t>(first),
                        .values = static_cast<std::uint32_t>(values)});
    page_used_[index] += static_cast<std::uint32_t>(bytes);
    first += values;
  }
  column.segments = static_cast<std::uint32_t>(count);
  column.distinct = static_cast<std::uint32_t>(distinct);
  const bool fits = column.encoding == ColumnEncoding::kPlain ? distinct == column.values
                                                              : distinct <= column.values;
  return fits && distinct > 0 && first == distinct;
}

bool Directory::read_codes(ByteCursor& in, Bounds& bounds, std::size_t chunks, ColumnInfo& column) {
  column.first_piece = static_cast<std::uint32_t>(codes.size());
  const bool numeric = is_numeric(column.encoding);
  column.pieces = 0;
  const bool none = column.encoding == ColumnEncoding::kPlain || (!numeric && column.distinct == 1);
  if (none) return true;
  const std::uint32_t* const before = counts.data() + column.first_count;
  const std::size_t width = code_bytes(column.distinct);
  const std::size_t pieces = column.one_piece ? 1 : chunks;
  for (std::size_t i = 0; i < pieces; ++i) {
    const std::uint64_t values = column.one_piece ? column.values : before[i + 1] - before[i];
    codes.emplace_back();  // empty where a chunk has no values
    if (values == 0) continue;
    codes.back() = bounds.next(in, bounds.codes);
    // A varint takes a byte at least.
    const std::uint64_t bytes = codes.back().inflated;
    if (!in.ok() || (numeric ? bytes < values + 1 : bytes != values * width)) return false;
  }
  column.pieces = static_cast<std::uint32_t>(pieces);
  return true;
}

}  // namespace picket::storage
