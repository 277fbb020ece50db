// Live: the open event streams, and what is told to them.
//
// Any thread may tell; sending queues and never blocks. A stream whose client is gone or too slow
// is dropped: the browser comes back by itself and asks for what it missed. Per kind of event, at
// most kPerSecond are sent a second; the rest is counted and told with the next health event, so
// that a flood of alerts costs the committing thread nothing and the console knows that it must
// ask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/ports.h"
#include "base/guarded.h"
#include "base/http_server.h"
#include "base/json.h"
#include "base/world.h"

namespace picket::api {

class Live {
 public:
  static constexpr std::size_t kStreamsMax = 128;
  static constexpr int kPerSecond = 50;
  static constexpr int kSilentTicksMax = 30;

  Live(const Ports& ports, Clock& clock) : ports_(ports), clock_(clock) {}

  bool has_room() const;
  void add(std::shared_ptr<HttpStream> stream);

  enum class Kind : std::uint8_t { kAlert, kIncident, kRun };
  // `make` is called only when somebody listens and the budget allows it.
  template <class F>
  void tell(Kind kind, std::string_view event, F make) {
    if (!take_budget(kind)) return;
    send(event, dump_json(make()));
  }

  // Desk thread, about once a second: the ledger when it changed, health every 15 s.
  void tick();

 private:
  struct Listener {
    std::shared_ptr<HttpStream> stream;
    std::uint64_t left_out = 0;  // since its last health event
    int silent_ticks = 0;
  };
  struct State {
    std::vector<Listener> listeners;
    int budget[3] = {kPerSecond, kPerSecond, kPerSecond};
  };
  bool take_budget(Kind kind);
  void send(std::string_view event, std::string_view data);
  void send_health(Nanos now, bool to_all);

  const Ports& ports_;
  Clock& clock_;
  Guarded<State> state_;
  // Desk thread only:
  Nanos last_tick_{0};
  Nanos last_health_{0};
  std::string last_ledger_;
};

}  // namespace picket::api
