#include "correlator/group.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace picket::correlator {
namespace {

constexpr std::uint8_t kVersion = 2;  // of pages
constexpr std::uint8_t kPlainVersion = 1;
constexpr std::uint8_t kHeadVersion = 4;
constexpr std::uint8_t kPlainHeadVersion = 3;  // knows of no log; its hits and pages are plain
constexpr std::size_t kRepeatedHits = 32;      // of a tail, beside the new ones

// In 8 bytes, so that a head can be told another one.
void write_segment(Writer& writer, std::uint64_t segment) {
  writer.real(std::bit_cast<double>(segment));
}
std::uint64_t read_segment(Reader& reader) {
  return std::bit_cast<std::uint64_t>(reader.real());
}

bool is_head(std::uint8_t version) {
  return version == kHeadVersion || version == kPlainHeadVersion;
}

}  // namespace

Group::Insert Group::insert(MemberHit hit, const SourceTable& sources) {
  const bool newest = hits_.empty() || before(hits_.back(), hit, sources);
  const auto at = newest ? hits_.end()
                         : std::lower_bound(hits_.begin(), hits_.end(), hit,
                                            [&](const MemberHit& a, const MemberHit& b) {
                                              return before(a, b, sources);
                                            });
  const auto index = static_cast<std::size_t>(at - hits_.begin());
  if (at != hits_.end() && !before(hit, *at, sources)) {
    if (at->proof == hit.proof || hit.origin == 0 || index < settled) return Insert::kDuplicate;
    bytes_ -= at->bytes();
    at->proof = std::move(hit.proof);
    bytes_ += at->bytes();
    mark(index, at->time_ns);
    touch(index);
    run.reset();
    return Insert::kDuplicate;
  }
  if (index < settled) return Insert::kTooOld;
  bytes_ += hit.bytes();
  if (index < window_end) window.reset();
  if (index < run_end) run.reset();
  hits_.insert(at, std::move(hit));
  const std::size_t number = count_into_pages(index);
  if (pages[number].size > 2 * kPageHits) split(number);
  tail_from = std::min(tail_from, index);
  ++added;
  if (dirty_from != kNone && dirty_from >= index) ++dirty_from;
  mark_event(index, hits_[index]);
  return Insert::kAdded;
}

void Group::set_proof(std::size_t index, SharedText proof) {
  MemberHit& hit = hits_[index];
  if (index > 0 && hits_[index - 1].proof == proof) proof = hits_[index - 1].proof;
  bytes_ -= hit.bytes();
  hit.proof = std::move(proof);
  bytes_ += hit.bytes();
}

// hits()[index] is new. The page that it is in.
std::size_t Group::count_into_pages(std::size_t index) {
  if (pages.empty()) add_page(0, 0);
  std::size_t number = 0;
  if (index + 1 == hits_.size()) {
    number = pages.size() - 1;
  } else {
    for (std::size_t end = pages[0].size; end < index && number + 1 < pages.size();)
      end += pages[++number].size;
  }
  ++pages[number].size;
  pages[number].dirty = true;
  if (hits_.size() > kInlineHits) inlined = false;
  return number;
}

std::size_t Group::find(const MemberHit& hit, const SourceTable& sources) const {
  const auto at = std::lower_bound(
      hits_.begin(), hits_.end(), hit,
      [&](const MemberHit& a, const MemberHit& b) { return before(a, b, sources); });
  if (at == hits_.end() || before(hit, *at, sources)) return kNone;
  return static_cast<std::size_t>(at - hits_.begin());
}

void Group::remove(std::size_t index) {
  PICKET_CHECK(index >= settled && index < hits_.size());
  touch(index);
  std::size_t number = 0;
  for (std::size_t end = pages[0].size; end <= index;) end += pages[++number].size;
  if (--pages[number].size == 0) {
    dropped_pages.push_back(pages[number].id);
    pages.erase(pages.begin() + static_cast<std::ptrdiff_t>(number));
  }
  const MemberHit gone = std::move(hits_[index]);
  bytes_ -= gone.bytes();
  hits_.erase(hits_.begin() + static_cast<std::ptrdiff_t>(index));
  tail_from = std::min(tail_from, index);
  window.reset();
  run.reset();
  if (dirty_from != kNone && dirty_from > index) --dirty_from;
  mark_event(index, gone);
}

// What was said at the hits of this event before hits()[index] depends on it too.
void Group::mark_event(std::size_t index, const MemberHit& hit) {
  while (index > settled && hits_[index - 1].same_event(hit)) --index;
  if (index < run_end) run.reset();
  mark(index, hit.time_ns);
}

void Group::set_verdict(std::size_t index, Verdict verdict, double quantity) {
  MemberHit& hit = hits_[index];
  const double kept = verdict == Verdict::kFired ? quantity : 0;
  if (hit.verdict == verdict && hit.quantity == kept) return;
  hit.verdict = verdict;
  hit.quantity = kept;
  touch(index);
}

