// Writing: sort row pointers by (source, seq), write the row table column after column, append the
// raw bytes in the same order, compress both as one zstd frame. Reading is the same backwards.
#include "storage/block.h"

#include <zstd.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>
#include <tuple>

#include "base/check.h"
#include "base/hash.h"
#include "storage/encoding.h"

namespace picket::storage {
namespace {

constexpr char kRowKind = 'R';
constexpr int kRowVersion = 1;
constexpr int kHeadingVersion = 2;  // of a block with headings, which version 1 does not know
constexpr std::uint16_t kHasArrival = 1;
constexpr std::uint16_t kHasHeadings = 2;
constexpr std::size_t kHeaderBytes = 48;
constexpr std::size_t kRunBytes = 16;
constexpr std::size_t kChecksumBytes = 8;
constexpr int kZstdLevel = 1;
constexpr unsigned kStatusMask = 3;
constexpr unsigned kCut = 4;
constexpr unsigned kHeaded = 8;

tl::unexpected<Error> damaged(BlockKey key, std::string_view what) {
  return fail(Errc::kCorrupt, "store: " + key.name() + ": " + std::string(what));
}

template <class Row>
std::vector<Run> runs_of(const std::vector<Row>& rows) {
  std::vector<Run> runs;
  for (const Row& row : rows) {
    const bool follows = !runs.empty() && runs.back().source == row.source &&
                         runs.back().first_seq + runs.back().rows == row.seq;
    if (!follows) runs.push_back({row.source, 0, row.seq});
    ++runs.back().rows;
  }
  return runs;
}

std::string header_of(const BlockHeader& header) {
  std::string out;
  out += kRowKind;
  const bool headings = (header.flags & kHasHeadings) != 0;
  out += static_cast<char>(headings ? kHeadingVersion : kRowVersion);
  put_little(out, header.flags, 2);
  put_little(out, header.rows, 4);
  put_little(out, static_cast<std::uint64_t>(header.time_min), 8);
  put_little(out, static_cast<std::uint64_t>(header.time_max), 8);
  put_little(out, header.raw_bytes, 8);
  put_little(out, header.runs, 4);
  put_little(out, header.table_bytes, 4);
  put_little(out, header.payload_bytes, 4);
  put_little(out, 0, 4);
  return out;
}

// What building a block needs and the next block needs again: megabytes that the allocator would
// hand back to the system and fault in anew for each block. One a thread.
struct Scratch {
  static Scratch& mine() {
    thread_local Scratch scratch;
    return scratch;
  }

  // `plain` as one frame; lives until the next call.
  std::string_view compress() {
    const std::size_t bound = ZSTD_compressBound(plain.size());
    if (frame.size() < bound) frame.resize(bound);
    const std::size_t size = ZSTD_compressCCtx(context.get(), frame.data(), frame.size(),
                                               plain.data(), plain.size(), kZstdLevel);
    PICKET_CHECK(ZSTD_isError(size) == 0);  // the bound was given
    return {frame.data(), size};
  }

  std::string plain;
  std::string frame;
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context{ZSTD_createCCtx(), &ZSTD_freeCCtx};
};

std::uint64_t wrapping_add(std::int64_t a, std::int64_t b) {
  return static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b);
}
std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

}  // namespace

void RowBlockBuilder::add(const Record& record, std::int64_t time_ns, ParseStatus status) {
  PICKET_CHECK(!full());
  const std::string_view raw = record.raw.substr(0, kRecordBytesMax);
  rows_.push_back({.seq = record.seq,
                   .received_ns = record.received_ns,
                   .time_ns = time_ns,
                   .at = raw_.size(),
                   .size = static_cast<std::uint32_t>(raw.size()),
                   .length = std::max(record.length, static_cast<std::uint32_t>(record.raw.size())),
                   .source = record.source,
                   .arrival = static_cast<std::uint16_t>(rows_.size()),
                   .heading = heading_of(record),
                   .status = status});
  raw_ += raw;
}

