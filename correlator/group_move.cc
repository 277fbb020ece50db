#include "correlator/group_move.h"

#include <optional>
#include <utility>
#include <vector>

#include "correlator/group_cache.h"
#include "correlator/group_keys.h"
#include "correlator/source_table.h"
#include "correlator/timers.h"

namespace picket::correlator {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

Entries entries_of(StatePort& state, const std::string& prefix) {
  Entries entries;
  state.for_each(prefix, [&](std::string_view key, std::string_view value) {
    entries.emplace_back(key, value);
    return true;
  });
  return entries;
}

void erase_groups(StatePort& state, const std::string& rule_key) {
  GroupCache groups(state, "", false);
  for (const std::string& suffix : groups.all(rule_key)) groups.erase_orphan(suffix);
  for (const auto& [key, value] : entries_of(state, std::string(kGrownPrefix) + rule_key))
    state.erase(key);
}

void learn_sources(StatePort& from, StatePort& to) {
  for (auto& [key, value] : entries_of(from, std::string(SourceTable::kPrefix))) {
    if (!to.get(key)) to.put(key, std::move(value));
  }
}

void move_entry(StatePort& from, StatePort& to, const std::string& key) {
  std::optional<std::string> value = from.get(key);
  if (!value) return;
  to.put(key, *std::move(value));
  from.erase(key);
}

}  // namespace

std::size_t move_groups(StatePort& from, StatePort& to, const std::string& rule_key) {
  erase_groups(to, rule_key);
  learn_sources(from, to);
  GroupCache moved(from, "", false);
  moved.write_all();
  const std::uint64_t segment = GroupLog(to).last_segment();
  Timers timers(to, std::string(kTimerPrefix));
  Entries heads = entries_of(from, head_key(rule_key));
  for (auto& [key, head] : heads) {
    const std::string suffix = key.substr(kHeadPrefix.size());
    const std::optional<Group> group = Group::parse_head(suffix, 0, head, moved.texts());
    if (!group) continue;  // never written by us
    if (!group->inlined) {
      for (const Page& page : group->pages) move_entry(from, to, page_key(suffix, page.id));
    }
    move_entry(from, to, alert_key(suffix));
    move_entry(from, to, history_key(suffix));
    if (group->wake_ns != Group::kNever) timers.set(group->wake_ns, suffix);
    from.erase(key);
    to.put(key, Group::moved_head(std::move(head), segment));
  }
  return heads.size();
}

}  // namespace picket::correlator