std::size_t Group::first_at(std::int64_t time_ns) const {
  if (hits_.empty() || hits_.back().time_ns < time_ns) return hits_.size();
  const auto at =
      std::lower_bound(hits_.begin(), hits_.end(), time_ns,
                       [](const MemberHit& hit, std::int64_t t) { return hit.time_ns < t; });
  return static_cast<std::size_t>(at - hits_.begin());
}

std::size_t Group::drop_before(std::int64_t time_ns) {
  std::size_t hits = 0;
  std::size_t count = 0;
  for (; count < pages.size(); ++count) {
    const std::size_t end = hits + pages[count].size;
    if (end > settled || hits_[end - 1].time_ns >= time_ns) break;
    hits = end;
  }
  if (hits == 0) return 0;
  for (std::size_t i = 0; i < count; ++i) dropped_pages.push_back(pages[i].id);
  for (std::size_t i = 0; i < hits; ++i) bytes_ -= hits_[i].bytes();
  pages.erase(pages.begin(), pages.begin() + static_cast<std::ptrdiff_t>(count));
  hits_.erase(hits_.begin(), hits_.begin() + static_cast<std::ptrdiff_t>(hits));
  settled -= hits;
  if (hits > run_end) run.reset();  // it lacks some of them
  run_end -= std::min(run_end, hits);
  if (dirty_from != kNone) dirty_from -= hits;
  if (window && window_first >= hits) {
    window_first -= hits;
    window_end -= hits;
  } else {
    window.reset();
  }
  dirty = whole = true;
  return hits;
}

Previous Group::previous(std::size_t index) const {
  while (index > settled) {
    const MemberHit& hit = hits_[--index];
    if (hit.verdict == Verdict::kSkipped || hit.verdict == Verdict::kPending) continue;
    return {true, hit.verdict != Verdict::kFalse, hit.time_ns};
  }
  return carry.previous;
}

void Group::mark(std::size_t index, std::int64_t until_ns) {
  dirty_from = std::min(dirty_from, index);
  dirty_until_ns = std::max(dirty_until_ns, until_ns);
  dirty = true;
}

void Group::touch(std::size_t index) {
  dirty = true;
  tail_from = std::min(tail_from, index);
  std::size_t number = pages.size() - 1;
  for (std::size_t first = hits_.size() - pages[number].size; first > index;) {
    first -= pages[--number].size;
  }
  pages[number].dirty = true;
}

void Group::split(std::size_t number) {
  Page& first = pages[number];
  // A page at the end was filled in order: leave it whole and begin the next.
  const bool last = number + 1 == pages.size();
  const std::size_t moved = last ? 1 : first.size / 2;
  first.size -= moved;
  first.dirty = true;
  add_page(number + 1, moved);
}

void Group::add_page(std::size_t number, std::size_t size) {
  pages.insert(pages.begin() + static_cast<std::ptrdiff_t>(number), {next_page_++, size, true});
}

// Only hits()[0] to hits()[end - 1] stay.
void Group::cut(std::size_t end) {
  for (std::size_t i = end; i < hits_.size(); ++i) bytes_ -= hits_[i].bytes();
  std::size_t gone = hits_.size() - end;
  hits_.resize(end);
  while (gone > 0) {
    Page& last = pages.back();
    const std::size_t here = std::min(gone, last.size);
    gone -= here;
    last.size -= here;
    last.dirty = true;
    if (last.size > 0) break;
    dropped_pages.push_back(last.id);
    pages.pop_back();
  }
}

bool Group::tail_only() const {
  if (whole || carry_dirty || history_dirty) return false;
  return tail_from == kNone ||
         hits_.size() - std::min(tail_from, hits_.size()) <= 2 * added + kRepeatedHits;
}

void Group::write_tail(Writer& writer) const {
  const std::size_t first = std::min(tail_from, hits_.size());
  writer.integer(wake_ns);
  writer.number(told);
  writer.number(grown);
  writer.number(first);
  writer.number(hits_.size() - first);
  MemberWriter members(writer);
  for (std::size_t i = first; i < hits_.size(); ++i) members.write(hits_[i]);
}

bool Group::load_tail(std::string_view bytes, TextShare& share) {
  Reader reader(bytes);
  wake_ns = reader.integer();
  told = reader.number();
  grown = reader.number();
  const std::uint64_t first = reader.number();
  if (!reader.ok() || first < settled || first > hits_.size()) return false;
  cut(first);
  MemberReader members(reader, share, false);
  for (std::size_t left = reader.count(); left > 0; --left) {
    MemberHit hit = members.read();
    if (!reader.ok()) return false;
    bytes_ += hit.bytes();
    hits_.push_back(std::move(hit));
    const std::size_t number = count_into_pages(hits_.size() - 1);
    if (pages[number].size > 2 * kPageHits) split(number);
  }
  return reader.done();
}

