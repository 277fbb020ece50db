#include "app/upkeep.h"

#include <chrono>
#include <filesystem>
#include <utility>

#include "app/terminal.h"
#include "app/words.h"
#include "base/background.h"

namespace picket::app {
namespace {

constexpr std::chrono::milliseconds kBetween{1000};
constexpr Nanos kExpireEvery = std::chrono::hours(1);
constexpr Nanos kArchiveAgain = std::chrono::minutes(10);
constexpr Nanos kLookEvery = std::chrono::minutes(1);
constexpr Nanos kJump = std::chrono::hours(24);
constexpr Nanos kSeenLeast = std::chrono::minutes(10);
constexpr Nanos kHalfWindow = std::chrono::hours(12);
constexpr double kDaysToTell = 7;

}  // namespace

void DiskWatch::look(std::uint64_t free_bytes, Nanos now) {
  last_ = Look{free_bytes, now};
  if (!first_) first_ = last_;
  if (middle_ && now - first_->time >= 2 * kHalfWindow) first_ = std::exchange(middle_, std::nullopt);
  if (!middle_ && now - first_->time >= kHalfWindow) middle_ = last_;
}

std::optional<double> DiskWatch::days_left(std::uint64_t reserve_bytes) const {
  if (!first_ || last_->time - first_->time < kSeenLeast || last_->free_bytes >= first_->free_bytes) return std::nullopt;
  const auto filled = static_cast<double>(first_->free_bytes - last_->free_bytes);
  const double days = static_cast<double>((last_->time - first_->time).count()) / static_cast<double>(kDayNs);
  const double room = last_->free_bytes > reserve_bytes ? static_cast<double>(last_->free_bytes - reserve_bytes) : 0;
  return room / (filled / days);
}

Upkeep::Upkeep(storage::Store& store, Retention retention, storage::HoldsNow holds, std::string data,
               std::uint64_t reserve_bytes, Clock& clock)
    : store_(store),
      retention_(std::move(retention)),
      holds_(std::move(holds)),
      data_(std::move(data)),
      reserve_bytes_(reserve_bytes),
      clock_(clock),
      seen_(store.chain().root_ns) {}

void Upkeep::start() {
  thread_ = std::thread([this] { run(); });
}

void Upkeep::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  wakeup_.notify();
  thread_.join();
}

UpkeepStatus Upkeep::status() const {
  return status_.with([](const UpkeepStatus& status) { return status; });
}

void Upkeep::run() {
  work_in_background("upkeep");
  while (!stopping_.load(std::memory_order_acquire)) {
    watch_clock();
    watch_disk();
    if (!go_on(expire(), "notice.retention_failed") || !go_on(purge(), "notice.purge_failed") ||
        !go_on(pack(), "notice.packing_failed"))
      return;
    wakeup_.wait(kBetween);
  }
}

// A clock that is a day further than it was may be wrong, and would make all history old: nothing is removed
// for a day.
void Upkeep::watch_clock() {
  const Nanos now = clock_.now();
  if (seen_ != Nanos(0) && now - seen_ > kJump) {
    next_expiry_ = now + kJump;
    tell(say("notice.clock_jumped"));
  }
  seen_ = now;
}

// False: it cannot be done any more. A full disk is told by the engine, and passes.
bool Upkeep::go_on(const Result<void>& done, const char* notice) {
  if (done || done.error().code == Errc::kFull) return true;
  tell(say(notice, {{"reason", done.error().what}}));
  return false;
}

Result<void> Upkeep::pack() {
  for (bool more = true; more && !stopping_.load(std::memory_order_acquire);) {
    PICKET_TRY(more, store_.pack());
  }
  return {};
}

// An archive that cannot be written ends nothing: nothing is removed, it is told, and tried again.
Result<storage::ExpiryTotals> Upkeep::remove_expired(Nanos now) {
  storage::Removal removal;
  removal.since = [&](std::string_view source) { return retention_.since(source, now); };
  removal.holds = holds_;
  if (!archive_) return store_.expire(removal);
  removal.row = [&](const storage::StoredRow& row) { return archive_->add(row); };
  removal.ready = [&] { return archive_->ready(); };
  Result<storage::ExpiryTotals> gone = store_.expire(removal);
  archive_->end();
  const std::string& problem = archive_->problem();
  if (!problem.empty() && status().archive_problem != problem) tell(say("notice.archive_failed", {{"reason", translated(problem)}}));
  status_.with([&](UpkeepStatus& status) {
    status.archive_problem = problem;
    status.archives = archive_->archives();
    status.archived = archive_->records();
  });
  if (gone || problem.empty()) return gone;
  next_expiry_ = now + kArchiveAgain;
  return storage::ExpiryTotals();
}

Result<void> Upkeep::expire() {
  const Nanos now = clock_.now();
  if (now < next_expiry_) return {};
  next_expiry_ = now + kExpireEvery;
  PICKET_TRY(const storage::ExpiryTotals gone, remove_expired(now));
  status_.with([&](UpkeepStatus& status) { status.expired.held = gone.held; });
  if (gone.blocks == 0) return {};
  tell(say("notice.retention", {{"rows", gone.rows}, {"bytes", gone.raw_bytes}}));
  status_.with([&](UpkeepStatus& status) {
    status.expired.blocks += gone.blocks;
    status.expired.rows += gone.rows;
    status.expired.raw_bytes += gone.raw_bytes;
    status.expired.bytes += gone.bytes;
  });
  return {};
}

Result<void> Upkeep::purge() {
  if (purges_ == nullptr) return {};
  PICKET_TRY(const std::vector<PurgeRecord> done, purges_->carry_out());
  for (const PurgeRecord& purge : done) {
    tell(say("notice.purge", {{"n", purge.removed.rows}, {"id", purge.id}, {"held", purge.removed.held_rows}}));
    status_.with([&](UpkeepStatus& status) { status.purged += purge.removed.rows; });
  }
  return {};
}

void Upkeep::watch_disk() {
  const Nanos now = clock_.now();
  if (now < next_look_) return;
  next_look_ = now + kLookEvery;
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(data_, error);
  if (error) return;
  disk_.look(space.available, now);
  const std::optional<double> days = disk_.days_left(reserve_bytes_);
  status_.with([&](UpkeepStatus& status) {
    status.free_bytes = space.available;
    status.days_left = days;
  });
  const bool soon = days && *days < kDaysToTell;
  if (soon && !told_disk_)
    tell(say("notice.disk_fills", {{"days", static_cast<std::int64_t>(*days)}, {"free", space.available}}));
  told_disk_ = soon;
}

}  // namespace picket::app