std::uint8_t RowBlockBuilder::heading_of(const Record& record) {
  static_assert(kBlockHeadingsMax < kNoHeading);
  if (record.heading.empty() || record.heading.size() > kHeadingBytesMax) return kNoHeading;
  for (std::size_t i = headings_.size(); i > 0; --i) {  // most likely the one before's
    if (headings_[i - 1] == record.heading) return static_cast<std::uint8_t>(i - 1);
  }
  headings_.emplace_back(record.heading);
  return static_cast<std::uint8_t>(headings_.size() - 1);
}

std::vector<RowBlockBuilder::Row> RowBlockBuilder::sorted() const {
  std::vector<Row> rows = rows_;
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return std::tie(a.source, a.seq, a.arrival) < std::tie(b.source, b.seq, b.arrival);
  });
  return rows;
}

void RowBlockBuilder::put_table(std::string& table, const std::vector<Row>& rows,
                                bool arrived_sorted) {
  if (!arrived_sorted) {
    for (const Row& row : rows) put_little(table, row.arrival, 2);
  }
  for (const Row& row : rows) {
    table +=
        static_cast<char>(static_cast<unsigned>(row.status) | (row.length > row.size ? kCut : 0) |
                          (row.heading != kNoHeading ? kHeaded : 0));
  }
  for (const Row& row : rows) put_varint(table, row.size);
  std::int64_t before = 0;
  for (const Row& row : rows) {
    put_signed(table, difference(row.received_ns, before));
    before = row.received_ns;
  }
  for (const Row& row : rows) put_signed(table, difference(row.time_ns, row.received_ns));
  for (const Row& row : rows) {
    if (row.length > row.size) put_varint(table, row.length);
  }
}

void RowBlockBuilder::put_headings(std::string& table, const std::vector<Row>& rows) const {
  for (const Row& row : rows) {
    if (row.heading != kNoHeading) table += static_cast<char>(row.heading);
  }
  put_varint(table, headings_.size());
  for (const std::string& heading : headings_) {
    put_varint(table, heading.size());
    table += heading;
  }
}

std::string RowBlockBuilder::build(std::vector<Run>& runs) const {
  PICKET_CHECK(!rows_.empty());
  const std::vector<Row> rows = sorted();
  const bool arrived_sorted = std::is_sorted(
      rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.arrival < b.arrival; });
  Scratch& scratch = Scratch::mine();
  std::string& plain = scratch.plain;
  plain.clear();  // keeps its memory
  put_table(plain, rows, arrived_sorted);
  if (!headings_.empty()) put_headings(plain, rows);
  const int flags =
      (arrived_sorted ? 0 : int{kHasArrival}) | (headings_.empty() ? 0 : int{kHasHeadings});
  BlockHeader header{.flags = static_cast<std::uint16_t>(flags),
                     .rows = static_cast<std::uint32_t>(rows.size()),
                     .time_min = std::numeric_limits<std::int64_t>::max(),
                     .time_max = std::numeric_limits<std::int64_t>::min(),
                     .raw_bytes = raw_.size(),
                     .table_bytes = static_cast<std::uint32_t>(plain.size())};
  for (const Row& row : rows) {
    plain.append(raw_, row.at, row.size);
    header.time_min = std::min(header.time_min, row.time_ns);
    header.time_max = std::max(header.time_max, row.time_ns);
  }
  const std::vector<Run> own_runs = runs_of(rows);
  runs.insert(runs.end(), own_runs.begin(), own_runs.end());
  header.runs = static_cast<std::uint32_t>(own_runs.size());

  const std::string_view payload = scratch.compress();
  header.payload_bytes = static_cast<std::uint32_t>(payload.size());
  std::string block;
  block.reserve(kHeaderBytes + own_runs.size() * kRunBytes + payload.size());
  block += header_of(header);
  for (const Run& run : own_runs) {
    put_little(block, static_cast<std::uint32_t>(run.source), 4);
    put_little(block, run.rows, 4);
    put_little(block, run.first_seq, 8);
  }
  block += payload;
  return block;
}

void RowBlockBuilder::clear() {
  rows_.clear();
  headings_.clear();
  raw_.clear();
}

