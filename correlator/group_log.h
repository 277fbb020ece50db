// GroupLog: what has changed at the new end of groups since they were written as a whole. A step
// puts one segment into the state with the tails of all groups that it changed, in place of a page
// and a head for each of them.
//
// In the state: c/l/<segment>, 8 bytes big endian, counted from 1; the newest stays, so that no
// number comes again. A segment is a version and then, for each group, its name and its tail
// (Group::write_tail). A tail is of use while the group has a head that speaks of earlier segments
// only.
//
// When the log is long its oldest segment goes, once the groups that it tells of were written
// (oldest(), drop_oldest()). After a start the tails wait here until their groups are asked for.
// One thread, that of the state port.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "correlator/group.h"
#include "correlator/state.h"

namespace picket::correlator {

class GroupLog {
 public:
  static constexpr std::size_t kBytesMax = 32 * 1024 * 1024;
  static constexpr std::size_t kSegmentsMax =
      4096;  // small ones: an hour of commits with little in them

  // A group that the log tells of, from this segment on.
  struct Logged {
    std::uint64_t segment = 0;
    std::string suffix;
  };

  explicit GroupLog(StatePort& state, std::size_t bytes_max = kBytesMax);

  // The segment up to which a group that is written as a whole speaks.
  std::uint64_t last_segment() const { return next_ - 1; }
  // The tail of the group goes into the segment that is being made; at most one for a group.
  void add(Group& group);
  // Puts that segment into the state.
  void close();

  // Adds the tails that have waited since the start to a group that was just read. False: damaged.
  bool load(Group& group, TextShare& share);
  bool waits(std::string_view suffix) const { return waiting_.contains(suffix); }
  void forget(std::string_view suffix) { waiting_.erase(suffix); }

  bool is_long() const { return bytes_ > bytes_max_ || segments_.size() > kSegmentsMax; }
  bool has_old() const { return segments_.size() > 1; }
  // Takes the next group that must be written before the oldest segment may go; its name is empty
  // if there is none.
  Logged take_oldest();
  void drop_oldest();

 private:
  struct Segment {
    std::uint64_t number = 0;
    std::size_t bytes = 0;
  };
  struct Tail {
    std::uint64_t segment = 0;
    std::string_view bytes;  // into texts_
  };

  void read(std::uint64_t number, std::string_view bytes);

  StatePort& state_;
  std::size_t bytes_max_;
  std::uint64_t next_ = 1;
  std::size_t bytes_ = 0;
  std::deque<Segment> segments_;
  std::deque<Logged> order_;  // a group that was written meanwhile is still in it
  Writer writer_;
  bool empty_ = true;              // the segment being made
  std::deque<std::string> texts_;  // of segments that were there at the start
  std::unordered_map<std::string_view, std::vector<Tail>> waiting_;  // by group
};

}  // namespace picket::correlator
