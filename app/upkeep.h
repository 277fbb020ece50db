// Upkeep: keeps the store in shape, on a thread of its own in the background: packs row blocks into columns,
// removes what is past its retention or was approved to go, and sees how fast the disk fills.
//
// start() and stop() belong to the owner, status() to any thread. It ends by itself when the store fails, which
// the engine meets too.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "app/expiry_archive.h"
#include "app/purges.h"
#include "app/retention.h"
#include "base/guarded.h"
#include "base/wakeup.h"
#include "base/world.h"
#include "storage/store.h"

namespace picket::app {

struct UpkeepStatus {
  storage::ExpiryTotals expired;     // since the start; `held` as of the last time
  std::uint64_t free_bytes = 0;      // of the disk
  std::uint64_t purged = 0;          // records that went before their time, since the start
  std::string archive_problem;       // why what is past its time is not archived, and so not removed; empty: it is
  std::uint64_t archives = 0;        // written since the start
  std::uint64_t archived = 0;        // records in them
  std::optional<double> days_left;   // until it is full, as it filled lately; nothing: it does not fill, or it is too early
};

// How fast a disk fills, from what was free at different times. One thread.
class DiskWatch {
 public:
  // In order of time. What is freed in between (retention, logs that end) is part of the rate.
  void look(std::uint64_t free_bytes, Nanos now);
  // At the rate since the first look of the last day; none before ten minutes have been seen.
  std::optional<double> days_left(std::uint64_t reserve_bytes) const;

 private:
  struct Look {
    std::uint64_t free_bytes;
    Nanos time;
  };
  std::optional<Look> first_;   // of the window
  std::optional<Look> middle_;  // half a day later: the first of the next window
  std::optional<Look> last_;
};

class Upkeep {
 public:
  // Store and clock must outlive it. `data` is the folder whose disk is watched.
  // Nor may `holds` end before it; it may be empty.
  Upkeep(storage::Store& store, Retention retention, storage::HoldsNow holds, std::string data,
         std::uint64_t reserve_bytes, Clock& clock);
  ~Upkeep() { stop(); }
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

  // Before start(): what is removed goes there first.
  void archive_to(std::unique_ptr<ExpiryArchive> archive) { archive_ = std::move(archive); }
  // Before start(): carries them out; must outlive it.
  void purge_with(Purges& purges) { purges_ = &purges; }
  void start();
  void stop();
  UpkeepStatus status() const;

 private:
  void run();
  bool go_on(const Result<void>& done, const char* notice);
  Result<void> pack();
  Result<void> expire();
  Result<storage::ExpiryTotals> remove_expired(Nanos now);
  Result<void> purge();
  void watch_clock();
  void watch_disk();

  storage::Store& store_;
  Retention retention_;
  storage::HoldsNow holds_;
  Purges* purges_ = nullptr;
  std::unique_ptr<ExpiryArchive> archive_;  // nullptr: what goes is not archived
  std::string data_;
  std::uint64_t reserve_bytes_;
  Clock& clock_;
  DiskWatch disk_;
  Nanos seen_;  // the clock, when it was looked at last; of an earlier run: its last root
  Nanos next_expiry_{0};
  Nanos next_look_{0};
  bool told_disk_ = false;
  Guarded<UpkeepStatus> status_;
  Wakeup wakeup_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace picket::app
