#include "storage/repair/repair.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/time.h"
#include "storage/repair/open_any.h"
#include "storage/repair/salvage.h"
#include "storage/repair/settling.h"
#include "storage/repair/store_lock.h"

namespace picket::storage {
namespace {

namespace fs = std::filesystem;

Result<void> sync_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fail(Errc::kIo, path + ": " + std::strerror(errno));
  const bool synced = ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!synced) return fail(Errc::kIo, path + ": " + std::strerror(error));
  return {};
}

// Both change places in one step, so that at no time there is no store. Where a file system cannot
// do that, one after the other.
Result<void> exchange(const std::string& a, const std::string& b) {
  constexpr unsigned kExchange = 2;  // RENAME_EXCHANGE
  if (::syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), kExchange) == 0) return {};
  if (errno != EINVAL && errno != ENOSYS) return fail(Errc::kIo, a + ": " + std::strerror(errno));
  const std::string between = a + ".between";
  std::error_code error;
  fs::rename(a, between, error);
  if (!error) fs::rename(b, a, error);
  if (!error) fs::rename(between, b, error);
  if (error) return fail(Errc::kIo, a + ": " + error.message());
  return {};
}

// The parts that a repair makes beside the store.
struct Places {
  std::string store;
  std::string repaired;  // the new one; after the exchange the damaged one
  std::string links;
  std::string parent;
  explicit Places(const std::string& path) {
    store = path;
    while (store.size() > 1 && store.ends_with('/')) store.pop_back();
    repaired = store + ".repairing";
    links = store + ".links";
    parent = fs::path(store).parent_path().string();
    if (parent.empty()) parent = ".";
  }
};

Result<void> check_room(const Places& places, const std::vector<TableFile>& files) {
  std::uint64_t wanted = 64ULL * 1024 * 1024;
  for (const TableFile& file : files) wanted += file.bytes;
  std::error_code error;
  const fs::space_info space = fs::space(places.parent, error);
  if (error || space.available >= wanted) return {};
  constexpr std::uint64_t kMebi = 1024 * 1024;
  return fail(Errc::kFull,
              places.parent +
                  ": files of the store are damaged, so it is written anew, which takes " +
                  std::to_string(wanted / kMebi) + " MiB; " +
                  std::to_string(space.available / kMebi) + " MiB are free");
}

// All that can be read, into a new store beside the old one.
Result<void> write_anew(const RepairOptions& options, const Places& places,
                        const std::vector<TableFile>& files) {
  std::error_code error;
  fs::remove_all(places.repaired, error);  // of a repair that was cut short
  PICKET_TRY_VOID(check_room(places, files));
  const auto progress = [&](std::uint64_t done, std::uint64_t total) {
    if (options.progress) options.progress(RepairStep::kCopy, done, total);
  };
  PICKET_TRY(const SalvageTotals totals, salvage({.from = places.store,
                                                  .to = places.repaired,
                                                  .links = places.links,
                                                  .files = files,
                                                  .progress = progress}));
  if (totals.values == 0) {  // perhaps the disk is not there at all
    fs::remove_all(places.repaired, error);
    return fail(
        Errc::kCorrupt,
        places.store + ": nothing of it can be read; nothing was changed, restore a backup");
  }
  fs::permissions(places.repaired, fs::perms::owner_all, error);
  return {};
}

// The new store takes the place of the old one, which goes into quarantine as it is.
Result<void> put_in_place(const RepairOptions& options, const Places& places) {
  std::error_code error;
  fs::create_directories(options.quarantine, error);
  if (error) return fail(Errc::kIo, options.quarantine + ": " + error.message());
  fs::permissions(options.quarantine, fs::perms::owner_all, error);
  PICKET_TRY_VOID(exchange(places.store, places.repaired));
  fs::rename(places.repaired, options.quarantine + "/store", error);
  if (error) return fail(Errc::kIo, options.quarantine + "/store: " + error.message());
  PICKET_TRY_VOID(sync_folder(options.quarantine));
  return sync_folder(places.parent);
}

// Opens as a server does.
Result<void> try_it(const RepairOptions& options, const std::string& path) {
  StoreOptions how;
  how.path = path;
  how.key_file = options.key_file;
  how.head_file = options.head_file;
  how.clock = options.clock;
  PICKET_TRY(const std::unique_ptr<Store> store, Store::open(std::move(how)));
  return {};
}

}  // namespace

Json to_json(const std::vector<DamagedFile>& files) {
  Json json = Json::array();
  for (const DamagedFile& file : files)
    json.push_back({{"name", file.name},
                    {"family", file.family},
                    {"bytes", file.bytes},
                    {"problem", file.problem}});
  return json;
}

Json to_json(const RepairReport& report) {
  Json json = {{"changed", report.changed},
               {"@timestamp", format_time(report.time_ns)},
               {"actor", report.actor},
               {"quarantine", report.quarantine},
               {"new_store", report.new_store},
               {"new_chain", report.new_chain},
               {"damaged_files", to_json(report.damaged)},
               {"lost", {{"blocks", report.blocks}, {"records", report.records}}},
               {"index_entries", report.index_entries},
               {"recounted", report.recounted},
               {"state_damaged", report.state_damaged}};
  if (!report.open_problem.empty()) json["open_problem"] = report.open_problem;
  Json& lost = json["lost"];
  if (report.blocks_unknown > 0) lost["blocks_with_unknown_records"] = report.blocks_unknown;
  for (const LostRecords& range : report.ranges) {
    Json one = {
        {"source", range.rows.source}, {"first", range.rows.first}, {"last", range.rows.last}};
    if (range.from_ns != 0) one["stored_from"] = format_time(range.from_ns);
    if (range.to_ns != 0) one["stored_to"] = format_time(range.to_ns);
    lost["ranges"].push_back(std::move(one));
  }
  for (const auto& [kind, count] : report.lost) {
    const auto names = report.names.find(kind);
    lost[kind] = {{"count", count},
                  {"names", names == report.names.end() ? Json::array() : Json(names->second)}};
  }
  for (const auto& [kind, count] : report.earlier)
    json["earlier"][kind] = {{"count", count}, {"names", report.earlier_names.at(kind)}};
  return json;
}

Result<RepairReport> repair_store(const RepairOptions& options) {
  const Places places(options.path);
  RealClock real;
  RepairReport report;
  report.time_ns =
      (options.clock != nullptr ? *options.clock : static_cast<Clock&>(real)).now().count();
  report.actor = options.actor;
  std::vector<TableFile> files;
  {
    PICKET_TRY(const std::unique_ptr<StoreLock> lock, StoreLock::take(places.store));
    PICKET_TRY(OpenedStore opened, open_any(places.store, options.progress));
    report.open_problem = opened.problem;
    report.damaged = damaged_of(opened.files);
    files = std::move(opened.files);
    opened.store.reset();
    report.new_store = !report.damaged.empty() || !report.open_problem.empty();
    if (report.new_store) {
      report.quarantine = options.quarantine;
      PICKET_TRY_VOID(write_anew(options, places, files));
    }
  }
  const std::string& path = report.new_store ? places.repaired : places.store;
  PICKET_TRY_VOID(Settling(options, files, report).run(path));
  PICKET_TRY_VOID(try_it(options, path));
  if (!report.new_store) return report;
  PICKET_TRY(const std::unique_ptr<StoreLock> lock, StoreLock::take(places.store));
  PICKET_TRY_VOID(put_in_place(options, places));
  return report;
}

}  // namespace picket::storage
