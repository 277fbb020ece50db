#include "correlator/group_cache.h"

#include <algorithm>
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

// As a Writer does.
void append_text(std::string& to, std::string_view text) {
  std::size_t size = text.size();
  for (; size >= 0x80; size >>= 7) to += static_cast<char>(size | 0x80);
  to += static_cast<char>(size);
  to += text;
}

}  // namespace

GroupCache::GroupCache(StatePort& state, std::string secret, bool write_late,
                       std::size_t log_bytes_max)
    : state_(state),
      names_(std::move(secret)),
      write_late_(write_late),
      timers_(state, std::string(kTimerPrefix)),
      own_log_(std::make_unique<GroupLog>(state, log_bytes_max)),
      tails_(own_log_->tails(0)) {}

GroupCache::GroupCache(StatePort& state, std::string secret, bool write_late, GroupTails& tails)
    : state_(state),
      names_(std::move(secret)),
      write_late_(write_late),
      timers_(state, std::string(kTimerPrefix)),
      tails_(tails) {}

std::string GroupCache::rule_key(std::string_view rule_id, std::string_view rule_hash) {
  Writer writer;
  writer.text(rule_id);
  writer.text(rule_hash);
  std::string key;
  append_bytes(key, hash64(writer.take()));
  return key;
}

const std::string& GroupNames::name(std::string_view rule_key,
                                    const std::vector<std::string>& values) {
  hashed_.clear();
  append_text(hashed_, secret_);
  for (const std::string& value : values) append_text(hashed_, value);
  name_ = rule_key;
  append_bytes(name_, hash64(hashed_, 0));
  append_bytes(name_, hash64(hashed_, 1));
  return name_;
}

Group& GroupCache::group(std::uint32_t correlation, const std::string& rule_key,
                         const std::vector<std::string>& values) {
  return named(correlation, names_.name(rule_key, values), values);
}

Group& GroupCache::named(std::uint32_t correlation, std::string_view name,
                         const std::vector<std::string>& values) {
  name_ = name;
  // Two groups may share a hash: the second one takes the next name.
  for (;; name_ += '+') {
    Group* found = find(name_, correlation);
    if (found == nullptr) break;
    if (found->values == values) return *found;
  }
  ++counters_.created;
  return keep(std::make_unique<Group>(name_, correlation, values));
}

void GroupCache::announce(const std::string& rule_key, const std::vector<std::string>& values) {
  announce(names_.name(rule_key, values));
}

void GroupCache::announce(const std::string& suffix) {
  if (by_suffix_.find(suffix) == nullptr) announced_.push_back(head_key(suffix));
}

void GroupCache::fetch() {
  if (announced_.empty()) return;
  std::sort(announced_.begin(), announced_.end());
  announced_.erase(std::unique(announced_.begin(), announced_.end()), announced_.end());
  std::vector<std::optional<std::string>> heads = state_.get_many(announced_);
  for (std::size_t i = 0; i < heads.size(); ++i)
    fetched_.emplace(announced_[i].substr(kHeadPrefix.size()), std::move(heads[i]));
  announced_.clear();
}

std::optional<std::string> GroupCache::head_of(const std::string& suffix) {
  const auto fetched = fetched_.find(suffix);
  if (fetched == fetched_.end()) return state_.get(head_key(suffix));
  std::optional<std::string> head = std::move(fetched->second);
  fetched_.erase(fetched);
  return head;
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
  add_names(rule_key, suffixes);
  return {suffixes.begin(), suffixes.end()};
}

void GroupCache::add_names(const std::string& rule_key, std::set<std::string>& names) const {
  for (const Entry& entry : order_) {
    if (entry.group->suffix.starts_with(rule_key)) names.emplace(entry.group->suffix);
  }
}

