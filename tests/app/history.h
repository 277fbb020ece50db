// History: a store with an engine over it, to be filled with records in simulated time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/backtest.h"
#include "app/config.h"
#include "app/detection.h"
#include "app/engine.h"
#include "base/wakeup.h"
#include "base/world.h"
#include "collector/delivery.h"
#include "response/systems.h"
#include "storage/store.h"

namespace picket::app {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kHour = 3600 * kSecond;
extern const std::int64_t kBegin;  // of what is played

// One of each: a detection, a suppressed one, and correlations over them that look back, ahead, at
// what was learned, at other correlations, and one that may become false.
extern const char* const kRules;

using Line = std::pair<std::uint32_t, std::string>;  // source, text
using Alerts = std::map<std::string, std::string>;     // id -> JSON

class History {
 public:
  explicit History(const std::string& which);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  storage::Store& store() { return *store_; }
  Engine& engine() { return *engine_; }
  std::size_t pushed() const { return pushed_; }
  const Config& config() const { return config_; }
  const response::Systems& systems() const { return systems_; }
  const std::filesystem::path& folder() const { return folder_; }

  Detection load(const std::vector<std::string>& paths);
  Detection load_text(const std::string& text);
  // `threads`: of the correlator.
  void start(Detection detection, std::size_t threads = 1);
  void stop() { engine_->stop(); }

  // Hands over lines as one delivery; it is committed, and the engine's clock has ticked behind it.
  void push(const std::vector<Line>& lines);
  // A whole round of the engine is through.
  void wait_for_round();
  static std::string line(std::int64_t time_ns, int host, const std::string& text);

  // Six hours of two sources, as deliveries: bursts and pauses, out of order, and now and then far
  // too late; and then a day later.
  static std::vector<std::vector<Line>> six_hours(bool with_late = true);
  void play();  // all of it with kRules

  std::vector<Alert> stored();
  Alerts stored_alerts(std::int64_t from_ns = INT64_MIN, std::int64_t to_ns = INT64_MAX);
  Result<BacktestResult> run(const Detection& detection, BacktestOptions options);
  Alerts backtest(const Detection& detection, BacktestOptions options = {});

  static std::vector<std::string> ids(const Alerts& alerts);
  static std::map<std::string, std::size_t> by_rule(const std::vector<Alert>& alerts);

 private:
  std::filesystem::path folder_;
  Config config_;
  response::Systems systems_;
  SimClock clock_{Nanos(kBegin + 100 * kHour)};
  Wakeup wakeup_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<collector::DeliveryQueue> queue_;
  std::unique_ptr<Engine> engine_;
  std::size_t pushed_ = 0;
  std::uint64_t events_before_ = 0;  // of engines before this one
};

}  // namespace picket::app
