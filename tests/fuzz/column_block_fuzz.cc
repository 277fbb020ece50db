// Column blocks from a disk that lies, and records of any bytes into them.
//
// An input that begins with 'P' is the parts of a block, which get right checksums: u16 rows, u8
// flags, u8 runs, u32 raw bytes, u16 sizes of all sections but the last, and the sections, the
// directory not compressed. All other inputs are records, one a line: they must come back, and a
// search for a piece of one must find what looking at all of them finds.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "storage/columns/column_writer.h"
#include "storage/columns/words.h"
#include "storage/folded_text.h"
#include "tests/storage/column_parts.h"

namespace {

using namespace picket::storage;

constexpr BlockKey kKey{3, 1};

void check_parts(std::string_view bytes) {
  Reader in(bytes);
  ColumnParts parts;
  parts.header.rows = static_cast<std::uint32_t>(in.little(2));
  parts.header.flags = static_cast<std::uint16_t>(in.little(1));
  const auto runs = static_cast<std::uint32_t>(in.little(1));
  parts.header.raw_bytes = in.little(4);
  std::uint64_t sizes[kSections] = {};
  for (std::size_t i = 0; i + 1 < kSections; ++i) sizes[i] = in.little(2);
  if (!in.ok() || runs == 0 || runs > parts.header.rows) return;
  for (std::uint32_t i = 0; i < runs; ++i)
    parts.runs.push_back({picket::SourceId{i}, i + 1 < runs ? 1 : parts.header.rows - runs + 1, i});
  for (std::size_t i = 0; i + 1 < kSections; ++i)
    parts.sections[i] = in.rest().substr(0, sizes[i]), in.take(parts.sections[i].size());
  parts.sections[kSections - 1] = in.rest();
  answers_of(block_of(parts, kKey), kKey);
}

void check_records(std::string_view bytes) {
  std::vector<std::string_view> lines;
  for (std::string_view rest = bytes; lines.size() < 200;
       rest.remove_prefix(lines.back().size() + 1)) {
    lines.push_back(rest.substr(0, rest.find('\n')));
    if (lines.back().size() == rest.size()) break;
  }
  ColumnBlockBuilder builder;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    StoredRow row;
    row.record.raw = lines[i];
    row.record.length = static_cast<std::uint32_t>(lines[i].size());
    row.record.seq = i;
    row.position.row = static_cast<std::uint32_t>(i);
    builder.add(row);
  }
  std::vector<Run> runs;
  const std::string made = builder.build(kKey, runs);
  ColumnBlock block;
  PICKET_CHECK(block.open(made, kKey).has_value());
  RowSet all(block.rows());
  all.add_all();
  RowBuffer buffer;
  ColumnRows rows(block);
  PICKET_CHECK(rows.rebuild(all, buffer).has_value());
  for (std::size_t i = 0; i < lines.size(); ++i)
    PICKET_CHECK(buffer.rows[i].record.raw == lines[i]);
  const std::string_view first = lines.front();
  ColumnSearch search(block);
  for (std::size_t size = 1; size <= 9 && size <= first.size(); size += 4) {
    const std::string text = fold(first.substr(first.size() / 2, size));
    std::size_t naive = 0;
    for (const std::string_view line : lines) naive += contains_folded(line, text) ? 1U : 0U;
    PICKET_CHECK(search.containing(text)->count() == naive);
  }
  any_word(first, [&](std::string_view word) {
    const std::string folded = fold(word);
    std::size_t naive = 0;
    for (const std::string_view line : lines) naive += has_word(line, folded) ? 1U : 0U;
    PICKET_CHECK(search.with_word(folded)->count() == naive);
    return false;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!bytes.empty() && bytes.front() == 'P') {
    check_parts(bytes.substr(1));
  } else {
    check_records(bytes);
  }
  return 0;
}
