// build(): put rows in order by number, group them by host, and write section after section.
// Shapes, literals and columns get new numbers, in the order in which rows by place have them
// first: the splitter knows more than one block needs.
#include "storage/columns/column_writer.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>
#include <unordered_map>

#include "base/check.h"
#include "base/hash.h"
#include "event/record_needs.h"
#include "storage/columns/column_encoder.h"
#include "storage/columns/word_keys.h"

namespace picket::storage {
namespace {

constexpr std::uint32_t kUnused = UINT32_MAX;
constexpr std::size_t kShapesKept = 512;  // a splitter with more begins anew with the next block
constexpr std::size_t kRowsOfGroup = 8;   // fewer on average: grouping costs more than it gains
constexpr std::uint32_t kNoHostCell = UINT32_MAX;

std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

// New numbers in order of first use.
class Renumbering {
 public:
  explicit Renumbering(std::size_t count) : numbers_(count, kUnused) {}
  std::uint32_t use(std::uint32_t old) {
    if (numbers_[old] == kUnused) {
      numbers_[old] = static_cast<std::uint32_t>(used_.size());
      used_.push_back(old);
    }
    return numbers_[old];
  }
  std::uint32_t operator[](std::uint32_t old) const { return numbers_[old]; }
  const std::vector<std::uint32_t>& used() const { return used_; }  // old numbers by new ones

 private:
  std::vector<std::uint32_t> numbers_;
  std::vector<std::uint32_t> used_;
};

template <class Row>
std::vector<Run> runs_of(const std::vector<Row>& rows,
                         const std::vector<std::uint32_t>& by_number) {
  std::vector<Run> runs;
  for (const std::uint32_t index : by_number) {
    const Row& row = rows[index];
    const bool follows = !runs.empty() && runs.back().source == row.source &&
                         runs.back().first_seq + runs.back().rows == row.seq;
    if (!follows) runs.push_back({row.source, 0, row.seq});
    ++runs.back().rows;
  }
  return runs;
}

}  // namespace

// What build() gathers.
struct ColumnBlockBuilder::Parts {
  Parts(const RecordSplitter& splitter, std::size_t rows)
      : by_number(rows),
        groups(rows),
        shapes(splitter.shapes().size()),
        columns(splitter.columns().size()),
        literals(splitter.literals().size()) {}

