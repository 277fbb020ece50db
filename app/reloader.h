// Reloader: reads rules again while events go on, on a thread of its own.
//
// A new rule set is loaded, compiled and has its routes built here; the engine only takes it over
// between two commits, and the old one is let go of here, not by the engine. What cannot be loaded
// leaves everything as it is. It also keeps the list of the kinds of event that were seen.
//
// start() and stop() belong to the owner's thread, before and after the engine's; the others to
// any.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "app/detection.h"
#include "app/engine.h"
#include "base/guarded.h"
#include "base/result.h"
#include "base/wakeup.h"
#include "base/world.h"

namespace picket::app {

struct ReloadStatus {
  Nanos loaded_at{0};  // the rules in use
  LoadFigures load;    // of them
  std::size_t rule_files = 0;
  std::size_t active = 0;
  std::size_t refused = 0;
  std::size_t warnings = 0;
  bool loading = false;
  std::uint64_t reloads = 0;   // that were put to use
  std::uint64_t failures = 0;  // reloads that changed nothing
  std::string last_failure;    // of the last reload, if it failed
};

class Reloader {
 public:
  // Reads configuration and rules; `kinds` were seen. Called on the reloader's thread.
  using Load = std::function<Result<Detection>(std::vector<KindId> kinds)>;

  // `first`: the rules that the engine was made with. `cache`: folder of the list of kinds; may be
  // empty.
  Reloader(Load load, const Detection& first, std::string cache, Engine& engine, Clock& clock);
  ~Reloader();  // stops
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  void start();
  void stop();
  // Requests that come while rules are being loaded are one request, answered after that.
  void request();
  ReloadStatus status() const {
    return status_.with([](const ReloadStatus& status) { return status; });
  }

 private:
  // What of a Detection must outlive the engine's use of it.
  struct InUse {
    std::shared_ptr<const rules::RuleSet> rules;
    std::shared_ptr<const rules::RouteTable> routes;
    std::shared_ptr<const parsers::Catalog> catalog;
    std::shared_ptr<const rules::Taxonomy> taxonomy;
  };
  static InUse in_use(const Detection& detection);

  void run();
  void reload();
  void put_to_use(Detection detection);
  void wait_for_engine(const rules::RuleSet* rules);
  void refuse(const std::string& reason);
  void note(const Detection& detection);
  void save_kinds();

  Load load_;
  std::string cache_;
  Engine& engine_;
  Clock& clock_;
  InUse in_use_;  // the reloader's thread, once it runs
  std::size_t kinds_saved_ = 0;
  Wakeup wakeup_;
  std::atomic<bool> wanted_{false};
  std::atomic<bool> stopping_{false};
  Guarded<ReloadStatus> status_;
  std::thread thread_;
};

}  // namespace picket::app
