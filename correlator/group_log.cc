#include "correlator/group_log.h"

#include <algorithm>
#include <utility>

#include "correlator/group_keys.h"
#include "correlator/in_order.h"

namespace picket::correlator {
namespace {

constexpr std::uint8_t kVersion = 1;

}  // namespace

void GroupTails::add(Group& group, std::uint64_t place) {
  if (group.logged == 0) {
    group.logged = next_;
    begun_.push_back({places_.size(), group.suffix});
  }
  Writer tail;
  group.write_tail(tail);
  writer_.text(group.suffix);
  writer_.text(tail.take());
  places_.push_back(place);
  ends_.push_back(writer_.size());
}

bool GroupTails::load(Group& group, TextShare& share) {
  const auto found = waiting_.find(group.suffix);
  if (found == waiting_.end()) return true;
  const std::vector<Tail> tails = std::move(found->second);
  waiting_.erase(found);
  for (const Tail& tail : tails) {
    if (tail.segment <= group.written) continue;
    if (!group.load_tail(tail.bytes, share)) return false;
    group.logged = tails.front().segment;  // as in the log's order
  }
  return true;
}

void GroupTails::clear() {
  writer_ = Writer();
  places_.clear();
  ends_.clear();
  begun_.clear();
}

GroupLog::GroupLog(StatePort& state, std::size_t bytes_max, std::size_t partitions)
    : state_(state), bytes_max_(bytes_max), tails_(partitions) {
  state_.for_each(kLogPrefix, [this](std::string_view key, std::string_view bytes) {
    read(segment_at(key), bytes);
    return true;
  });
  for (GroupTails& part : tails_) part.next_ = next_;
}

void GroupLog::read(std::uint64_t number, std::string_view bytes) {
  next_ = number + 1;
  bytes_ += bytes.size();
  segments_.push_back({number, bytes.size()});
  Reader reader(texts_.emplace_back(bytes));
  if (reader.byte() != kVersion) return;
  while (reader.ok() && !reader.done()) {
    const std::string_view suffix = reader.text();
    const std::string_view tail = reader.text();
    if (!reader.ok()) return;
    auto& tails = tails_[partition_of(suffix, tails_.size())].waiting_[suffix];
    if (tails.empty()) order_.push_back({number, std::string(suffix)});
    tails.push_back({number, tail});
  }
}

void GroupLog::close() {
  const auto waits = [](const GroupTails& part) { return !part.waiting_.empty(); };
  if (!texts_.empty() && std::none_of(tails_.begin(), tails_.end(), waits)) texts_.clear();
  const auto adds = [](const GroupTails& part) { return !part.places_.empty(); };
  if (std::none_of(tails_.begin(), tails_.end(), adds)) return;
  std::string bytes = merged();
  bytes_ += bytes.size();
  segments_.push_back({next_, bytes.size()});
  state_.put(log_key(next_++), std::move(bytes));
  for (GroupTails& part : tails_) {
    part.clear();
    part.next_ = next_;
  }
}

// What the partitions have added, in the order of all of them.
std::string GroupLog::merged() {
  std::string bytes(1, static_cast<char>(kVersion));
  if (tails_.size() == 1) {
    bytes += tails_[0].writer_.take();
    for (GroupTails::Begun& begun : tails_[0].begun_)
      order_.push_back({next_, std::move(begun.suffix)});
    return bytes;
  }
  std::vector<std::string> texts;
  std::vector<std::size_t> begun(tails_.size(), 0);
  std::vector<const std::vector<std::uint64_t>*> places;
  for (GroupTails& part : tails_) {
    texts.push_back(part.writer_.take());
    places.push_back(&part.places_);
  }
  in_order(places, [&](std::size_t p, std::size_t i) {
    GroupTails& part = tails_[p];
    const std::size_t start = i == 0 ? 0 : part.ends_[i - 1];
    bytes.append(texts[p], start, part.ends_[i] - start);
    if (begun[p] == part.begun_.size() || part.begun_[begun[p]].index != i) return;
    order_.push_back({next_, std::move(part.begun_[begun[p]++].suffix)});
  });
  return bytes;
}

GroupLog::Logged GroupLog::take_oldest() {
  if (order_.empty() || segments_.empty() || order_.front().segment > segments_.front().number)
    return {};
  Logged oldest = std::move(order_.front());
  order_.pop_front();
  return oldest;
}

void GroupLog::drop_oldest() {
  state_.erase(log_key(segments_.front().number));
  bytes_ -= segments_.front().bytes;
  segments_.pop_front();
}

}  // namespace picket::correlator