std::unique_ptr<Group> GroupCache::load(const std::string& suffix, std::uint32_t correlation) {
  ++counters_.asked;
  const auto head = head_of(suffix);
  if (!head) {
    tails_.forget(suffix);
    return nullptr;
  }
  auto parsed = Group::parse_head(suffix, correlation, *head, texts_);
  bool good = parsed.has_value();
  std::size_t hits = 0;
  if (good && parsed->inlined) hits = parsed->hits().size();
  for (std::size_t i = 0; good && !parsed->inlined && i < parsed->pages.size(); ++i) {
    const auto page = state_.get(page_key(suffix, parsed->pages[i].id));
    hits += parsed->pages[i].size;
    good = page && parsed->load_page(*page, texts_) && parsed->hits().size() == hits;
  }
  if (good && parsed->carry.open) {
    const auto text = state_.get(alert_key(suffix));
    auto json = parse_json(text.value_or(""));
    auto alert = json ? alert_from_json(*json) : Result<Alert>(fail(Errc::kCorrupt, "carry"));
    good = alert.has_value();
    if (good) *parsed->carry.open = *std::move(alert);
  }
  if (good && parsed->has_history) {
    auto history = History::decode(state_.get(history_key(suffix)).value_or(""));
    good = history.has_value();
    if (good) parsed->carry.history = *std::move(history);
  }
  if (!good || parsed->settled > hits || !tails_.load(*parsed, texts_)) {
    tails_.forget(suffix);
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
  by_suffix_.insert(at);
  touch(at);
  return *at->group;
}

Group* GroupCache::cached(const std::string& suffix) {
  const Order::iterator* const found = by_suffix_.find(suffix);
  if (found == nullptr) return nullptr;
  if (!(*found)->touched) order_.splice(order_.begin(), order_, *found);
  touch(*found);
  return (*found)->group.get();
}

void GroupCache::touch(Order::iterator at) {
  if (at->touched) return;
  at->touched = true;
  touched_.push_back({at, place_});
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
  const Order::iterator at = *by_suffix_.find(group.suffix);
  by_suffix_.erase(group.suffix);
  at->erased = true;
  touch(at);
}

void GroupCache::erase_orphan(const std::string& suffix) {
  const auto head = state_.get(head_key(suffix));
  if (!head) return;
  tails_.forget(suffix);
  if (const auto group = Group::parse_head(suffix, 0, *head, texts_)) {
    erase_keys(*group);
    if (group->wake_ns != Group::kNever) timers_.cancel(group->wake_ns, suffix);
  } else {
    state_.erase(head_key(suffix));  // damaged, or of an earlier version
  }
  ++counters_.erased;
}

// What has changed: in the log, if it is but the last hits.
void GroupCache::write(Group& group, std::uint64_t place) {
  if (!group.dirty && !group.carry_dirty && !group.history_dirty) return;
  if (!group.tail_only()) return write_whole(group);
  tails_.add(group, place);
  group.note_written(false);
}

void GroupCache::write_whole(Group& group) {
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
  group.written = tails_.last_segment();
  state_.put(head_key(group.suffix), group.head());
  group.note_written(true);
}

// A group that only the oldest segment of the log makes whole.
void GroupCache::write_logged(const GroupLog::Logged& logged) {
  if (const Order::iterator* found = by_suffix_.find(logged.suffix)) {
    Group& group = *(*found)->group;
    if (group.logged == logged.segment) write_whole(group);
  } else if (tails_.waits(logged.suffix)) {
    const std::unique_ptr<Group> group = load(logged.suffix, 0);
    if (group && group->logged != 0) write_whole(*group);
  }
}

void GroupCache::write_oldest() {
  for (GroupLog::Logged next = own_log_->take_oldest(); next.segment != 0;
       next = own_log_->take_oldest())
    write_logged(next);
}

void GroupCache::write_touched() {
  fetched_.clear();
  for (const auto& [at, place] : touched_) {
    if (at->erased) {
      bytes_ -= at->bytes;
      order_.erase(at);
      continue;
    }
    if (!write_late_) write(*at->group, place);
    bytes_ += at->group->bytes() - at->bytes;
    at->bytes = at->group->bytes();
    at->touched = false;
  }
  touched_.clear();
}

void GroupCache::flush() {
  write_touched();
  own_log_->close();
  while (own_log_->is_long() && own_log_->has_old()) {
    write_oldest();
    own_log_->drop_oldest();
  }
}

void GroupCache::write_all() {
  flush();
  for (Entry& entry : order_) {
    if (entry.group->dirty || entry.group->logged != 0) write_whole(*entry.group);
  }
  while (own_log_->has_old()) {
    write_oldest();
    own_log_->drop_oldest();
  }
  write_oldest();
}

void GroupCache::trim(std::size_t bytes_max) {
  for (auto at = order_.end(); bytes_ > bytes_max && at != order_.begin();) {
    --at;
    if (at->touched || at->group->queued) continue;
    Group& group = *at->group;
    if (group.dirty || group.carry_dirty || group.history_dirty || group.logged != 0)
      write_whole(group);
    bytes_ -= at->bytes;
    by_suffix_.erase(at->group->suffix);
    at = order_.erase(at);
    ++counters_.spilled;
  }
}

}  // namespace picket::correlator
