// TryDesk: rules that the API asks to try over stored events while they are being written.
//
// A few run at once, each on a thread that gives way to others; a few more wait, the rest is
// refused. What a session (an editor) asks for ends what it asked for before, which answers with
// what it has found. Rules are compiled with the taxonomies and definitions in use.
//
// Any thread may ask. What it refers to must outlive it; the destructor ends what runs.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "api/ports.h"
#include "app/detection.h"
#include "app/rule_try.h"
#include "base/guarded.h"
#include "base/result.h"
#include "base/wakeup.h"
#include "base/world.h"
#include "storage/store.h"

namespace picket::app {

struct TryRooms {
  const storage::Store& store;
  Clock& clock;
  std::vector<parsers::SourceFormat> formats;  // by source id
  std::function<Detection()> live;             // what reads events now; its rules do not count
};

class TryDesk {
 public:
  static constexpr std::size_t kAtOnce = 2;
  static constexpr std::size_t kWaitingMax = 8;
  static constexpr std::size_t kRulesMax = 10;  // of a text
  static constexpr std::size_t kSampleBytesMax = 8 * 1024 * 1024;
  static constexpr std::size_t kAnswerBytesMax = 16 * 1024 * 1024;
  // Field names last as long as the process and there is room for 65,535: behind so many the rest
  // is left to rules and definitions that are in use.
  static constexpr std::size_t kFieldNamesMax = 48 * 1024;

  explicit TryDesk(TryRooms rooms);
  ~TryDesk();  // stops
  TryDesk(const TryDesk&) = delete;
  TryDesk& operator=(const TryDesk&) = delete;

  // Errors as Ports::try_rule has them. A rule that is wrong is no error: the answer says so.
  void start(api::TryRequest request, api::TryAnswer answer);
  void stop();  // none is started any more; those that wait are refused

 private:
  struct Job {
    api::TryRequest request;
    api::TryAnswer answer;
    bool cancelled = false;  // under the lock of jobs_
  };
  using JobPtr = std::shared_ptr<Job>;
  struct Jobs {
    std::deque<JobPtr> waiting;
    std::array<JobPtr, kAtOnce> running;  // by worker, nullptr: idle
    bool stopping = false;
  };

  void work(std::size_t worker);
  Result<Json> run(const JobPtr& job);
  Result<Detection> load(const api::TryRequest& request) const;
  Result<TryOptions> options_of(const JobPtr& job) const;
  // Hits further back than `tried` came, by the records that the rules need; nullopt: no need of
  // it, or they do not say what they need.
  Result<std::optional<TryResult>> look_ahead(const Detection& detection, const TryResult& tried,
                                              const TryOptions& options) const;
  bool is_cancelled(const Job& job) const;

  const TryRooms rooms_;
  Guarded<Jobs> jobs_;
  std::array<Wakeup, kAtOnce> wakeups_;
  Guarded<std::array<std::thread, kAtOnce>> threads_;  // last: they use all of the above
};

}  // namespace picket::app
