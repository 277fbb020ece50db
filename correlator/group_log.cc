#include "correlator/group_log.h"

#include <utility>

#include "correlator/group_keys.h"

namespace picket::correlator {
namespace {

constexpr std::uint8_t kVersion = 1;

}  // namespace

GroupLog::GroupLog(StatePort& state, std::size_t bytes_max) : state_(state), bytes_max_(bytes_max) {
  state_.for_each(kLogPrefix, [this](std::string_view key, std::string_view bytes) {
    read(segment_at(key), bytes);
    return true;
  });
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
    std::vector<Tail>& tails = waiting_[suffix];
    if (tails.empty()) order_.push_back({number, std::string(suffix)});
    tails.push_back({number, tail});
  }
}

void GroupLog::add(Group& group) {
  if (std::exchange(empty_, false)) writer_.byte(kVersion);
  if (group.logged == 0) {
    group.logged = next_;
    order_.push_back({next_, group.suffix});
  }
  Writer tail;
  group.write_tail(tail);
  writer_.text(group.suffix);
  writer_.text(tail.take());
}

void GroupLog::close() {
  if (std::exchange(empty_, true)) return;
  std::string bytes = std::exchange(writer_, Writer()).take();
  bytes_ += bytes.size();
  segments_.push_back({next_, bytes.size()});
  state_.put(log_key(next_++), std::move(bytes));
}

bool GroupLog::load(Group& group, TextShare& share) {
  const auto found = waiting_.find(group.suffix);
  if (found == waiting_.end()) return true;
  const std::vector<Tail> tails = std::move(found->second);
  waiting_.erase(found);
  for (const Tail& tail : tails) {
    if (tail.segment <= group.written) continue;
    if (!group.load_tail(tail.bytes, share)) return false;
    group.logged = tails.front().segment;  // as in order_
  }
  if (waiting_.empty()) texts_.clear();
  return true;
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
