// GroupLog: what has changed at the new end of groups since they were written as a whole. A step
// puts one segment into the state with the tails of all groups that it changed, in place of a page
// and a head for each of them.
//
// In the state: c/l/<segment>, 8 bytes big endian, counted from 1; the newest stays, so that no
// number comes again. A segment is a version and then, for each group, its name and its tail
// (Group::write_tail). A tail is of use while the group has a head that speaks of earlier segments
// only.
//
// GroupTails is the part of it that one partition works with: the tails that its groups add in a
// step, and those that wait since the start until their groups are asked for. Each belongs to the
// thread of its partition while partitions work; the log itself, which makes one segment of what
// they have, to the thread of the state port.
//
// When the log is long its oldest segment goes, once the groups that it tells of were written
// (take_oldest(), drop_oldest()).
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

class GroupTails {
 public:
  // The segment up to which a group that is written as a whole speaks.
  std::uint64_t last_segment() const { return next_ - 1; }
  // The tail of the group goes into the segment that is being made, at this place in the order of
  // all partitions; at most one for a group, the places ascend.
  void add(Group& group, std::uint64_t place);
  // Adds the tails that have waited since the start to a group that was just read. False: damaged.
  bool load(Group& group, TextShare& share);
  bool waits(std::string_view suffix) const { return waiting_.contains(suffix); }
  void forget(std::string_view suffix) { waiting_.erase(suffix); }

 private:
  friend class GroupLog;
  struct Tail {
    std::uint64_t segment = 0;
    std::string_view bytes;  // into GroupLog::texts_
  };
  struct Begun {
    std::size_t index = 0;  // of its tail
    std::string suffix;
  };

  void clear();

  std::uint64_t next_ = 1;
  Writer writer_;
  std::vector<std::uint64_t> places_;
  std::vector<std::size_t> ends_;  // in writer_
  std::vector<Begun> begun_;       // groups of which the log did not tell before
  std::unordered_map<std::string_view, std::vector<Tail>> waiting_;  // by group
};

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

  explicit GroupLog(StatePort& state, std::size_t bytes_max = kBytesMax,
                    std::size_t partitions = 1);
  GroupLog(const GroupLog&) = delete;
  GroupLog& operator=(const GroupLog&) = delete;

  GroupTails& tails(std::size_t partition) { return tails_[partition]; }
  std::uint64_t last_segment() const { return next_ - 1; }
  // Makes a segment of what the partitions have added and puts it into the state.
  void close();

  bool is_long() const { return bytes_ > bytes_max_ || segments_.size() > kSegmentsMax; }
  bool has_old() const { return segments_.size() > 1; }
  // Takes the next group that must be written before the oldest segment may go; its segment is 0 if
  // there is none.
  Logged take_oldest();
  void drop_oldest();

 private:
  struct Segment {
    std::uint64_t number = 0;
    std::size_t bytes = 0;
  };

  void read(std::uint64_t number, std::string_view bytes);
  std::string merged();

  StatePort& state_;
  std::size_t bytes_max_;
  std::uint64_t next_ = 1;
  std::size_t bytes_ = 0;
  std::deque<Segment> segments_;
  std::deque<Logged> order_;       // a group that was written meanwhile is still in it
  std::deque<std::string> texts_;  // of segments that were there at the start
  std::vector<GroupTails> tails_;  // by partition; never moved
};

}  // namespace picket::correlator
