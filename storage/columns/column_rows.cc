// A row's values are found by rank: so many values of a column do the rows before it in the chunk
// have. Going from row to row the ranks are kept; elsewhere they are counted anew, shape by shape.
#include "storage/columns/column_rows.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "event/event.h"
#include "storage/columns/byte_cursor.h"
#include "storage/columns/number_text.h"
#include "storage/columns/record_splitter.h"

namespace picket::storage {
namespace {

constexpr std::size_t kFewRows = 16;  // to go over one by one

std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace

// Makes ranks_ those of `place`.
bool ColumnRows::seek(std::size_t place) {
  const std::size_t chunk = place / kChunkRows;
  if (!block_.load_row_shapes(chunk)) return false;
  const bool onward = place_ <= place && place_ / kChunkRows == chunk;
  if (!onward) {
    ranks_.assign(block_.columns().size(), 0);
    place_ = chunk * kChunkRows;
  }
  count_values(place_, place);
  place_ = place;
  return true;
}

void ColumnRows::count_values(std::size_t first, std::size_t end) {
  const auto add = [this](std::uint32_t which, std::uint32_t times) {
    const ColumnBlock::Shape& shape = block_.shapes()[which];
    const ColumnBlock::Slot* const slots = block_.slots(shape);
    for (std::uint32_t i = 0; i < shape.slots; ++i) ranks_[slots[i].column] += times;
  };
  if (end - first <= kFewRows) {
    for (std::size_t i = first; i < end; ++i) add(block_.shape_of(i), 1);
    return;
  }
  std::vector<std::uint32_t> rows(block_.shapes().size());
  for (std::size_t i = first; i < end; ++i) ++rows[block_.shape_of(i)];
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    if (rows[i] != 0) add(i, rows[i]);
  }
}

// A damaged block could make every row as long as its longest value: no more than it says it has.
bool ColumnRows::append(std::size_t place, std::string& out) {
  if (!seek(place)) return false;
  const std::size_t most = out.size() + static_cast<std::size_t>(block_.header().raw_bytes);
  const ColumnBlock::Shape& shape = block_.shapes()[block_.shape_of(place)];
  const ColumnBlock::Slot* const slots = block_.slots(shape);
  char buffer[kNumberTextMax];
  out += block_.literals()[shape.first_literal];
  for (std::uint32_t i = 0; i < shape.slots; ++i) {
    const std::uint32_t column = slots[i].column;
    std::string_view value;
    if (!block_.value(block_.columns()[column], {place / kChunkRows, ranks_[column]}, buffer,
                      value))
      return false;
    ++ranks_[column];
    const std::string_view literal = block_.literals()[slots[i].literal];
    if (out.size() + value.size() + literal.size() > most)
      return block_.fail_with("more bytes than it says");
    out += value;
    out += literal;
  }
  ++place_;
  if (place_ % kChunkRows == 0) place_ = SIZE_MAX;
  return true;
}

Result<void> ColumnRows::append_raw(std::size_t place, std::string& out) {
  if (!append(place, out)) {
    place_ = SIZE_MAX;
    return damaged();
  }
  return {};
}

// What values of the columns are, for all rows of a chunk; ranks_ begin anew.
bool ColumnRows::load_sources(std::size_t chunk) {
  if (!block_.load_row_shapes(chunk)) return false;
  sources_.resize(block_.columns().size());
  ranks_.assign(block_.columns().size(), 0);
  const std::size_t first = chunk * kChunkRows;
  count_values(first, std::min<std::size_t>(first + kChunkRows, block_.rows()));
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const ColumnInfo& info = block_.columns()[i];
    const std::uint32_t count =
        block_.values_before(info, chunk + 1) - block_.values_before(info, chunk);
    if (ranks_[i] != count) return block_.fail_with("wrong number of values in a column");
    if (count == 0) continue;
    Source& source = sources_[i];
    source.info = &info;
    const bool loaded = block_.is_text(info) ? block_.load_codes(info, chunk, source.codes) &&
                                                   block_.load_texts(info, source.texts)
                                             : block_.load_numbers(info, chunk, source.numbers);
    if (!loaded) return false;
  }
  ranks_.assign(ranks_.size(), 0);
  return true;
}

