// RowBlock: the rows of one commit, compressed; docs/formats/store.md has the format.
//
// RowBlockBuilder gathers copies of rows in order of arrival and writes one block. RowBlock reads
// one back. Blocks come from the disk and may be damaged: every size is checked before it is used.
// A builder or a block belongs to one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "storage/encoding.h"
#include "storage/store.h"

namespace picket::storage {

inline constexpr std::size_t kBlockRowsMax = 4096;
inline constexpr std::size_t kBlockRawBytes = 4 * 1024 * 1024;       // a block is cut at this size
inline constexpr std::size_t kRecordBytesMax = 64 * 1024 * 1024;     // a longer record is cut here
inline constexpr std::size_t kBlockHeadingsMax = 64;                 // and at so many headings
inline constexpr std::size_t kBlockInflatedMax = 128 * 1024 * 1024;  // a reader refuses more

// Consecutive seqs of one source.
struct Run {
  SourceId source{};
  std::uint32_t rows = 0;
  std::uint64_t first_seq = 0;
};

// Where a block is: its key in `events`.
struct BlockKey {
  std::uint64_t commit = 0;
  std::uint16_t part = 0;
  std::uint64_t seed() const { return commit * 65536 + part; }
  std::string name() const {  // as errors say it
    return "event block " + std::to_string(commit) + "/" + std::to_string(part);
  }
  std::string bytes() const;  // as the database has it
  // Zeros behind the end of what is too short.
  static BlockKey of(std::string_view bytes);
};

class RowBlockBuilder {
 public:
  // Copies the record.
  void add(const Record& record, std::int64_t time_ns, ParseStatus status);
  bool empty() const { return rows_.empty(); }
  bool full() const {
    return rows_.size() >= kBlockRowsMax || raw_.size() >= kBlockRawBytes ||
           headings_.size() >= kBlockHeadingsMax;
  }
  std::size_t raw_bytes() const { return raw_.size(); }
  // The block without its checksum, see block_checksum(). Appends the runs
  // to `runs`. The builder keeps its rows.
  std::string build(std::vector<Run>& runs) const;
  void clear();

 private:
  struct Row {
    std::uint64_t seq;
    std::int64_t received_ns;
    std::int64_t time_ns;
    std::size_t at;  // in raw_
    std::uint32_t size;
    std::uint32_t length;
    SourceId source;
    std::uint16_t arrival;
    std::uint8_t heading;  // index into headings_, kNoHeading
    ParseStatus status;
  };
  static constexpr std::uint8_t kNoHeading = 255;
  std::uint8_t heading_of(const Record& record);
  std::vector<Row> sorted() const;
  static void put_table(std::string& table, const std::vector<Row>& rows, bool arrived_sorted);
  void put_headings(std::string& table, const std::vector<Row>& rows) const;

  std::vector<Row> rows_;
  std::vector<std::string> headings_;
  std::string raw_;
};

// What is appended to a block once its key is known.
std::string block_checksum(std::string_view block, BlockKey key);

// What the header says; needs no inflating.
struct BlockHeader {
  std::uint16_t flags = 0;
  std::uint32_t rows = 0;
  std::int64_t time_min = 0;
  std::int64_t time_max = 0;
  std::uint64_t raw_bytes = 0;
  std::uint32_t runs = 0;
  std::uint32_t table_bytes = 0;
  std::uint32_t payload_bytes = 0;
};
Result<BlockHeader> read_block_header(std::string_view block, BlockKey key);
// Of a block that RowBlock::read() has found sound, or at least whose header was read.
std::vector<Run> read_block_runs(std::string_view block, const BlockHeader& header);

class RowBlock {
 public:
  // Checks, inflates and indexes a block; reuses the memory of the one before. After an error the
  // block is empty.
  Result<void> read(std::string_view block, BlockKey key);
  std::size_t size() const { return rows_.size(); }
  // By position in order of arrival. Its views die at the next read().
  const StoredRow& row(std::size_t arrival) const { return rows_[order_[arrival]]; }
  // nullptr if the block does not have it.
  const StoredRow* find(SourceId source, std::uint64_t seq) const;

 private:
  bool read_table(const BlockHeader& header, std::string_view table, std::string_view raw);
  bool read_headings(std::string_view flags, Reader& in);
  void number_rows(const BlockHeader& header, std::string_view runs);

  std::vector<char> inflated_;
  std::vector<StoredRow> rows_;       // as stored: by source and seq
  std::vector<std::uint16_t> order_;  // arrival -> index into rows_
};

}  // namespace picket::storage
