// WarmStart: reads stored events on a thread of its own, to fill the windows of correlations that
// were put to use (warm_filling.h), until it is a few commits behind the engine; then the engine
// reads the rest between two commits and takes the windows over.
//
// start(), stop() belong to the owner; use() to the engine's thread; status() to any.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/warm_filling.h"
#include "base/guarded.h"
#include "base/wakeup.h"
#include "storage/store.h"

namespace picket::app {

struct WarmStatus {
  std::vector<std::string> rules;  // ids of those that are being filled
  std::uint64_t commit = 0;        // read so far
  std::uint64_t last_commit = 0;   // of those there are
};

struct WarmResult {
  std::uint64_t epoch = 0;
  std::vector<correlator::ColdRule> rules;
  Result<std::unique_ptr<WarmFilling>> filling = nullptr;  // why it could not be filled
};

class WarmStart {
 public:
  // `post` is called on this thread; false: try again. Store and sources outlive this.
  WarmStart(const storage::Store& store, const correlator::SourceNames& sources,
            std::vector<parsers::SourceFormat> formats, correlator::Options options,
            std::function<bool(WarmResult&)> post);
  ~WarmStart();  // stops
  WarmStart(const WarmStart&) = delete;
  WarmStart& operator=(const WarmStart&) = delete;

  void start();
  void stop();  // what was read is read again after the next start

  // From now on these; what was being filled is given up. Results carry the epoch.
  void use(WarmRules rules, std::uint64_t epoch);
  // Nothing is to be filled any more: the result was taken.
  void done();
  WarmStatus status() const;

 private:
  struct Task {
    WarmRules rules;
    std::uint64_t epoch = 0;
    bool taken = true;
  };

  void run();
  std::optional<Task> next();
  void fill(Task task);
  Result<std::unique_ptr<WarmFilling>> read(const Task& task);
  bool given_up(std::uint64_t epoch) const;

  const storage::Store& store_;
  const correlator::SourceNames& sources_;
  const std::vector<parsers::SourceFormat> formats_;  // by source id
  const correlator::Options options_;
  const std::function<bool(WarmResult&)> post_;
  Wakeup wakeup_;
  Guarded<Task> task_;
  Guarded<WarmStatus> status_;
  std::atomic<std::uint64_t> epoch_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace picket::app
