#include "correlator/group_cache.h"

#include "base/hash.h"
#include "base/json.h"

namespace picket::correlator {
namespace {

constexpr std::size_t kRuleKeySize = 32;

std::string head_key(std::string_view suffix) {
  return "c/g/" + std::string(suffix);
}
std::string alert_key(std::string_view suffix) {
  return "c/a/" + std::string(suffix);
}
std::string history_key(std::string_view suffix) {
  return "c/h/" + std::string(suffix);
}
std::string page_key(std::string_view suffix, std::uint32_t page) {
  return "c/p/" + std::string(suffix) + '/' + std::to_string(page);
}

}  // namespace

GroupCache::GroupCache(StatePort& state, std::string secret)
    : state_(state), secret_(std::move(secret)), timers_(state, "c/d/") {}

std::string GroupCache::rule_key(std::string_view rule_id, std::string_view rule_hash) {
  Writer writer;
  writer.text(rule_id);
  writer.text(rule_hash);
  return hash128_hex(writer.take());
}

Group& GroupCache::group(std::uint32_t correlation, const std::string& rule_key,
                         const std::vector<std::string>& values) {
  Writer writer;
  writer.text(secret_);
  for (const std::string& value : values) writer.text(value);
  std::string suffix = rule_key + '/' + hash128_hex(writer.take());
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
  std::vector<std::string> suffixes;
  const std::string prefix = head_key(rule_key) + '/';
  state_.for_each(prefix, [&](std::string_view key, std::string_view) {
    suffixes.emplace_back(key.substr(4));
    return true;
  });
  return suffixes;
}

std::unique_ptr<Group> GroupCache::load(const std::string& suffix, std::uint32_t correlation) {
  const auto head = state_.get(head_key(suffix));
  if (!head) return nullptr;
  auto parsed = Group::parse_head(suffix, correlation, *head);
  bool good = parsed.has_value();
  std::size_t hits = 0;
  for (std::size_t i = 0; good && i < parsed->pages.size(); ++i) {
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

void GroupCache::schedule(Group& group, std::int64_t due_ns) {
  if (group.due_ns == due_ns) return;
  if (group.due_ns != Group::kNever) timers_.cancel(group.due_ns, group.suffix);
  group.due_ns = due_ns;
  group.dirty = true;
  if (due_ns != Group::kNever) timers_.set(due_ns, group.suffix);
}

void GroupCache::erase_keys(const Group& group) {
  state_.erase(head_key(group.suffix));
  for (const Page& page : group.pages) state_.erase(page_key(group.suffix, page.id));
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
  if (!head || suffix.size() < kRuleKeySize) return;
  if (const auto group = Group::parse_head(suffix, 0, *head)) erase_keys(*group);
  ++counters_.erased;
}

void GroupCache::write(Group& group) {
  if (!group.dirty && !group.carry_dirty && !group.history_dirty) return;
  for (std::size_t i = 0; i < group.pages.size(); ++i) {
    if (!group.pages[i].dirty) continue;
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
    write(*at->group);
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
    bytes_ -= at->bytes;
    by_suffix_.erase(at->group->suffix);
    at = order_.erase(at);
    ++counters_.spilled;
  }
}

}  // namespace picket::correlator
