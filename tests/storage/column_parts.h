// Column blocks taken apart and put together with right checksums, so that damage behind them is
// met.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "storage/columns/column_rows.h"
#include "storage/columns/column_search.h"
#include "storage/columns/layout.h"
#include "storage/columns/piece.h"
#include "storage/encoding.h"

namespace picket::storage {

// The directory is not compressed here, so that single bytes of it can be changed.
struct ColumnParts {
  BlockHeader header;
  std::vector<Run> runs;
  std::array<std::string, kSections> sections;
};

inline ColumnParts parts_of(std::string_view block, BlockKey key) {
  ColumnParts parts;
  const Result<ColumnHead> head = read_column_head(block, key);
  if (!head) return parts;
  parts.header = head->header;
  parts.runs = read_column_runs(block, *head);
  for (std::size_t i = 0; i < kSections; ++i)
    parts.sections[i] = *read_section(block, *head, key, static_cast<Section>(i));
  std::string plain(parts.header.table_bytes, '\0');
  if (inflate(parts.sections[0], plain.data(), plain.size())) parts.sections[0] = plain;
  return parts;
}

inline std::string block_of(ColumnParts parts, BlockKey key) {
  std::string frame;
  put_frame(parts.sections[0], frame);
  parts.header.table_bytes = static_cast<std::uint32_t>(parts.sections[0].size());
  parts.sections[0] = frame;
  parts.header.payload_bytes = 0;
  std::array<SectionEntry, kSections> table;
  for (std::size_t i = 0; i < kSections; ++i) {
    table[i] = {static_cast<std::uint32_t>(parts.sections[i].size()),
                section_checksum(parts.sections[i], key, static_cast<Section>(i))};
    parts.header.payload_bytes += table[i].size;
  }
  std::string block = column_head(parts.header, parts.runs, table, key);
  for (const std::string& section : parts.sections) block += section;
  return block;
}

inline constexpr const char* kDamaged = "<damaged>";

// What a block answers to everything one can ask; kDamaged where it says that it is.
inline std::string answers_of(std::string_view bytes, BlockKey key) {
  static ColumnBlock block;  // as a search over many blocks uses one
  if (!block.open(bytes, key)) return kDamaged;
  std::string all;
  const auto add = [&all](const Result<RowSet>& rows) {
    all += rows ? std::to_string(rows->count()) + "," : std::string(kDamaged);
    if (rows) rows->for_each([&all](std::size_t place) { all += std::to_string(place) + " "; });
  };
  ColumnRows rows(block);
  RowSet every(block.rows());
  every.add_all();
  RowBuffer buffer;
  if (rows.rebuild(every, buffer)) {
    for (const StoredRow& row : buffer.rows) {
      all += std::string(row.record.raw) + std::to_string(row.time_ns) + "/" +
             std::to_string(row.record.seq) + "/" + std::to_string(row.record.received_ns) +
             std::string(row.record.heading) + std::to_string(row.record.length) + "@" +
             std::to_string(row.position.commit) + "/" + std::to_string(row.position.row) + ";";
    }
  } else {
    all += kDamaged;
  }
  std::string raw;
  const auto row = rows.row(block.rows() / 2, raw);
  all += row ? raw : std::string(kDamaged);
  const std::vector<Run> runs = block.runs();
  const auto fetched = ColumnRows(block).fetch(runs.back().source, runs.back().first_seq, raw);
  all += fetched ? raw : std::string(kDamaged);
  ColumnSearch search(block);
  for (const char* text : {"a", "\",\"", "10:0", "\":1", "17"}) add(search.containing(text));
  for (const char* word : {"alpha", "42", "01t10", "hostname", "absent"})
    add(search.with_word(word));
  add(search.between("EventID", 1, 2));
  add(search.equal_to("Hostname", "pc-1.example"));
  add(search.having("Image"));
  add(search.hits("rule-a"));
  return all;
}

}  // namespace picket::storage
