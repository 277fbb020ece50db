#include "correlator/group.h"

#include <algorithm>

#include "base/check.h"

namespace picket::correlator {
namespace {

constexpr std::uint8_t kVersion = 1;  // of pages
constexpr std::uint8_t kHeadVersion = 3;

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
  if (pages.empty()) add_page(0, 0);
  std::size_t number = 0;
  for (std::size_t end = pages[0].size; end < index && number + 1 < pages.size();) {
    end += pages[++number].size;
  }
  if (index + 1 == hits_.size()) number = pages.size() - 1;
  ++pages[number].size;
  pages[number].dirty = true;
  const bool last = number + 1 == pages.size();
  if (pages[number].size > (last ? kTailHits : 2 * kPageHits)) split(number);
  if (last) join_tail();
  if (dirty_from != kNone && dirty_from >= index) ++dirty_from;
  mark_event(index, hits_[index]);
  return Insert::kAdded;
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
  dirty = true;
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
  if (!inlined || pages.size() == 1) return;
  inlined = false;
  for (Page& page : pages) page.dirty = true;
}

// Full pages at the end that were filled in order become one.
void Group::join_tail() {
  const std::size_t full = pages.size() - 1;
  if (full < kTailPages) return;
  std::size_t size = 0;
  for (std::size_t i = full - kTailPages; i < full; ++i) {
    if (pages[i].size > kTailHits) return;
    size += pages[i].size;
  }
  const auto first = pages.begin() + static_cast<std::ptrdiff_t>(full - kTailPages);
  const auto end = pages.begin() + static_cast<std::ptrdiff_t>(full);
  for (auto page = first + 1; page != end; ++page) dropped_pages.push_back(page->id);
  first->size = size;
  first->dirty = true;
  pages.erase(first + 1, end);
}

std::string Group::head() const {
  Writer writer;
  writer.byte(kHeadVersion);
  writer.integer(due_ns);
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

std::int64_t Group::due_of(std::string_view head) {
  Reader reader(head);
  if (reader.byte() != kHeadVersion) return INT64_MIN;
  const std::int64_t due_ns = reader.integer();
  return reader.ok() ? due_ns : INT64_MIN;
}

std::optional<Group> Group::parse_head(std::string key, std::uint32_t rule,
                                       std::string_view bytes) {
  Reader reader(bytes);
  if (reader.byte() != kHeadVersion) return std::nullopt;
  const std::int64_t due_ns = reader.integer();
  std::vector<std::string> values;
  for (std::size_t left = reader.count(); left > 0; --left) values.emplace_back(reader.text());
  Group group(std::move(key), rule, std::move(values));
  group.settled = reader.number();
  const std::uint8_t flags = reader.byte();
  group.carry.previous = {(flags & 1) != 0, (flags & 2) != 0, reader.integer()};
  if ((flags & 4) != 0) group.carry.open.emplace();
  group.has_history = (flags & 8) != 0;
  group.inlined = (flags & 16) != 0;
  group.due_ns = due_ns;
  group.wake_ns = reader.integer();
  group.told = reader.number();
  group.grown = reader.number();
  group.next_page_ = static_cast<std::uint32_t>(reader.number());
  for (std::size_t left = reader.count(); left > 0; --left) {
    const auto id = static_cast<std::uint32_t>(reader.number());
    group.pages.push_back({id, reader.number(), false});
  }
  if (group.inlined && group.pages.size() > 1) return std::nullopt;
  if (group.inlined && !group.pages.empty() && !group.read_page(reader)) return std::nullopt;
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
  std::int64_t base_ns = 0;
  for (std::size_t i = first; i < first + pages[number].size; ++i)
    write_member(writer, hits_[i], base_ns);
}

bool Group::load_page(std::string_view bytes) {
  Reader reader(bytes);
  return reader.byte() == kVersion && read_page(reader) && reader.done();
}

bool Group::read_page(Reader& reader) {
  std::int64_t base_ns = 0;
  for (std::size_t left = reader.count(); left > 0; --left) {
    MemberHit hit = read_member(reader, base_ns);
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
  dirty = false;
}

}  // namespace picket::correlator