std::string block_checksum(std::string_view block, BlockKey key) {
  std::string checksum;
  put_little(checksum, hash64(block, key.seed()), kChecksumBytes);
  return checksum;
}

std::string BlockKey::bytes() const {
  std::string out;
  put_big64(out, commit);
  put_big16(out, part);
  return out;
}

BlockKey BlockKey::of(std::string_view bytes) {
  Reader in(bytes);
  BlockKey key;
  key.commit = in.big64();
  key.part = in.big16();
  return key;
}

Result<BlockHeader> read_block_header(std::string_view block, BlockKey key) {
  if (block.size() < kHeaderBytes + kChecksumBytes) return damaged(key, "cut short");
  Reader in(block);
  const auto kind = static_cast<char>(in.little(1));
  const auto version = static_cast<int>(in.little(1));
  if (kind != kRowKind || (version != kRowVersion && version != kHeadingVersion)) {
    return fail(Errc::kInvalid, "store: " + key.name() + " is of a kind or version (" +
                                    std::to_string(static_cast<unsigned char>(kind)) + ", " +
                                    std::to_string(version) + ") that only a newer version reads");
  }
  BlockHeader header;
  header.flags = static_cast<std::uint16_t>(in.little(2));
  if (version == kRowVersion) header.flags &= static_cast<std::uint16_t>(~kHasHeadings);
  header.rows = static_cast<std::uint32_t>(in.little(4));
  header.time_min = static_cast<std::int64_t>(in.little(8));
  header.time_max = static_cast<std::int64_t>(in.little(8));
  header.raw_bytes = in.little(8);
  header.runs = static_cast<std::uint32_t>(in.little(4));
  header.table_bytes = static_cast<std::uint32_t>(in.little(4));
  header.payload_bytes = static_cast<std::uint32_t>(in.little(4));
  const bool counts_fit = header.rows > 0 && header.rows <= kBlockRowsMax && header.runs > 0 &&
                          header.runs <= header.rows && header.raw_bytes <= kBlockInflatedMax &&
                          header.table_bytes <= kBlockInflatedMax - header.raw_bytes;
  if (!counts_fit) return damaged(key, "impossible header");
  if (block.size() !=
      kHeaderBytes + header.runs * kRunBytes + header.payload_bytes + kChecksumBytes) {
    return damaged(key, "wrong size");
  }
  return header;
}

std::vector<Run> read_block_runs(std::string_view block, const BlockHeader& header) {
  Reader in(block.substr(kHeaderBytes, header.runs * kRunBytes));
  std::vector<Run> runs(header.runs);
  for (Run& run : runs) {
    run.source = SourceId{static_cast<std::uint32_t>(in.little(4))};
    run.rows = static_cast<std::uint32_t>(in.little(4));
    run.first_seq = in.little(8);
  }
  return runs;
}

Result<void> RowBlock::read(std::string_view block, BlockKey key) {
  rows_.clear();
  order_.clear();
  PICKET_TRY(const BlockHeader header, read_block_header(block, key));
  const std::string_view body = block.substr(0, block.size() - kChecksumBytes);
  if (hash64(body, key.seed()) != Reader(block.substr(body.size())).little(kChecksumBytes)) {
    return damaged(key, "bad checksum");
  }
  const std::string_view payload = body.substr(kHeaderBytes + header.runs * kRunBytes);
  const std::size_t inflated = header.table_bytes + header.raw_bytes;
  inflated_.resize(inflated + Batch::kPadding);
  if (ZSTD_decompress(inflated_.data(), inflated, payload.data(), payload.size()) != inflated) {
    return damaged(key, "cannot be inflated");
  }
  const std::string_view plain(inflated_.data(), inflated);
  if (!read_table(header, plain.substr(0, header.table_bytes), plain.substr(header.table_bytes))) {
    rows_.clear();
    order_.clear();
    return damaged(key, "bad row table");
  }
  number_rows(header, body.substr(kHeaderBytes, header.runs * kRunBytes));
  return {};
}