std::string_view ColumnRows::next_value(std::uint32_t column, char* buffer) {
  const Source& source = sources_[column];
  const std::uint32_t rank = ranks_[column]++;
  return block_.is_text(*source.info) ? source.texts[source.codes[rank]]
                                      : write_number(*source.info, source.numbers[rank], buffer);
}

// As append(), of the rows of a chunk one after another; load_sources() has seen that there are
// values enough.
bool ColumnRows::append_next(std::size_t place, std::string& out) {
  const ColumnBlock::Shape& shape = block_.shapes()[block_.shape_of(place)];
  const ColumnBlock::Slot* const slots = block_.slots(shape);
  const auto most = static_cast<std::size_t>(block_.header().raw_bytes);
  char buffer[kNumberTextMax];
  out += block_.literals()[shape.first_literal];
  for (std::uint32_t i = 0; i < shape.slots; ++i) {
    out += next_value(slots[i].column, buffer);
    out += block_.literals()[slots[i].literal];
    if (out.size() > most) return block_.fail_with("more bytes than it says");
  }
  return true;
}

bool ColumnRows::load_meta(std::size_t chunk) {
  if (meta_.empty()) meta_.resize(block_.chunks());
  std::vector<Meta>& rows = meta_[chunk];
  if (!rows.empty()) return true;
  std::string_view bytes;
  if (!block_.inflated(Section::kRows, block_.directory().row_tables[chunk], bytes)) return false;
  rows.resize(std::min<std::size_t>(kChunkRows, block_.rows() - chunk * kChunkRows));
  if (read_meta(bytes, rows)) return true;
  rows.clear();
  return block_.fail_with("bad row table");
}

bool ColumnRows::load_received(std::size_t chunk) {
  if (received_.empty()) received_.resize(block_.chunks());
  std::vector<std::int64_t>& rows = received_[chunk];
  if (!rows.empty()) return true;
  std::string_view bytes;
  if (!block_.inflated(Section::kRows, block_.directory().received[chunk], bytes)) return false;
  ByteCursor in(bytes);
  rows.resize(std::min<std::size_t>(kChunkRows, block_.rows() - chunk * kChunkRows));
  std::int64_t before = 0;
  for (std::int64_t& row : rows) before = row = wrapping_add(before, in.signed_varint());
  if (in.done()) return true;
  rows.clear();
  return block_.fail_with("bad times");
}

bool ColumnRows::read_meta(std::string_view bytes, std::vector<Meta>& rows) {
  ByteCursor in(bytes);
  const std::string_view flags = in.take(rows.size());
  if (!in.ok()) return false;
  for (Meta& row : rows) row.age_ns = in.signed_varint();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto bits = static_cast<unsigned>(static_cast<unsigned char>(flags[i]));
    if ((bits & kRowStatus) > static_cast<unsigned>(ParseStatus::kRaw)) return false;
    rows[i].status = static_cast<ParseStatus>(bits & kRowStatus);
    rows[i].hides_text = (bits & kRowHides) != 0;
    if ((bits & kRowCut) != 0) rows[i].length = static_cast<std::uint32_t>(in.varint());
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if ((static_cast<unsigned char>(flags[i]) & kRowHeaded) == 0) continue;
    const std::uint64_t heading = in.varint();
    if (heading >= kColumnHeadingsMax) return false;
    rows[i].heading = static_cast<std::uint32_t>(heading) + 1;
  }
  return in.done();
}

