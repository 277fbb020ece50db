// ColumnRows: gives rows of a column block back, byte for byte.
//
// Keeps a reference to its block; a new one for each block. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/columns/column_block.h"
#include "storage/columns/row_set.h"
#include "storage/store.h"

namespace picket::storage {

// Rows in order of arrival; their views are of `raw` and of the block.
struct RowBuffer {
  std::string raw;  // padded as records of a batch are
  std::vector<StoredRow> rows;
};

class ColumnRows {
 public:
  explicit ColumnRows(ColumnBlock& block) : block_(block) {}

  // The bytes of the record at a place, behind what is in `out`.
  Result<void> append_raw(std::size_t place, std::string& out);
  // The same in `raw`, with all else that is known but its position.
  Result<StoredRow> row(std::size_t place, std::string& raw);
  // The row with this number of its source, likewise; nothing if the block does not have it.
  Result<std::optional<StoredRow>> fetch(SourceId source, std::uint64_t seq, std::string& raw);
  // Its place.
  Result<std::optional<std::size_t>> find(SourceId source, std::uint64_t seq);
  Result<RowPosition> position(std::size_t place);
  // Rows that may spell text otherwise than it is read (event/record_needs.h); all of them if the
  // block does not say.
  Result<RowSet> hiding_text();
  // When the rows of a set came, in order of arrival.
  Result<void> append_times(const RowSet& rows, std::vector<RowTime>& out);
  // The rows of a set, with positions.
  Result<void> rebuild(const RowSet& rows, RowBuffer& out);

 private:
  struct Meta {
    std::int64_t age_ns = 0;    // event time minus received
    std::uint32_t length = 0;   // 0: not cut
    std::uint32_t heading = 0;  // plus one; 0: none
    ParseStatus status = ParseStatus::kRaw;
    bool hides_text = false;
  };
  // A column in the chunk that is being rebuilt.
  struct Source {
    ColumnBlock::Codes codes;
    const std::string_view* texts = nullptr;  // of a text column
    const std::int64_t* numbers = nullptr;
    const ColumnInfo* info = nullptr;
  };
  bool seek(std::size_t place);
  void count_values(std::size_t first, std::size_t end);
  bool append(std::size_t place, std::string& out);
  bool load_sources(std::size_t chunk);
  std::string_view next_value(std::uint32_t column, char* buffer);
  bool append_next(std::size_t place, std::string& out);
  bool load_runs();
  bool read_groups(std::string_view& groups, std::size_t& width);
  std::optional<std::uint32_t> number_of(SourceId source, std::uint64_t seq) const;
  bool place_of(std::uint32_t number, std::size_t& place);
  bool load_meta(std::size_t chunk);
  bool load_received(std::size_t chunk);
  bool read_meta(std::string_view bytes, std::vector<Meta>& rows);
  bool load_orders();
  bool load_positions();
  bool load_headings();
  bool fill(std::size_t place, std::uint32_t number, StoredRow& row);
  tl::unexpected<Error> damaged() const { return tl::unexpected<Error>(block_.error()); }

  ColumnBlock& block_;
  // How many values each column has before place_ in its chunk.
  std::vector<std::uint32_t> ranks_;
  std::size_t place_ = SIZE_MAX;
  std::vector<std::vector<Meta>> meta_;              // of each chunk; empty: not loaded
  std::vector<std::vector<std::int64_t>> received_;  // by number, likewise
  std::vector<Source> sources_;                      // by column
  std::vector<Run> runs_;
  std::vector<std::uint32_t> run_starts_;  // number of the first row of each
  std::vector<std::uint16_t> places_;      // by number
  std::vector<std::uint16_t> numbers_;     // by place
  std::vector<RowPosition> positions_;     // by number
  std::vector<std::string_view> headings_;
};

}  // namespace picket::storage
