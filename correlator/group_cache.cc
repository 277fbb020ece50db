#include "correlator/group_cache.h"

#include <cstring>
#include <set>

#include "base/hash.h"
#include "base/json.h"
#include "correlator/group_keys.h"

namespace picket::correlator {
namespace {

void append_bytes(std::string& key, std::uint64_t bits) {
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(bits >> shift);
}

}  // namespace

std::size_t GroupCache::SuffixHash::operator()(std::string_view suffix) const {
  std::uint64_t bits = 0;
  if (suffix.size() >= kRuleKeySize + sizeof bits)
    std::memcpy(&bits, suffix.data() + kRuleKeySize, sizeof bits);
  return bits ^ suffix.size();
}

GroupCache::GroupCache(StatePort& state, std::string secret, bool write_late)
    : state_(state), secret_(std::move(secret)), write_late_(write_late), timers_(state, std::string(kTimerPrefix)) {}

std::string GroupCache::rule_key(std::string_view rule_id, std::string_view rule_hash) {
  Writer writer;
  writer.text(rule_id);
  writer.text(rule_hash);
  std::string key;
  append_bytes(key, hash64(writer.take()));
  return key;
}

std::string GroupCache::name_of(const std::string& rule_key,
                                const std::vector<std::string>& values) const {
  Writer writer;
  writer.text(secret_);
  for (const std::string& value : values) writer.text(value);
  const std::string text = writer.take();
  std::string name;
  name.reserve(kRuleKeySize + kGroupKeySize);
  name = rule_key;
  append_bytes(name, hash64(text, 0));
  append_bytes(name, hash64(text, 1));
  return name;
}

Group& GroupCache::group(std::uint32_t correlation, const std::string& rule_key,
                         const std::vector<std::string>& values) {
  std::string suffix = name_of(rule_key, values);
  // Two groups may share a hash: the second one takes the next name.
  for (;; suffix += '+') {
    Group* found = find(suffix, correlation);
    if (found == nullptr) break;
    if (found->values == values) return *found;
  }
  ++counters_.created;
  return keep(std::make_unique<Group>(std::move(suffix), correlation, values));
}

Group* GroupCache::find(const std::string& suffix, std::uint32_t correlation) {
  if (Group* found = cached(suffix)) return found;
  std::unique_ptr<Group> found = load(suffix, correlation);
  return found ? &keep(std::move(found)) : nullptr;
}

std::vector<std::string> GroupCache::all(const std::string& rule_key) {
  flush();
  std::set<std::string> suffixes;
  state_.for_each(head_key(rule_key), [&](std::string_view key, std::string_view) {
    suffixes.emplace_hint(suffixes.end(), key.substr(kHeadPrefix.size()));
    return true;
  });
  for (const auto& [suffix, at] : by_suffix_) {
    if (suffix.starts_with(rule_key)) suffixes.emplace(suffix);
  }
  return {suffixes.begin(), suffixes.end()};
}

std::unique_ptr<Group> GroupCache::load(const std::string& suffix, std::uint32_t correlation) {
  const auto head = state_.get(head_key(suffix));
  if (!head) return nullptr;
  auto parsed = Group::parse_head(suffix, correlation, *head);
  bool good = parsed.has_value();
  std::size_t hits = 0;
  if (good && parsed->inlined) hits = parsed->hits().size();
  for (std::size_t i = 0; good && !parsed->inlined && i < parsed->pages.size(); ++i) {
    const auto page = state_.get(page_key(suffix, parsed->pages[i].id));
    hits += parsed->pages[i].size;
    good = page && parsed->load_page(*page) && parsed->hits().size() == hits;
  }
  if (good && parsed->carry.open) {
    const auto text = state_.get(alert_key(suffix));
    auto json = parse_json(text.value_or(""));
    auto alert = json ? alert_from_json(*json) : Result<Alert>(fail(Errc::kCorrupt, "carry"));
    good = alert.has_value();
    if (good) parsed->carry.open = *std::move(alert);
  }
  if (good && parsed->has_history) {
    auto history = History::decode(state_.get(history_key(suffix)).value_or(""));
    good = history.has_value();
    if (good) parsed->carry.history = *std::move(history);
  }
  if (!good || parsed->settled > hits) {
    ++counters_.corrupt;
    state_.erase(head_key(suffix));
    return nullptr;
  }
  ++counters_.loaded;
  parsed->loaded();
  return std::make_unique<Group>(*std::move(parsed));
}

Group& GroupCache::keep(std::unique_ptr<Group> group) {
  order_.push_front({std::move(group), 0, false});
  const auto at = order_.begin();
  by_suffix_.emplace(at->group->suffix, at);
  touch(at);
  return *at->group;
}

Group* GroupCache::cached(const std::string& suffix) {
  const auto found = by_suffix_.find(suffix);
  if (found == by_suffix_.end()) return nullptr;
  order_.splice(order_.begin(), order_, found->second);
  touch(found->second);
  return found->second->group.get();
}

void GroupCache::touch(Order::iterator at) {
  if (at->touched) return;
  at->touched = true;
  touched_.push_back(at);
}

void GroupCache::schedule(Group& group, std::int64_t wake_ns) {
  if (group.wake_ns == wake_ns) return;
  if (group.wake_ns != Group::kNever) timers_.cancel(group.wake_ns, group.suffix);
  group.wake_ns = wake_ns;
  group.dirty = true;
  if (wake_ns != Group::kNever) timers_.set(wake_ns, group.suffix);
}

void GroupCache::erase_keys(const Group& group) {
  state_.erase(head_key(group.suffix));
  for (const Page& page : group.pages) {
    if (!group.inlined) state_.erase(page_key(group.suffix, page.id));
  }
  for (const std::uint32_t page : group.dropped_pages) state_.erase(page_key(group.suffix, page));
  if (group.carry.open || group.carry_dirty) state_.erase(alert_key(group.suffix));
  if (group.has_history) state_.erase(history_key(group.suffix));
}

void GroupCache::erase(Group& group) {
  schedule(group, Group::kNever);
  erase_keys(group);
  ++counters_.erased;
  const auto found = by_suffix_.find(group.suffix);
  const auto at = found->second;
  by_suffix_.erase(found);
  at->erased = true;
  touch(at);
}

void GroupCache::erase_orphan(const std::string& suffix) {
  const auto head = state_.get(head_key(suffix));
  if (!head) return;
  if (const auto group = Group::parse_head(suffix, 0, *head)) {
    erase_keys(*group);
    if (group->wake_ns != Group::kNever) timers_.cancel(group->wake_ns, suffix);
  } else {
    state_.erase(head_key(suffix));  // damaged, or of an earlier version
  }
  ++counters_.erased;
}

void GroupCache::write(Group& group) {
  if (!group.dirty && !group.carry_dirty && !group.history_dirty) return;
  for (std::size_t i = 0; i < group.pages.size(); ++i) {
    if (!group.pages[i].dirty || group.inlined) continue;
    state_.put(page_key(group.suffix, group.pages[i].id), group.page(i));
    group.pages[i].dirty = false;
  }
  for (const std::uint32_t page : group.dropped_pages) state_.erase(page_key(group.suffix, page));
  group.dropped_pages.clear();
  if (group.carry_dirty) {
    if (group.carry.open)
      state_.put(alert_key(group.suffix), dump_json(to_json(*group.carry.open)));
    if (!group.carry.open) state_.erase(alert_key(group.suffix));
  }
  if (group.history_dirty) {
    const bool empty = group.carry.history.empty();
    if (!empty) state_.put(history_key(group.suffix), group.carry.history.encode());
    if (empty && group.has_history) state_.erase(history_key(group.suffix));
    group.has_history = !empty;
  }
  state_.put(head_key(group.suffix), group.head());
  group.dirty = group.carry_dirty = group.history_dirty = false;
}

void GroupCache::flush() {
  for (const Order::iterator at : touched_) {
    if (at->erased) {
      bytes_ -= at->bytes;
      order_.erase(at);
      continue;
    }
    if (!write_late_) write(*at->group);
    bytes_ += at->group->bytes() - at->bytes;
    at->bytes = at->group->bytes();
    at->touched = false;
  }
  touched_.clear();
}

void GroupCache::trim(std::size_t bytes_max) {
  for (auto at = order_.end(); bytes_ > bytes_max && at != order_.begin();) {
    --at;
    if (at->touched || at->group->queued) continue;
    write(*at->group);
    bytes_ -= at->bytes;
    by_suffix_.erase(at->group->suffix);
    at = order_.erase(at);
    ++counters_.spilled;
  }
}

}  // namespace picket::correlator