void Group::note_written(bool as_a_whole) {
  dirty = false;
  tail_from = kNone;
  added = 0;
  if (!as_a_whole) return;
  whole = carry_dirty = history_dirty = false;
  logged = 0;
}

std::string Group::head() const {
  Writer writer;
  writer.byte(kHeadVersion);
  writer.integer(due_ns);
  write_segment(writer, written);
  writer.number(values.size());
  for (const std::string& value : values) writer.text(value);
  writer.number(settled);
  writer.byte(static_cast<std::uint8_t>((carry.previous.seen ? 1 : 0) |
                                        (carry.previous.truth ? 2 : 0) | (carry.open ? 4 : 0) |
                                        (carry.history.empty() ? 0 : 8) | (inlined ? 16 : 0)));
  writer.integer(carry.previous.time_ns);
  writer.integer(wake_ns);
  writer.number(told);
  writer.number(grown);
  writer.number(next_page_);
  writer.number(pages.size());
  for (const Page& page : pages) {
    writer.number(page.id);
    writer.number(page.size);
  }
  if (inlined && !pages.empty()) write_page(writer, 0);
  return writer.take();
}

std::string Group::moved_head(std::string head, std::uint64_t segment) {
  Reader reader(head);
  if (reader.byte() != kHeadVersion) return head;
  Writer start;
  start.byte(kHeadVersion);
  start.integer(reader.integer());
  read_segment(reader);
  if (!reader.ok()) return head;
  write_segment(start, segment);
  std::string moved = start.take();
  moved += std::string_view(head).substr(moved.size());
  return moved;
}

std::int64_t Group::due_of(std::string_view head) {
  Reader reader(head);
  if (!is_head(reader.byte())) return INT64_MIN;
  const std::int64_t due_ns = reader.integer();
  return reader.ok() ? due_ns : INT64_MIN;
}

std::optional<Group> Group::parse_head(std::string key, std::uint32_t rule, std::string_view bytes,
                                       TextShare& share) {
  Reader reader(bytes);
  const std::uint8_t version = reader.byte();
  if (!is_head(version)) return std::nullopt;
  const std::int64_t due_ns = reader.integer();
  const std::uint64_t written = version == kHeadVersion ? read_segment(reader) : 0;
  std::vector<std::string> values;
  for (std::size_t left = reader.count(); left > 0; --left) values.emplace_back(reader.text());
  Group group(std::move(key), rule, std::move(values));
  group.settled = reader.number();
  const std::uint8_t flags = reader.byte();
  group.carry.previous = {(flags & 1) != 0, (flags & 2) != 0, reader.integer()};
  if ((flags & 4) != 0) group.carry.open = std::make_unique<Alert>();
  group.has_history = (flags & 8) != 0;
  group.inlined = (flags & 16) != 0;
  group.due_ns = due_ns;
  group.wake_ns = reader.integer();
  group.told = reader.number();
  group.grown = reader.number();
  group.written = written;
  group.next_page_ = static_cast<std::uint32_t>(reader.number());
  for (std::size_t left = reader.count(); left > 0; --left) {
    const auto id = static_cast<std::uint32_t>(reader.number());
    group.pages.push_back({id, reader.number(), false});
  }
  if (group.inlined && group.pages.size() > 1) return std::nullopt;
  if (group.inlined && !group.pages.empty() &&
      !group.read_page(reader, share, version == kPlainHeadVersion))
    return std::nullopt;
  if (!reader.done()) return std::nullopt;
  return group;
}

std::string Group::page(std::size_t number) const {
  Writer writer;
  writer.byte(kVersion);
  write_page(writer, number);
  return writer.take();
}

void Group::write_page(Writer& writer, std::size_t number) const {
  std::size_t first = 0;
  for (std::size_t i = 0; i < number; ++i) first += pages[i].size;
  writer.number(pages[number].size);
  MemberWriter members(writer);
  for (std::size_t i = first; i < first + pages[number].size; ++i) members.write(hits_[i]);
}

bool Group::load_page(std::string_view bytes, TextShare& share) {
  Reader reader(bytes);
  const std::uint8_t version = reader.byte();
  if (version != kVersion && version != kPlainVersion) return false;
  return read_page(reader, share, version == kPlainVersion) && reader.done();
}

bool Group::read_page(Reader& reader, TextShare& share, bool plain) {
  MemberReader members(reader, share, plain);
  for (std::size_t left = reader.count(); left > 0; --left) {
    MemberHit hit = members.read();
    if (!reader.ok()) return false;
    bytes_ += hit.bytes();
    hits_.push_back(std::move(hit));
  }
  return reader.ok();
}

void Group::loaded() {
  for (std::size_t i = settled; i < hits_.size(); ++i) {
    if (hits_[i].verdict == Verdict::kPending) mark(i, hits_[i].time_ns);
  }
  dirty = whole = false;
  tail_from = kNone;
  added = 0;
}

}  // namespace picket::correlator