bool ColumnRows::load_headings() {
  if (!headings_.empty() || (block_.header().flags & kHeadings) == 0) return true;
  std::string_view bytes;
  if (!block_.inflated(Section::kRows, block_.directory().headings, bytes)) return false;
  Reader in(bytes);
  const std::uint64_t count = in.varint();
  if (count > kColumnHeadingsMax) return block_.fail_with("bad headings");
  for (std::uint64_t i = 0; i < count; ++i) {
    headings_.push_back(in.text());
    if (headings_.back().size() > kHeadingBytesMax) return block_.fail_with("bad headings");
  }
  return in.done() || block_.fail_with("bad headings");
}

bool ColumnRows::load_runs() {
  if (!runs_.empty()) return true;
  std::uint64_t rows = 0;
  std::vector<Run> runs = block_.runs();
  run_starts_.clear();
  for (const Run& run : runs) {
    run_starts_.push_back(static_cast<std::uint32_t>(rows));
    rows += run.rows;
  }
  if (rows != block_.rows()) return block_.fail_with("bad runs");
  runs_ = std::move(runs);
  return true;
}

// The group of each row by number, in `width` bytes; no bytes if rows are not grouped.
bool ColumnRows::read_groups(std::string_view& groups, std::size_t& width) {
  groups = {};
  if ((block_.header().flags & kGrouped) == 0) return true;
  if (!block_.inflated(Section::kRows, block_.directory().order, groups)) return false;
  width = groups.empty() ? 0 : static_cast<unsigned char>(groups.front());
  if ((width != 1 && width != 2) || groups.size() != 1 + width * block_.rows())
    return block_.fail_with("bad order of rows");
  groups.remove_prefix(1);
  return true;
}

