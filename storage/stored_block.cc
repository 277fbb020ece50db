#include "storage/stored_block.h"

#include <optional>
#include <string>
#include <utility>

#include "storage/columns/block_needs.h"
#include "storage/columns/column_query.h"
#include "storage/columns/column_search.h"
#include "storage/columns/layout.h"

namespace picket::storage {
namespace {

void copy_row(const StoredRow& row, Batch& batch) {
  Record& record =
      batch.add(row.record.raw, row.record.source, row.record.seq, row.record.received_ns);
  record.length = row.record.length;
  batch.set_heading(record, row.record.heading);
}

}  // namespace

bool is_column_block(std::string_view block) {
  return block.starts_with(kColumnKind);
}

Result<BlockHeader> header_of_block(std::string_view block, BlockKey key) {
  if (!is_column_block(block)) return read_block_header(block, key);
  PICKET_TRY(const ColumnHead head, read_column_head(block, key));
  return head.header;
}

Result<BlockHead> head_of_block(std::string_view block, BlockKey key) {
  if (is_column_block(block)) {
    PICKET_TRY(const ColumnHead head, read_column_head(block, key));
    return BlockHead{head.header, read_column_runs(block, head)};
  }
  PICKET_TRY(const BlockHeader header, read_block_header(block, key));
  return BlockHead{header, read_block_runs(block, header)};
}

Result<void> StoredBlock::read(std::string_view block, BlockKey key, const ScanOptions& options) {
  key_ = key;
  rows_ruled_out_ = 0;
  bytes_ruled_out_ = 0;
  left_out_.clear();
  is_columns_ = is_column_block(block);
  return is_columns_ ? read_columns(block, options) : block_.read(block, key);
}

Result<void> StoredBlock::read_columns(std::string_view block, const ScanOptions& options) {
  rows_.rows.clear();
  PICKET_TRY(const BlockNeeds needs, BlockNeeds::of(options.needs, block, key_));
  if (needs.nothing() && !options.left_out) {
    PICKET_TRY(const BlockHeader header, header_of_block(block, key_));
    rows_ruled_out_ = header.rows;
    bytes_ruled_out_ = header.raw_bytes;
    return {};
  }
  PICKET_TRY_VOID(columns_.open(block, key_));
  PICKET_TRY(const RowSet wanted, choose(needs, options));
  if (!wanted.empty()) {
    PICKET_TRY_VOID(ColumnRows(columns_).rebuild(wanted, rows_));
  }
  return note_left_out(wanted, options);
}

Result<RowSet> StoredBlock::choose(const BlockNeeds& needs, const ScanOptions& options) {
  ColumnSearch search(columns_);
  PICKET_TRY(RowSet wanted, needs.rows(columns_, search));
  if (options.filter != nullptr && !wanted.empty()) {
    PICKET_TRY(const CandidateRows candidates,
               candidate_rows(*options.filter, search, columns_.rows()));
    wanted.intersect(candidates.rows);
  }
  return wanted;
}

Result<void> StoredBlock::note_left_out(const RowSet& wanted, const ScanOptions& options) {
  rows_ruled_out_ = columns_.rows() - rows_.rows.size();
  bytes_ruled_out_ = columns_.header().raw_bytes;
  for (const StoredRow& row : rows_.rows) bytes_ruled_out_ -= row.record.raw.size();
  if (!options.left_out || rows_ruled_out_ == 0) return {};
  RowSet others(columns_.rows());
  others.add_all();
  others.subtract(wanted);
  return ColumnRows(columns_).append_times(others, left_out_);
}

StoredRow StoredBlock::row(std::size_t index) const {
  if (is_columns_) return rows_.rows[index];
  StoredRow row = block_.row(index);
  row.position = {key_.commit, key_.part, static_cast<std::uint32_t>(index)};
  return row;
}

Result<bool> StoredBlock::fetch(std::string_view block, BlockKey key, SourceId source,
                                std::uint64_t seq, Batch& batch) {
  if (!is_column_block(block)) {
    PICKET_TRY_VOID(read(block, key));
    const StoredRow* const row = block_.find(source, seq);
    if (row != nullptr) copy_row(*row, batch);
    return row != nullptr;
  }
  PICKET_TRY_VOID(columns_.open(block, key));
  std::string raw;
  PICKET_TRY(const std::optional<StoredRow> row, ColumnRows(columns_).fetch(source, seq, raw));
  if (row) copy_row(*row, batch);
  return row.has_value();
}

}  // namespace picket::storage