  std::vector<std::uint32_t> by_number;  // rows as added
  std::vector<std::uint32_t> groups;     // by number
  std::vector<std::uint32_t> by_place;   // rows as added
  Renumbering shapes, columns, literals;
  std::uint16_t flags = 0;
  std::string directory;
  std::array<std::string, kSections> sections;
  WordKeys words;
  std::string& section(Section which) { return sections[static_cast<std::size_t>(which)]; }
};

void ColumnBlockBuilder::add(const StoredRow& row) {
  PICKET_CHECK(!full());
  const Record& record = row.record;
  const std::string_view raw = record.raw.substr(0, kRecordBytesMax);
  const std::uint32_t shape = splitter_.split(raw, values_);
  tables_.resize(splitter_.columns().size());
  rows_.push_back({.seq = record.seq,
                   .received_ns = record.received_ns,
                   .time_ns = row.time_ns,
                   .position = row.position,
                   .size = static_cast<std::uint32_t>(raw.size()),
                   .length = std::max(record.length, static_cast<std::uint32_t>(record.raw.size())),
                   .source = record.source,
                   .shape = shape,
                   .first_cell = static_cast<std::uint32_t>(cells_.size()),
                   .heading = heading_of(record),
                   .status = row.status,
                   .hides_text = hides_text(raw)});
  const RecordSplitter::Slot* slot = splitter_.slots(splitter_.shapes()[shape]);
  for (const std::string_view value : values_)
    cells_.push_back(tables_[(slot++)->column].add(value));
  raw_bytes_ += raw.size();
}

std::uint32_t ColumnBlockBuilder::heading_of(const Record& record) {
  if (record.heading.empty() || record.heading.size() > kHeadingBytesMax) return 0;
  const auto found = heading_ids_.find(record.heading);
  if (found != heading_ids_.end()) return found->second;
  headings_.emplace_back(record.heading);
  const auto id = static_cast<std::uint32_t>(headings_.size());
  heading_ids_.emplace(record.heading, id);
  return id;
}

void ColumnBlockBuilder::add_hit(std::string_view predicate) {
  PICKET_CHECK(!rows_.empty());
  const auto row = static_cast<std::uint32_t>(rows_.size() - 1);
  auto found = hits_.find(predicate);
  if (found == hits_.end()) found = hits_.emplace(predicate, std::vector<std::uint32_t>()).first;
  if (found->second.empty() || found->second.back() != row) found->second.push_back(row);
}

bool ColumnBlockBuilder::full() const {
  return rows_.size() >= kColumnRowsMax || raw_bytes_ >= kColumnRawBytes ||
         cells_.size() + kRecordValuesMax >= kColumnValuesMax ||
         headings_.size() >= kColumnHeadingsMax;
}

void ColumnBlockBuilder::clear() {
  rows_.clear();
  cells_.clear();
  tables_.clear();
  headings_.clear();
  heading_ids_.clear();
  hits_.clear();
  raw_bytes_ = 0;
  if (splitter_.shapes().size() > kShapesKept) splitter_ = RecordSplitter();
}

std::string ColumnBlockBuilder::build(BlockKey key, std::vector<Run>& runs) const {
  PICKET_CHECK(!rows_.empty());
  Parts parts(splitter_, rows_.size());
  put_orders(key, parts);
  put_rows(parts);
  put_shapes(parts);
  put_columns(parts);
  put_words(key, parts);
  put_hits(parts);
  BlockHeader header = header_of(parts);
  put_frame(parts.directory, parts.section(Section::kDirectory));
  std::array<SectionEntry, kSections> table;
  for (std::size_t i = 0; i < kSections; ++i) {
    table[i] = {static_cast<std::uint32_t>(parts.sections[i].size()),
                section_checksum(parts.sections[i], key, static_cast<Section>(i))};
    header.payload_bytes += table[i].size;
  }
  const std::vector<Run> own_runs = runs_of(rows_, parts.by_number);
  runs.insert(runs.end(), own_runs.begin(), own_runs.end());
  std::string block = column_head(header, own_runs, table, key);
  block.reserve(block.size() + header.payload_bytes);
  for (const std::string& section : parts.sections) block += section;
  return block;
}

BlockHeader ColumnBlockBuilder::header_of(const Parts& parts) const {
  const bool hiding =
      std::any_of(rows_.begin(), rows_.end(), [](const Row& row) { return row.hides_text; });
  const auto flags = parts.flags | kHidingTold | (hiding ? kHiding : 0);
  BlockHeader header{.flags = static_cast<std::uint16_t>(flags),
                     .rows = static_cast<std::uint32_t>(rows_.size()),
                     .time_min = std::numeric_limits<std::int64_t>::max(),
                     .time_max = std::numeric_limits<std::int64_t>::min(),
                     .raw_bytes = raw_bytes_,
                     .table_bytes = static_cast<std::uint32_t>(parts.directory.size())};
  for (const Row& row : rows_) {
    header.time_min = std::min(header.time_min, row.time_ns);
    header.time_max = std::max(header.time_max, row.time_ns);
  }
  return header;
}

void ColumnBlockBuilder::put_orders(BlockKey key, Parts& parts) const {
  std::iota(parts.by_number.begin(), parts.by_number.end(), 0U);
  std::sort(parts.by_number.begin(), parts.by_number.end(),
            [this](std::uint32_t a, std::uint32_t b) {
              return std::tie(rows_[a].source, rows_[a].seq, a) <
                     std::tie(rows_[b].source, rows_[b].seq, b);
            });
  std::string& section = parts.section(Section::kRows);
  if (group(parts)) {
    parts.flags |= kGrouped;
    const std::uint32_t last = *std::max_element(parts.groups.begin(), parts.groups.end());
    const int width = last < 256 ? 1 : 2;
    std::string order(1, static_cast<char>(width));
    for (const std::uint32_t g : parts.groups) put_little(order, g, width);
    put_piece(order, section, parts.directory);
  }
  put_positions(key, parts);
  if (headings_.empty()) return;
  parts.flags |= kHeadings;
  std::string headings;
  put_varint(headings, headings_.size());
  for (const std::string& heading : headings_) put_text(headings, heading);
  put_piece(headings, section, parts.directory);
}

// Fills groups and by_place; false if places are in order of numbers.
bool ColumnBlockBuilder::group(Parts& parts) const {
  std::unordered_map<std::uint64_t, std::uint32_t> ids;
  for (std::size_t n = 0; n < rows_.size(); ++n) {
    const Row& row = rows_[parts.by_number[n]];
    const std::uint32_t host = splitter_.shapes()[row.shape].host;
    const std::uint32_t cell =
        host == RecordSplitter::kNoHost ? kNoHostCell : cells_[row.first_cell + host];
    const std::uint64_t id = std::uint64_t{static_cast<std::uint32_t>(row.source)} << 32 | cell;
    parts.groups[n] = ids.emplace(id, static_cast<std::uint32_t>(ids.size())).first->second;
  }
  parts.by_place = parts.by_number;
  if (ids.size() * kRowsOfGroup > rows_.size() ||
      std::is_sorted(parts.groups.begin(), parts.groups.end())) {
    return false;
  }
  std::vector<std::uint32_t> next(ids.size() + 1);
  for (const std::uint32_t g : parts.groups) ++next[g + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  for (std::size_t n = 0; n < rows_.size(); ++n)
    parts.by_place[next[parts.groups[n]]++] = parts.by_number[n];
  return true;
}

void ColumnBlockBuilder::put_positions(BlockKey key, Parts& parts) const {
  std::string commits;
  std::string blocks;
  std::string places;
  RowPosition before{.commit = key.commit, .part = 0, .row = UINT32_MAX};
  bool as_numbered = true;
  for (std::size_t n = 0; n < rows_.size(); ++n) {
    const RowPosition& position = rows_[parts.by_number[n]].position;
    put_signed(commits, static_cast<std::int64_t>(position.commit - before.commit));
    put_signed(blocks, std::int64_t{position.part} - std::int64_t{before.part});
    put_signed(places, static_cast<std::int32_t>(position.row - before.row - 1));
    before = position;
    as_numbered =
        as_numbered && position == RowPosition{key.commit, key.part, static_cast<std::uint32_t>(n)};
  }
  if (as_numbered) return;
  parts.flags |= kPositioned;
  put_piece(commits + blocks + places, parts.section(Section::kRows), parts.directory);
}

void ColumnBlockBuilder::put_rows(Parts& parts) const {
  std::string plain;
  std::string& section = parts.section(Section::kRows);
  for (std::size_t first = 0; first < rows_.size(); first += kChunkRows) {
    const std::size_t end = std::min(first + kChunkRows, rows_.size());
    plain.clear();
    for (std::size_t i = first; i < end; ++i)
      put_varint(plain, parts.shapes.use(rows_[parts.by_place[i]].shape));
    put_piece(plain, section, parts.directory);
    plain.clear();
    put_row_table(parts, first, end, plain);
    put_piece(plain, section, parts.directory);
    plain.clear();
    std::int64_t before = 0;
    for (std::size_t n = first; n < end; ++n) {
      const std::int64_t received = rows_[parts.by_number[n]].received_ns;
      put_signed(plain, difference(received, before));
      before = received;
    }
    put_piece(plain, section, parts.directory);
  }
}

void ColumnBlockBuilder::put_row_table(const Parts& parts, std::size_t first, std::size_t end,
                                       std::string& out) const {
  const auto for_each = [&](auto f) {
    for (std::size_t i = first; i < end; ++i) f(rows_[parts.by_place[i]]);
  };
  for_each([&](const Row& row) {
    out += static_cast<char>(
        static_cast<unsigned>(row.status) | (row.length > row.size ? kRowCut : 0) |
        (row.heading != 0 ? kRowHeaded : 0) | (row.hides_text ? kRowHides : 0));
  });
  for_each([&](const Row& row) { put_signed(out, difference(row.time_ns, row.received_ns)); });
  for_each([&](const Row& row) {
    if (row.length > row.size) put_varint(out, row.length);
  });
  for_each([&](const Row& row) {
    if (row.heading != 0) put_varint(out, row.heading - 1);
  });
}

void ColumnBlockBuilder::put_shapes(Parts& parts) const {
  std::string slots;
  std::string pairs;
  for (const std::uint32_t old : parts.shapes.used()) {
    const RecordSplitter::Shape& shape = splitter_.shapes()[old];
    const RecordSplitter::Slot* const all = splitter_.slots(shape);
    put_varint(slots, shape.slots);
    put_varint(slots, parts.literals.use(shape.first_literal));
    for (std::uint32_t i = 0; i < shape.slots; ++i) {
      put_little(pairs, parts.columns.use(all[i].column), 2);
      put_little(pairs, parts.literals.use(all[i].literal), 2);
    }
  }
  slots += pairs;
  std::string texts;
  for (const std::uint32_t old : parts.literals.used())
    put_varint(texts, splitter_.literals()[old].size());
  for (const std::uint32_t old : parts.literals.used()) {
    texts += splitter_.literals()[old];
    parts.words.add_words(splitter_.literals()[old]);
  }
  std::string& section = parts.section(Section::kShapes);
  put_varint(parts.directory, parts.shapes.used().size());
  put_piece(slots, section, parts.directory);
  put_varint(parts.directory, parts.literals.used().size());
  put_piece(texts, section, parts.directory);
}

void ColumnBlockBuilder::put_columns(Parts& parts) const {
  const std::vector<std::uint32_t>& used = parts.columns.used();
  const std::size_t chunks = chunks_of(rows_.size());
  std::vector<std::uint32_t> counts(used.size() * chunks);  // of each column, chunk after chunk
  const auto for_each_cell = [&](auto f) {
    for (std::size_t place = 0; place < rows_.size(); ++place) {
      const Row& row = rows_[parts.by_place[place]];
      const RecordSplitter::Shape& shape = splitter_.shapes()[row.shape];
      const RecordSplitter::Slot* const slots = splitter_.slots(shape);
      for (std::uint32_t i = 0; i < shape.slots; ++i)
        f(parts.columns[slots[i].column], place / kChunkRows, cells_[row.first_cell + i]);
    }
  };
  for_each_cell([&](std::uint32_t column, std::size_t chunk, std::uint32_t) {
    ++counts[column * chunks + chunk];
  });
  std::vector<std::size_t> next(used.size() + 1);
  for (std::size_t c = 0; c < used.size(); ++c) {
    const auto first = counts.begin() + static_cast<std::ptrdiff_t>(c * chunks);
    next[c + 1] = std::accumulate(first, first + static_cast<std::ptrdiff_t>(chunks), next[c]);
  }
  const std::vector<std::size_t> begins = next;
  std::vector<std::uint32_t> cells(next.back());
  for_each_cell(
      [&](std::uint32_t column, std::size_t, std::uint32_t cell) { cells[next[column]++] = cell; });

  ColumnEncoder encoder;
  for (std::size_t c = 0; c < used.size(); ++c) {
    const ValueTable& table = tables_[used[c]];
    const bool text =
        encoder.add({.name = splitter_.columns()[used[c]],
                     .table = table,
                     .cells = std::span(cells).subspan(begins[c], begins[c + 1] - begins[c]),
                     .counts = std::span(counts).subspan(c * chunks, chunks)});
    if (!text) continue;
    for (std::uint32_t i = 0; i < table.size(); ++i) parts.words.add_words(table.at(i));
  }
  encoder.finish();
  put_varint(parts.directory, encoder.pages());
  parts.directory += encoder.page_directory();
  put_varint(parts.directory, used.size());
  parts.directory += encoder.directory();
  parts.section(Section::kDictionaries) = encoder.dictionaries();
  parts.section(Section::kCodes) = encoder.codes();
}

void ColumnBlockBuilder::put_words(BlockKey key, Parts& parts) const {
  if (parts.words.full()) return;
  parts.flags |= kFiltered;
  parts.section(Section::kWords) =
      build_word_filter(parts.words.list(), hash64("words", key.seed()));
}

void ColumnBlockBuilder::put_hits(Parts& parts) const {
  if (hits_.empty()) return;
  std::vector<std::uint32_t> places(rows_.size());
  for (std::size_t place = 0; place < rows_.size(); ++place)
    places[parts.by_place[place]] = static_cast<std::uint32_t>(place);
  std::string plain;
  put_varint(plain, hits_.size());
  for (const auto& [name, rows] : hits_) {
    std::vector<std::uint32_t> sorted;
    for (const std::uint32_t row : rows) sorted.push_back(places[row]);
    std::sort(sorted.begin(), sorted.end());
    put_text(plain, name);
    put_varint(plain, sorted.size());
    std::uint32_t before = 0;
    for (const std::uint32_t place : sorted) {
      put_varint(plain, place - before);
      before = place;
    }
  }
  std::string& section = parts.section(Section::kHits);
  put_varint(section, plain.size());
  put_frame(plain, section);
}

}  // namespace picket::storage
