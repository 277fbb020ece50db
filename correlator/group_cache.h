// GroupCache: groups in memory, least recently used ones leave first; the truth is in the state.
//
// References to groups stay valid until trim() (a queued one beyond it) or erase(). Call flush() at
// the end of every step so that the state is whole, then trim(). One thread at a time.
//
// A cache has a log of its own, or is one of several partitions that have one together: then their
// owner calls write_touched(), closes the log and has the oldest written, for all of them.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "correlator/group.h"
#include "correlator/group_index.h"
#include "correlator/group_log.h"
#include "correlator/state.h"
#include "correlator/timers.h"

namespace picket::correlator {

// Makes the names of groups. `secret` makes the hash of group values unpredictable; it must stay
// the same for a store.
class GroupNames {
 public:
  explicit GroupNames(std::string secret) : secret_(std::move(secret)) {}
  // Valid until the next call. Two groups may have the same: the second one gets a longer one.
  const std::string& name(std::string_view rule_key, const std::vector<std::string>& values);

 private:
  std::string secret_;
  std::string hashed_;  // what a name is made of
  std::string name_;
};

class GroupCache {
 public:
  struct Counters {
    std::uint64_t created = 0;
    std::uint64_t erased = 0;
    std::uint64_t asked = 0;    // the state, for groups that were not in memory
    std::uint64_t loaded = 0;   // from the state
    std::uint64_t spilled = 0;  // out of memory
    std::uint64_t corrupt = 0;  // state that could not be read, and was begun anew
  };

  // `secret` as for GroupNames.
  // `write_late`: a group is written when it leaves memory only; for a state that nobody else
  // reads.
  GroupCache(StatePort& state, std::string secret, bool write_late,
             std::size_t log_bytes_max = GroupLog::kBytesMax);

  // One of the partitions of `log`, which must outlive this.
  GroupCache(StatePort& state, std::string secret, bool write_late, GroupTails& tails);

  // The name by which groups of a rule are found: of its id and text. kRuleKeySize bytes, with
  // which the names of its groups begin.
  static std::string rule_key(std::string_view rule_id, std::string_view rule_hash);
  static constexpr std::size_t kRuleKeySize = 8;
  static constexpr std::size_t kGroupKeySize = 16;

  Group& group(std::uint32_t correlation, const std::string& rule_key,
               const std::vector<std::string>& values);
  // The same with name(), which who deals groups over partitions knows.
  Group& named(std::uint32_t correlation, std::string_view name,
               const std::vector<std::string>& values);
  // What is asked for from now on is asked for at this place in the order of all partitions.
  void begin(std::uint64_t place) { place_ = place; }
  // Announces that the group will be asked for: what was announced is read from the state together,
  // by fetch(), if it is not in memory.
  void announce(const std::string& rule_key, const std::vector<std::string>& values);
  void announce(const std::string& suffix);
  void fetch();
  // By its name in the state; null if there is none (any more).
  Group* find(const std::string& suffix, std::uint32_t correlation);
  // The names of all groups of a rule, also of those not flushed yet.
  std::vector<std::string> all(const std::string& rule_key);
  // Of those in memory only.
  void add_names(const std::string& rule_key, std::set<std::string>& names) const;

  // Sets the group's timer, in place of the one it has.
  void schedule(Group& group, std::int64_t wake_ns);
  void erase(Group& group);
  // Forgets a group of a rule that is not loaded any more.
  void erase_orphan(const std::string& suffix);
  Timers& timers() { return timers_; }
  TextShare& texts() { return texts_; }

  // Of a cache with a log of its own.
  void flush();
  // Of one that has a part of it: what has changed goes into the state or to the log; and what the
  // log takes out as its oldest.
  void write_touched();
  void write_logged(const GroupLog::Logged& logged);
  std::size_t touched() const { return touched_.size(); }
  // Writes each group as a whole, so that nothing is in the log only.
  void write_all();
  void trim(std::size_t bytes_max);
  std::size_t bytes() const { return bytes_; }
  const Counters& counters() const { return counters_; }

 private:
  struct Entry {
    std::unique_ptr<Group> group;
    std::size_t bytes = 0;  // as counted in bytes_
    bool touched = false;   // since the last flush
    bool erased = false;    // goes with the next flush
  };
  using Order = std::list<Entry>;
  struct NameOf {
    std::string_view operator()(Order::iterator at) const { return at->group->suffix; }
  };

  std::unique_ptr<Group> load(const std::string& suffix, std::uint32_t correlation);
  Group& keep(std::unique_ptr<Group> group);
  Group* cached(const std::string& suffix);
  void touch(Order::iterator at);
  std::optional<std::string> head_of(const std::string& suffix);
  void write(Group& group, std::uint64_t place);
  void write_whole(Group& group);
  void write_oldest();
  void erase_keys(const Group& group);

  StatePort& state_;
  GroupNames names_;
  bool write_late_;
  Timers timers_;
  TextShare texts_;
  std::unique_ptr<GroupLog> own_log_;  // null: the tails are those of another one
  GroupTails& tails_;
  Order order_;  // the most recently used first
  GroupIndex<Order::iterator, NameOf> by_suffix_;
  struct Touched {
    Order::iterator at;
    std::uint64_t place = 0;
  };
  std::vector<Touched> touched_;
  std::uint64_t place_ = 0;
  std::vector<std::string> announced_;  // names of heads
  std::unordered_map<std::string, std::optional<std::string>>
      fetched_;       // heads, until they are asked for
  std::string name_;  // of the group asked for last
  std::size_t bytes_ = 0;
  Counters counters_;
};

}  // namespace picket::correlator