bool RowBlock::read_table(const BlockHeader& header, std::string_view table, std::string_view raw) {
  Reader in(table);
  const std::size_t n = header.rows;
  rows_.resize(n);
  order_.resize(n);
  std::iota(order_.begin(), order_.end(), std::uint16_t{0});
  if ((header.flags & kHasArrival) != 0) {
    for (std::size_t i = 0; i < n; ++i) {
      const auto arrival = static_cast<std::size_t>(in.little(2));
      if (arrival >= n) return false;
      order_[arrival] = static_cast<std::uint16_t>(i);
    }
  }
  const std::string_view flags = in.take(n);
  if (flags.size() != n) return false;
  for (StoredRow& row : rows_) {
    const std::uint64_t size = in.varint();
    if (size > raw.size()) return false;
    row.record.raw = raw.substr(0, size);
    row.record.length = static_cast<std::uint32_t>(size);
    raw.remove_prefix(size);
  }
  std::int64_t before = 0;
  for (StoredRow& row : rows_) {
    row.record.received_ns = static_cast<std::int64_t>(wrapping_add(before, in.signed_varint()));
    before = row.record.received_ns;
  }
  for (StoredRow& row : rows_) {
    row.time_ns =
        static_cast<std::int64_t>(wrapping_add(row.record.received_ns, in.signed_varint()));
  }
  for (std::size_t i = 0; i < n; ++i) {
    const auto bits = static_cast<unsigned>(static_cast<unsigned char>(flags[i]));
    if ((bits & kStatusMask) > static_cast<unsigned>(ParseStatus::kRaw)) return false;
    rows_[i].status = static_cast<ParseStatus>(bits & kStatusMask);
    if ((bits & kCut) != 0) rows_[i].record.length = static_cast<std::uint32_t>(in.varint());
  }
  if ((header.flags & kHasHeadings) != 0 && !read_headings(flags, in)) return false;
  return in.done() && raw.empty();
}

bool RowBlock::read_headings(std::string_view flags, Reader& in) {
  const auto is_headed = [](char bits) {
    return (static_cast<unsigned char>(bits) & kHeaded) != 0;
  };
  const auto headed =
      static_cast<std::size_t>(std::count_if(flags.begin(), flags.end(), is_headed));
  const std::string_view indexes = in.take(headed);
  if (indexes.size() != headed) return false;
  std::vector<std::string_view> headings(
      static_cast<std::size_t>(std::min<std::uint64_t>(in.varint(), kBlockHeadingsMax + 1)));
  if (headings.size() > kBlockHeadingsMax) return false;
  for (std::string_view& heading : headings) {
    const std::uint64_t size = in.varint();
    if (size > kHeadingBytesMax) return false;
    heading = in.take(static_cast<std::size_t>(size));
    if (heading.size() != size) return false;
  }
  std::size_t next = 0;
  for (std::size_t i = 0; i < flags.size(); ++i) {
    if (!is_headed(flags[i])) continue;
    const auto index = static_cast<std::size_t>(static_cast<unsigned char>(indexes[next++]));
    if (index >= headings.size()) return false;
    rows_[i].record.heading = headings[index];
  }
  return true;
}

void RowBlock::number_rows(const BlockHeader& header, std::string_view runs) {
  Reader in(runs);
  std::size_t next = 0;
  for (std::uint32_t i = 0; i < header.runs; ++i) {
    const SourceId source{static_cast<std::uint32_t>(in.little(4))};
    const std::uint64_t rows = in.little(4);
    const std::uint64_t first_seq = in.little(8);
    for (std::uint64_t k = 0; k < rows && next < rows_.size(); ++k, ++next) {
      rows_[next].record.source = source;
      rows_[next].record.seq = first_seq + k;
    }
  }
}

const StoredRow* RowBlock::find(SourceId source, std::uint64_t seq) const {
  const auto found =
      std::lower_bound(rows_.begin(), rows_.end(), std::pair(source, seq),
                       [](const StoredRow& row, const auto& wanted) {
                         return std::pair(row.record.source, row.record.seq) < wanted;
                       });
  const bool there =
      found != rows_.end() && found->record.source == source && found->record.seq == seq;
  return there ? &*found : nullptr;
}

}  // namespace picket::storage
