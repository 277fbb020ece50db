#include "correlator/timers.h"

#include <algorithm>

#include "correlator/codec.h"

namespace picket::correlator {

Timers::Timers(StatePort& state, std::string prefix)
    : state_(state), prefix_(std::move(prefix)), earliest_ns_(INT64_MIN) {}

std::string Timers::key(std::int64_t due_ns, std::string_view subject) const {
  std::string text = prefix_;
  append_instant(text, due_ns);
  text += subject;
  return text;
}

void Timers::set(std::int64_t due_ns, std::string_view subject) {
  state_.put(key(due_ns, subject), "");
  earliest_ns_ = std::min(earliest_ns_, due_ns);
}

void Timers::cancel(std::int64_t due_ns, std::string_view subject) {
  state_.erase(key(due_ns, subject));
}

std::vector<std::string> Timers::take_due(std::int64_t now_ns, std::size_t max) {
  std::vector<std::string> subjects;
  if (earliest_ns_ > now_ns || max == 0) return subjects;
  std::vector<std::string> keys;
  std::int64_t next_ns = INT64_MAX;
  state_.for_each(prefix_, [&](std::string_view found, std::string_view) {
    const std::int64_t due_ns = instant_at(found.substr(prefix_.size()));
    if (due_ns > now_ns || keys.size() == max) {
      next_ns = due_ns;
      return false;
    }
    keys.emplace_back(found);
    return true;
  });
  earliest_ns_ = next_ns;
  for (std::string& found : keys) {
    subjects.push_back(found.substr(prefix_.size() + 8));
    state_.erase(std::move(found));
  }
  return subjects;
}

}  // namespace picket::correlator