namespace {

// Group of the row with this number.
template <std::size_t kWidth>
std::uint32_t group_at(std::string_view groups, std::size_t number) {
  const auto low = static_cast<unsigned char>(groups[number * kWidth]);
  if constexpr (kWidth == 1) return low;
  return low | std::uint32_t{static_cast<unsigned char>(groups[number * kWidth + 1])} << 8;
}

template <std::size_t kWidth>
void order_rows(std::string_view groups, std::vector<std::uint16_t>& places,
                std::vector<std::uint16_t>& numbers) {
  std::vector<std::uint16_t> next((std::size_t{1} << (8 * kWidth)) + 1);
  for (std::size_t n = 0; n < places.size(); ++n) ++next[group_at<kWidth>(groups, n) + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  for (std::size_t n = 0; n < places.size(); ++n) {
    places[n] = next[group_at<kWidth>(groups, n)]++;
    numbers[places[n]] = static_cast<std::uint16_t>(n);
  }
}

// Of one row, without the places of all.
template <std::size_t kWidth>
std::size_t place_in(std::string_view groups, std::size_t rows, std::size_t number) {
  const std::uint32_t own = group_at<kWidth>(groups, number);
  std::uint32_t place = 0;
  for (std::size_t n = 0; n < number; ++n) place += group_at<kWidth>(groups, n) <= own ? 1U : 0U;
  for (std::size_t n = number; n < rows; ++n) place += group_at<kWidth>(groups, n) < own ? 1U : 0U;
  return place;
}

}  // namespace

bool ColumnRows::load_orders() {
  if (!places_.empty()) return true;
  std::string_view groups;
  std::size_t width = 1;
  if (!load_runs() || !read_groups(groups, width)) return false;
  const std::size_t rows = block_.rows();
  places_.resize(rows);
  numbers_.resize(rows);
  std::iota(places_.begin(), places_.end(), std::uint16_t{0});
  std::iota(numbers_.begin(), numbers_.end(), std::uint16_t{0});
  if (groups.empty()) return true;
  (width == 1 ? &order_rows<1> : &order_rows<2>)(groups, places_, numbers_);
  return true;
}

bool ColumnRows::place_of(std::uint32_t number, std::size_t& place) {
  place = number;
  std::string_view groups;
  std::size_t width = 1;
  if (!read_groups(groups, width)) return false;
  if (groups.empty()) return true;
  place = (width == 1 ? &place_in<1> : &place_in<2>)(groups, block_.rows(), number);
  return true;
}

std::optional<std::uint32_t> ColumnRows::number_of(SourceId source, std::uint64_t seq) const {
  const auto behind = std::upper_bound(runs_.begin(), runs_.end(), std::pair(source, seq),
                                       [](const auto& wanted, const Run& run) {
                                         return wanted < std::pair(run.source, run.first_seq);
                                       });
  if (behind == runs_.begin()) return {};
  const auto run = static_cast<std::size_t>(behind - runs_.begin()) - 1;
  if (runs_[run].source != source || seq - runs_[run].first_seq >= runs_[run].rows) return {};
  return run_starts_[run] + static_cast<std::uint32_t>(seq - runs_[run].first_seq);
}

bool ColumnRows::load_positions() {
  if (!positions_.empty()) return true;
  const std::uint32_t rows = block_.rows();
  positions_.resize(rows);
  if ((block_.header().flags & kPositioned) == 0) {
    for (std::uint32_t n = 0; n < rows; ++n)
      positions_[n] = {.commit = block_.key().commit, .part = block_.key().part, .row = n};
    return true;
  }
  std::string_view bytes;
  if (!block_.inflated(Section::kRows, block_.directory().positions, bytes)) return false;
  ByteCursor in(bytes);
  std::uint64_t commit = block_.key().commit;
  for (RowPosition& position : positions_)
    position.commit = commit += static_cast<std::uint64_t>(in.signed_varint());
  std::uint16_t part = 0;
  for (RowPosition& position : positions_)
    position.part = part = static_cast<std::uint16_t>(part + in.signed_varint());
  std::uint32_t row = std::numeric_limits<std::uint32_t>::max();
  for (RowPosition& position : positions_)
    position.row = row += static_cast<std::uint32_t>(in.signed_varint()) + 1;
  return in.done() || block_.fail_with("bad positions");
}

// All but the raw bytes and the position.
bool ColumnRows::fill(std::size_t place, std::uint32_t number, StoredRow& row) {
  if (!load_meta(place / kChunkRows) || !load_received(number / kChunkRows)) return false;
  const Meta& meta = meta_[place / kChunkRows][place % kChunkRows];
  const auto behind = std::upper_bound(run_starts_.begin(), run_starts_.end(), number);
  const auto run = static_cast<std::size_t>(behind - run_starts_.begin()) - 1;
  row.record.source = runs_[run].source;
  row.record.seq = runs_[run].first_seq + (number - run_starts_[run]);
  row.record.received_ns = received_[number / kChunkRows][number % kChunkRows];
  row.record.length = meta.length;
  row.time_ns = wrapping_add(row.record.received_ns, meta.age_ns);
  row.status = meta.status;
  if (meta.heading == 0) return true;
  if (!load_headings()) return false;
  if (meta.heading > headings_.size()) return block_.fail_with("bad heading");
  row.record.heading = headings_[meta.heading - 1];
  return true;
}

Result<StoredRow> ColumnRows::row(std::size_t place, std::string& raw) {
  raw.clear();
  PICKET_TRY_VOID(append_raw(place, raw));
  StoredRow row;
  if (!load_orders() || !fill(place, numbers_[place], row)) return damaged();
  row.record.raw = raw;
  if (row.record.length == 0) row.record.length = static_cast<std::uint32_t>(raw.size());
  return row;
}

Result<std::optional<StoredRow>> ColumnRows::fetch(SourceId source, std::uint64_t seq,
                                                   std::string& raw) {
  if (!load_runs()) return damaged();
  const std::optional<std::uint32_t> number = number_of(source, seq);
  if (!number) return std::optional<StoredRow>();
  std::size_t place = 0;
  if (!place_of(*number, place)) return damaged();
  raw.clear();
  PICKET_TRY_VOID(append_raw(place, raw));
  StoredRow row;
  if (!fill(place, *number, row)) return damaged();
  row.record.raw = raw;
  if (row.record.length == 0) row.record.length = static_cast<std::uint32_t>(raw.size());
  return std::optional<StoredRow>(row);
}

Result<std::optional<std::size_t>> ColumnRows::find(SourceId source, std::uint64_t seq) {
  if (!load_orders()) return damaged();
  const std::optional<std::uint32_t> number = number_of(source, seq);
  if (!number) return std::optional<std::size_t>();
  return std::optional<std::size_t>(places_[*number]);
}

Result<RowPosition> ColumnRows::position(std::size_t place) {
  if (!load_orders() || !load_positions()) return damaged();
  return positions_[numbers_[place]];
}

Result<RowSet> ColumnRows::hiding_text() {
  RowSet rows(block_.rows());
  const std::uint16_t flags = block_.header().flags;
  if ((flags & kHidingTold) == 0) rows.add_all();
  if ((flags & kHiding) == 0) return rows;
  for (std::size_t chunk = 0; chunk < block_.chunks(); ++chunk) {
    if (!load_meta(chunk)) return damaged();
    for (std::size_t i = 0; i < meta_[chunk].size(); ++i) {
      if (meta_[chunk][i].hides_text) rows.add(chunk * kChunkRows + i);
    }
  }
  return rows;
}

Result<void> ColumnRows::append_times(const RowSet& rows, std::vector<RowTime>& out) {
  bool sound = load_orders() && load_positions();
  rows.for_each([&](std::size_t place) {
    const std::size_t number = sound ? numbers_[place] : 0;
    sound = sound && load_meta(place / kChunkRows) && load_received(number / kChunkRows);
    if (!sound) return;
    RowTime& row = out.emplace_back();
    row.position = positions_[number];
    row.received_ns = received_[number / kChunkRows][number % kChunkRows];
    row.time_ns =
        wrapping_add(row.received_ns, meta_[place / kChunkRows][place % kChunkRows].age_ns);
  });
  if (!sound) return damaged();
  const auto earlier = [](const RowTime& a, const RowTime& b) { return a.position < b.position; };
  if (!std::is_sorted(out.begin(), out.end(), earlier)) std::sort(out.begin(), out.end(), earlier);
  return {};
}

Result<void> ColumnRows::rebuild(const RowSet& rows, RowBuffer& out) {
  out.raw.clear();
  out.rows.clear();
  place_ = SIZE_MAX;
  const auto whole = static_cast<std::size_t>(block_.header().raw_bytes);
  const std::size_t count = rows.count();
  const bool all = count == block_.rows();
  if (all) out.raw.reserve(whole + Batch::kPadding);
  out.rows.reserve(count);
  std::vector<std::size_t> ends;
  ends.reserve(count);
  bool sound = load_orders() && load_positions();
  rows.for_each([&](std::size_t place) {
    if (!sound) return;
    StoredRow row;
    sound = !all || place % kChunkRows != 0 || load_sources(place / kChunkRows);
    sound = sound && (all ? append_next(place, out.raw) : append(place, out.raw)) &&
            fill(place, numbers_[place], row);
    if (out.raw.size() > whole) sound = block_.fail_with("more bytes than it says");
    if (!sound) return;
    row.position = positions_[numbers_[place]];
    ends.push_back(out.raw.size());
    out.rows.push_back(row);
  });
  place_ = SIZE_MAX;
  if (!sound) {
    out.rows.clear();
    return damaged();
  }
  out.raw.append(Batch::kPadding, '\0');
  std::size_t at = 0;
  for (std::size_t i = 0; i < out.rows.size(); ++i) {
    Record& record = out.rows[i].record;
    record.raw = std::string_view(out.raw).substr(at, ends[i] - at);
    if (record.length == 0) record.length = static_cast<std::uint32_t>(record.raw.size());
    at = ends[i];
  }
  const auto earlier = [](const StoredRow& a, const StoredRow& b) {
    return a.position < b.position;
  };
  if (!std::is_sorted(out.rows.begin(), out.rows.end(), earlier))
    std::sort(out.rows.begin(), out.rows.end(), earlier);
  return {};
}

}  // namespace picket::storage
