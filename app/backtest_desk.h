// BacktestDesk: backtests that the API is asked for. One runs at a time, on a thread of its own
// that gives way to others; the last kKept are remembered, the results of the oldest forgotten
// first.
//
// Any thread may ask. What it refers to must outlive it; the destructor ends what runs.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "api/ports.h"
#include "app/backtest.h"
#include "app/config.h"
#include "app/detection.h"
#include "app/known_sources.h"
#include "app/paths.h"
#include "base/guarded.h"
#include "base/result.h"
#include "base/world.h"
#include "storage/store.h"

namespace picket::app {

struct BacktestRooms {
  const storage::Store& store;
  const Config& config;
  const ContentPaths& content;
  const response::Systems& systems;
  Clock& clock;
  std::vector<parsers::SourceFormat> formats;  // by source id
  std::function<Detection()> live;             // the rules in use, with what reads for them
};

class BacktestDesk {
 public:
  static constexpr std::size_t kKept = 10;
  static constexpr std::size_t kResultBytesMax = 16 * 1024 * 1024;

  explicit BacktestDesk(BacktestRooms rooms);
  ~BacktestDesk();  // stops
  BacktestDesk(const BacktestDesk&) = delete;
  BacktestDesk& operator=(const BacktestDesk&) = delete;

  // kBusy: another is running.
  Result<Json> start(api::BacktestRequest request);
  Json list() const;
  Result<Json> get(std::string_view id) const;
  Result<Json> cancel(std::string_view id);
  void stop();  // none is started any more

 private:
  enum class State : std::uint8_t { kRunning, kDone, kCancelled, kFailed };
  static std::string_view state_name(State state);
  struct Entry {
    std::string id;
    State state = State::kRunning;
    Nanos started{0};
    Nanos ended{0};
    bool cancel = false;
    BacktestProgress progress;
    std::string failure;
    std::shared_ptr<const Json> result;
  };
  struct Entries {
    std::deque<Entry> all;  // the newest last
    std::uint64_t numbered = 0;
    bool stopping = false;
  };

  static Json summary(const Entry& entry);
  Result<Entry> look(std::string_view id) const;
  void run(const std::string& id, const api::BacktestRequest& request);
  Result<Json> work(const std::string& id, const api::BacktestRequest& request);
  Result<Detection> load(const api::BacktestRequest& request) const;
  // Of the entry, while it is remembered.
  void change(std::string_view id, const std::function<void(Entry&)>& how);

  const BacktestRooms rooms_;
  const KnownSources sources_;
  Guarded<Entries> entries_;
  Guarded<std::thread> thread_;
};

}  // namespace picket::app
