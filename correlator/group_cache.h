// GroupCache: groups in memory, least recently used ones leave first; the truth is in the state.
//
// References to groups stay valid until trim() (a queued one beyond it) or erase(). Call flush() at
// the end of every step so that the state is whole, then trim(). One thread, that of the state
// port.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "correlator/group.h"
#include "correlator/state.h"
#include "correlator/timers.h"

namespace picket::correlator {

class GroupCache {
 public:
  struct Counters {
    std::uint64_t created = 0;
    std::uint64_t erased = 0;
    std::uint64_t loaded = 0;   // from the state
    std::uint64_t spilled = 0;  // out of memory
    std::uint64_t corrupt = 0;  // state that could not be read, and was begun anew
  };

  // `secret` makes the hash of group values unpredictable; it must stay the same for a store.
  // `write_late`: a group is written when it leaves memory only; for a state that nobody else reads.
  GroupCache(StatePort& state, std::string secret, bool write_late);

  // The name by which groups of a rule are found: of its id and text. kRuleKeySize bytes, with which
  // the names of its groups begin.
  static std::string rule_key(std::string_view rule_id, std::string_view rule_hash);
  static constexpr std::size_t kRuleKeySize = 8;
  static constexpr std::size_t kGroupKeySize = 16;

  Group& group(std::uint32_t correlation, const std::string& rule_key,
               const std::vector<std::string>& values);
  // By its name in the state; null if there is none (any more).
  Group* find(const std::string& suffix, std::uint32_t correlation);
  // The names of all groups of a rule, also of those not flushed yet.
  std::vector<std::string> all(const std::string& rule_key);

  // Sets the group's timer, in place of the one it has.
  void schedule(Group& group, std::int64_t wake_ns);
  void erase(Group& group);
  // Forgets a group of a rule that is not loaded any more.
  void erase_orphan(const std::string& suffix);
  Timers& timers() { return timers_; }

  void flush();
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
  struct SuffixHash {  // the names are hashes
    std::size_t operator()(std::string_view suffix) const;
  };

  std::string name_of(const std::string& rule_key, const std::vector<std::string>& values) const;
  std::unique_ptr<Group> load(const std::string& suffix, std::uint32_t correlation);
  Group& keep(std::unique_ptr<Group> group);
  Group* cached(const std::string& suffix);
  void touch(Order::iterator at);
  void write(Group& group);
  void erase_keys(const Group& group);

  StatePort& state_;
  std::string secret_;
  bool write_late_;
  Timers timers_;
  Order order_;                                                      // the most recently used first
  std::unordered_map<std::string_view, Order::iterator, SuffixHash> by_suffix_;  // views into the groups
  std::vector<Order::iterator> touched_;
  std::size_t bytes_ = 0;
  Counters counters_;
};

}  // namespace picket::correlator
