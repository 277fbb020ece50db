#include "api/live.h"

#include <algorithm>

#include "api/resources.h"
#include "base/time.h"

namespace picket::api {
namespace {

std::string health(Nanos now, std::uint64_t left_out) {
  return dump_json({{"time", format_time(now.count())}, {"left_out", left_out}});
}

}  // namespace

bool Live::has_room() const {
  return state_.with([](const State& state) { return state.listeners.size() < kStreamsMax; });
}

void Live::add(std::shared_ptr<HttpStream> stream) {
  // Says at once that the stream is open: browsers wait for the first byte.
  if (!stream->send("health", health(clock_.now(), 0))) return;
  state_.with([&](State& state) { state.listeners.push_back({std::move(stream), 0, 0}); });
}

bool Live::take_budget(Kind kind) {
  return state_.with([&](State& state) {
    if (state.listeners.empty()) return false;
    int& budget = state.budget[static_cast<std::size_t>(kind)];
    if (budget > 0) {
      --budget;
      return true;
    }
    for (Listener& listener : state.listeners) ++listener.left_out;
    return false;
  });
}

void Live::send(std::string_view event, std::string_view data) {
  state_.with([&](State& state) {
    for (Listener& listener : state.listeners) {
      if (!listener.stream->send(event, data)) ++listener.left_out;
    }
  });
}

// To those that missed something; every 15 s to all.
void Live::send_health(Nanos now, bool to_all) {
  state_.with([&](State& state) {
    for (Listener& listener : state.listeners) {
      if (!to_all && listener.left_out == 0) continue;
      const bool sent = listener.stream->send("health", health(now, listener.left_out));
      listener.silent_ticks = sent ? 0 : listener.silent_ticks + 1;
      listener.left_out = sent ? 0 : std::max<std::uint64_t>(listener.left_out, 1);
    }
    std::erase_if(state.listeners,
                  [](const Listener& listener) { return listener.silent_ticks > kSilentTicksMax; });
  });
}

void Live::tick() {
  const Nanos now = clock_.now();
  if (now - last_tick_ < std::chrono::seconds(1)) return;
  last_tick_ = now;
  const bool listened = state_.with([](State& state) {
    std::fill(std::begin(state.budget), std::end(state.budget), kPerSecond);
    return !state.listeners.empty();
  });
  if (!listened) return;
  if (const Result<Json> ledger = ledger_json(ports_)) {
    std::string text = dump_json(*ledger);
    if (text != last_ledger_) send("ledger", text);
    last_ledger_ = std::move(text);
  }
  const bool due = now - last_health_ >= std::chrono::seconds(15);
  if (due) last_health_ = now;
  send_health(now, due);
}

}  // namespace picket::api
