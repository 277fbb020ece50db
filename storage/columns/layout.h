// The fixed parts of a column block and its directory; docs/formats/column-blocks.md.
//
// Blocks come from the disk and may be damaged: read_column_head() and Directory::read() check
// every number against every other before anything is inflated or allocated by it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/block.h"
#include "storage/columns/piece.h"

namespace picket::storage {

inline constexpr char kColumnKind = 'C';
inline constexpr std::size_t kColumnRowsMax = 16'384;
inline constexpr std::size_t kColumnRawBytes = 32 * 1024 * 1024;      // a block is cut at this size
inline constexpr std::size_t kColumnInflatedMax = 128 * 1024 * 1024;  // a reader refuses more
inline constexpr std::size_t kColumnValuesMax = 4 * 1024 * 1024;
inline constexpr std::size_t kColumnHeadingsMax = 4096;
inline constexpr std::size_t kChunkRows = 2048;
inline constexpr std::uint16_t kGrouped = 1;
inline constexpr std::uint16_t kPositioned = 2;
inline constexpr std::uint16_t kHeadings = 4;
inline constexpr std::uint16_t kFiltered = 8;
inline constexpr std::uint16_t kHidingTold = 16;
inline constexpr std::uint16_t kHiding = 32;
// Flags of a row, beside its status.
inline constexpr unsigned kRowStatus = 3;
inline constexpr unsigned kRowCut = 4;
inline constexpr unsigned kRowHeaded = 8;
inline constexpr unsigned kRowHides = 16;

enum class Section : std::uint8_t {
  kDirectory,
  kRows,
  kShapes,
  kDictionaries,
  kCodes,
  kWords,
  kHits
};
inline constexpr std::size_t kSections = 7;

struct SectionEntry {
  std::uint32_t size = 0;
  std::uint64_t checksum = 0;
};

struct ColumnHead {
  BlockHeader header;  // table_bytes: of the directory
  std::array<SectionEntry, kSections> sections = {};
  std::size_t size = 0;  // where the sections begin
};

tl::unexpected<Error> damaged_columns(BlockKey key, std::string_view what);
std::uint64_t section_checksum(std::string_view bytes, BlockKey key, Section section);

// Header, runs, section table and checksum, before the sections.
std::string column_head(const BlockHeader& header, const std::vector<Run>& runs,
                        const std::array<SectionEntry, kSections>& sections, BlockKey key);
// kCorrupt or kInvalid as docs/formats/column-blocks.md says. `block` may be the head alone.
Result<ColumnHead> read_column_head(std::string_view block, BlockKey key);
// One section of a whole block, if its checksum is right.
Result<std::string_view> read_section(std::string_view block, const ColumnHead& head, BlockKey key,
                                      Section section);
std::vector<Run> read_column_runs(std::string_view block, const ColumnHead& head);

enum class ColumnEncoding : std::uint8_t { kDictionary, kPlain, kIntegers, kTimes };

// Some values of a column's dictionary, side by side in a page.
struct Segment {
  std::uint32_t page = 0;
  std::uint32_t at = 0;     // in the page
  std::uint32_t bytes = 0;  // sizes of the values and their texts
  std::uint32_t first = 0;  // number of its first value
  std::uint32_t values = 0;
};

struct ColumnInfo {
  std::string name;
  ColumnEncoding encoding = ColumnEncoding::kDictionary;
  bool ranged = false;     // every value is an integer, or a time of `format`
  bool one_piece = false;  // of codes
  bool timed = false;
  std::uint8_t format = 0;
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::uint32_t values = 0;         // how often it has a value
  std::uint32_t distinct = 0;       // values of the dictionary
  std::uint32_t first_count = 0;    // in Directory::counts: one a chunk, and their sum behind
  std::uint32_t first_segment = 0;  // in Directory::segments
  std::uint32_t segments = 0;
  std::uint32_t first_piece = 0;  // in Directory::codes
  std::uint32_t pieces = 0;
};

struct Directory {
  // `sizes` are those of the sections as stored.
  bool read(std::string_view bytes, const ColumnHead& head);

  Piece order, positions, headings;
  std::vector<Piece> row_shapes;  // one a chunk
  std::vector<Piece> row_tables;
  std::vector<Piece> received;
  std::uint32_t shapes = 0;
  std::uint32_t literals = 0;
  Piece slots, literal_texts;
  std::vector<Piece> pages;
  std::vector<ColumnInfo> columns;
  std::vector<std::uint32_t>
      counts;  // of each column: values before each chunk, and behind the last
  std::vector<Segment> segments;
  std::vector<Piece> codes;

 private:
  struct Bounds;
  bool read_rows(ByteCursor& in, Bounds& bounds, const ColumnHead& head);
  bool read_column(ByteCursor& in, Bounds& bounds, std::size_t chunks, ColumnInfo& column);
  bool read_segments(ByteCursor& in, ColumnInfo& column);
  bool read_codes(ByteCursor& in, Bounds& bounds, std::size_t chunks, ColumnInfo& column);

  std::vector<std::uint32_t> page_used_;  // bytes that segments take so far
};

std::size_t code_bytes(std::uint32_t distinct);  // 1, 2 or 4
inline std::size_t chunks_of(std::size_t rows) {
  return (rows + kChunkRows - 1) / kChunkRows;
}

}  // namespace picket::storage
