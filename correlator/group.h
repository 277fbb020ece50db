// Group: the hits of one (correlation, group-by values), sorted, with what the correlation said at
// each, and what is left of older ones.
//
// Lives in a GroupCache; one thread. Kept are the hits that a late one could still change or look
// back to: those of (lateness + timespan). The front of them is settled: too old to change, kept
// for the windows of others. What the settled ones amounted to is in `carry`.
//
// In the state (all names begin with "c/"; <group> is the hash of the rule, 8 bytes, and that of
// the values, 16 bytes):
//   c/g/<group>          head: version, due time, values, settled, carry, told, up to which segment
//   of the
//                        log it speaks, and the hits or the list of pages
//   c/p/<group>/<page>   one page: up to 2 * kPageHits members, once there are more than
//   kInlineHits c/a/<group>          the open alert of the carry, as JSON c/h/<group>          the
//   history (history.h), where the type has one c/d/<wake><group>    timer (timers.h) of a group in
//   which hits wait for the watermark c/l/<segment>        the log: how the groups of one step
//   ended, where only their last hits differ
//
// So a group is written as a whole when it is new, when it leaves memory, when its old end changes;
// what a hit adds at its new end is in the log until then (group_log.h).
//
// A group is looked at when it is due, and hits become final or leave: for that all heads are read
// from time to time, which costs less than a timer for each group.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "correlator/history.h"
#include "correlator/member.h"
#include "correlator/source_table.h"
#include "correlator/window.h"
#include "event/alert.h"

namespace picket::correlator {

// What the correlation said last.
struct Previous {
  bool seen = false;  // was it evaluated at all?
  bool truth = false;
  std::int64_t time_ns = 0;
};

// The outcome of all settled hits.
struct Carry {
  Previous previous;
  std::unique_ptr<Alert> open;  // the alert that further hits join, while previous.truth
  History history;              // of the values, where the type asks for it
};

struct Page {
  std::uint32_t id = 0;
  std::size_t size = 0;
  bool dirty = true;
};

class Group {
 public:
  static constexpr std::size_t kPageHits = 64;
  static constexpr std::size_t kInlineHits = 16;
  static constexpr std::size_t kNone = SIZE_MAX;
  static constexpr std::size_t kRunEventBytes = 128;  // about
  static constexpr std::int64_t kNever = INT64_MAX;

  enum class Insert : std::uint8_t { kAdded, kDuplicate, kTooOld };

  Group(std::string key, std::uint32_t rule, std::vector<std::string> group_values)
      : suffix(std::move(key)), correlation(rule), values(std::move(group_values)) {}

  // Sorted in; marks what has to be evaluated again. A duplicate of another alert's hit takes its
  // proof.
  Insert insert(MemberHit hit, const SourceTable& sources);
  // What is shown of a hit that was inserted without, before anything else was done with it.
  void set_proof(std::size_t index, SharedText proof);
  // The index of this very hit, or kNone.
  std::size_t find(const MemberHit& hit, const SourceTable& sources) const;
  void remove(std::size_t index);
  void set_verdict(std::size_t index, Verdict verdict, double quantity);
  // The first hit at or after the instant.
  std::size_t first_at(std::int64_t time_ns) const;
  // Drops the pages at the front that hold only settled hits before `time_ns`; the number of hits.
  std::size_t drop_before(std::int64_t time_ns);
  // What was said before hits()[index].
  Previous previous(std::size_t index) const;
  void mark(std::size_t index, std::int64_t until_ns);  // to be evaluated again
  std::size_t bytes() const {
    return bytes_ + carry.history.bytes() + (run ? run->events.size() * kRunEventBytes : 0);
  }

  // Head and pages as in the state. parse_head() leaves the pages empty; load_page() fills the
  // next; then come the tails that the log has, oldest first; then loaded().
  std::string head() const;
  static std::optional<Group> parse_head(std::string key, std::uint32_t rule,
                                         std::string_view bytes, TextShare& share);
  // The head of a group that comes into a state whose log has come to this segment.
  static std::string moved_head(std::string head, std::uint64_t segment);
  // The due time of a head; of one that is damaged, long ago.
  static std::int64_t due_of(std::string_view head);
  std::string page(std::size_t number) const;
  bool load_page(std::string_view bytes, TextShare& share);
  bool load_tail(std::string_view bytes, TextShare& share);
  void loaded();

  // Is what has changed since the group was written only its last hits, and few beside those that
  // are new? Then write_tail() tells of all of it.
  bool tail_only() const;
  void write_tail(Writer& writer) const;
  // The group is in the state as it stands: as a whole, or with the log.
  void note_written(bool whole);

  const std::vector<MemberHit>& hits() const { return hits_; }

  std::string suffix;  // <group> in the names above
  std::uint32_t correlation;
  std::vector<std::string> values;
  std::vector<Page> pages;
  std::size_t forgotten = 0;                 // values, at History::kValuesMax: to be counted
  std::vector<std::uint32_t> dropped_pages;  // to be erased from the state
  std::size_t settled = 0;
  Carry carry;
  std::int64_t due_ns = kNever;   // to be looked at
  std::int64_t wake_ns = kNever;  // its timer
  bool inlined = true;            // the hits are in the head
  bool dirty = true;
  bool whole = true;              // more than hits()[tail_from] and what follows has changed
  std::size_t tail_from = kNone;  // the first hit that has changed
  std::size_t added = 0;          // hits, since it was written
  std::uint64_t written = 0;      // the segment of the log up to which the head speaks
  std::uint64_t logged = 0;       // the first one that tells of what its pages lack; 0: none
  bool carry_dirty = false;
  bool history_dirty = false;
  bool has_history = false;  // there is one in the state

  // Evaluation starts at hits()[dirty_from] and goes on at least until the windows of hits up to
  // dirty_until_ns are passed.
  std::size_t dirty_from = kNone;
  std::int64_t dirty_until_ns = INT64_MIN;
  std::int64_t opened_ns = INT64_MIN;  // where the newest alert fired, if known
  bool run_shrunk = false;             // a hit that had joined a run was removed
  bool queued = false;                 // somebody holds a pointer to it: it stays in memory

  // The sliding window as it stands after hits()[window_end - 1]; null: to be rebuilt.
  std::unique_ptr<Window> window;
  std::size_t window_first = 0;
  std::size_t window_end = 0;

  // The alert that is open at hits()[run_end - 1], if it is long; else it is built from the hits.
  std::unique_ptr<Alert> run;
  std::size_t run_end = 0;

  // Of the alert that is open at the last decided hit: its hits when it was raised last, and how
  // many have joined it since. An alert that grows with every hit is not built anew for each.
  std::uint64_t told = 0;
  std::uint64_t grown = 0;
  bool noted = false;  // the correlator knows that it has

 private:
  void add_page(std::size_t number, std::size_t size);
  void write_page(Writer& writer, std::size_t number) const;
  bool read_page(Reader& reader, TextShare& share, bool plain);
  std::size_t count_into_pages(std::size_t index);
  void cut(std::size_t end);
  void touch(std::size_t index);
  void mark_event(std::size_t index, const MemberHit& hit);
  void split(std::size_t number);

  std::vector<MemberHit> hits_;
  std::uint32_t next_page_ = 0;
  std::size_t bytes_ = sizeof(Group);
};

}  // namespace picket::correlator
