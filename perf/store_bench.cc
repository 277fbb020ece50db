// The store: durable commits a second, bytes an event, one fetch, a scan, a search for an absent
// word.
//
// Events are generated (800 bytes of JSON, 200 hosts, new process ids, GUIDs and hashes in each),
// so bytes an event are those of this generator and of no real fleet. Batches are made beforehand:
// what is measured is Commit::add(), compression, write and sync. The store lies in TMPDIR;
// `--smoke` for ctest, no argument for figures.
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "perf/bench.h"
#include "storage/search.h"
#include "storage/store.h"

namespace picket::perf {
namespace {

using storage::Commit;
using storage::Store;

constexpr std::size_t kEventBytes = 800;
constexpr std::size_t kDistinctBatches = 8;  // used again and again, with new sequence numbers

std::string hex(std::mt19937_64& random, std::size_t digits) {
  std::string out;
  while (out.size() < digits) out += "0123456789abcdef"[random() % 16];
  return out;
}

std::string make_event(std::mt19937_64& random, std::uint64_t number) {
  static const std::vector<std::string> kPrograms = {"svchost.exe",  "powershell.exe", "chrome.exe",
                                                     "explorer.exe", "rundll32.exe",   "lsass.exe"};
  static const std::vector<std::string> kArguments = {
      "-k netsvcs -p -s Schedule", "-NoProfile -File C:\\job.ps1", "--type=renderer --lang=en-US",
      "/factory,{75dff2b7}"};
  const std::string& program = kPrograms[random() % kPrograms.size()];
  std::string event =
      R"({"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Hostname":"ws-)" +
      std::to_string(random() % 200) + R"(.corp.example","UtcTime":"2026-01-01 09:)" +
      std::to_string(10 + number / 60'000 % 50) + ":" + std::to_string(10 + number / 1000 % 50) +
      "." + std::to_string(100 + number % 900) + R"(","ProcessGuid":"{)" + hex(random, 32) +
      R"(}","ProcessId":)" + std::to_string(random() % 30'000) +
      R"(,"Image":"C:\\Windows\\System32\\)" + program +
      R"(","CommandLine":"C:\\Windows\\System32\\)" + program + " " +
      kArguments[random() % kArguments.size()] + R"(","User":"CORP\\user)" +
      std::to_string(random() % 500) + R"(","Hashes":"SHA1=)" + hex(random, 40) +
      R"(","ParentImage":"C:\\Windows\\System32\\services.exe","IntegrityLevel":"System","padding":")";
  while (event.size() + 2 < kEventBytes) event += "constant text of the record ";
  event.resize(kEventBytes - 2);
  return event += "\"}";
}

struct Folder {
  explicit Folder(const std::string& name)
      : path(std::filesystem::temp_directory_path() / ("picket-bench-" + name)) {
    std::filesystem::remove_all(path);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

std::unique_ptr<Store> open(const Folder& folder, bool sync) {
  Result<std::unique_ptr<Store>> store = Store::open({.path = folder.path.string(), .sync = sync});
  PICKET_CHECK(store.has_value());
  PICKET_CHECK((*store)->source_id("bench").has_value());
  return *std::move(store);
}

std::vector<BatchPtr> make_batches(std::size_t rows) {
  std::mt19937_64 random(42);
  std::vector<BatchPtr> batches;
  for (std::size_t b = 0; b < kDistinctBatches; ++b) {
    auto batch = std::make_unique<Batch>();
    for (std::size_t i = 0; i < rows; ++i) {
      const std::uint64_t number = b * rows + i;
      batch->add(make_event(random, number), SourceId{0}, number,
                 static_cast<std::int64_t>(number) * 1000);
      batch->begin_event().status = ParseStatus::kParsed;
    }
    batches.push_back(std::move(batch));
  }
  return batches;
}

// Commits about n events in batches; answers how many are stored.
std::uint64_t commit_all(Store& store, std::vector<BatchPtr>& batches, std::int64_t n) {
  std::uint64_t seq = store.next_seq(SourceId{0});
  const std::uint64_t end = seq + static_cast<std::uint64_t>(n);
  Commit commit;
  for (std::size_t b = 0; seq < end; ++b) {
    Batch& batch = *batches[b % batches.size()];
    for (Record& record : batch.records()) record.seq = seq++;
    commit.add(batch, {});
    PICKET_CHECK(store.commit(commit).has_value());
    commit.clear();
  }
  return store.ledger()->front().stored;
}

// What was written. So few events stay in one memtable, so the log is all there is.
std::uint64_t folder_bytes(const Folder& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path)) {
    if (entry.path().extension() == ".log") bytes += entry.file_size();
  }
  return bytes;
}

void commits(int argc, char** argv, std::size_t rows, bool sync) {
  const std::string name =
      std::string("store_commit_") + (sync ? "synced_" : "unsynced_") + std::to_string(rows);
  const Folder folder(name);
  const std::unique_ptr<Store> store = open(folder, sync);
  std::vector<BatchPtr> batches = make_batches(rows);
  bench(argc, argv, name.c_str(), {.smoke = static_cast<std::int64_t>(rows), .full = 200'000},
        [&](std::int64_t n) { return commit_all(*store, batches, n); });
}

void reads(int argc, char** argv) {
  const bool smoke = argc > 1;
  const Folder folder("read");
  const std::unique_ptr<Store> store = open(folder, false);
  std::vector<BatchPtr> batches = make_batches(4000);
  const std::uint64_t stored = commit_all(*store, batches, smoke ? 8'000 : 200'000);
  if (!smoke) {
    std::printf("store_bytes_per_event n=%llu bytes=%.1f\n",
                static_cast<unsigned long long>(stored),
                static_cast<double>(folder_bytes(folder)) / static_cast<double>(stored));
  }
  bench(argc, argv, "store_fetch", {.smoke = 10, .full = 1'000}, [&](std::int64_t n) {
    std::mt19937_64 random(1);
    std::uint64_t digest = 0;
    Batch batch;
    for (std::int64_t i = 0; i < n; ++i) {
      PICKET_CHECK(store->fetch(SourceId{0}, random() % stored, batch).has_value());
      digest = hash64(batch.records().front().raw, digest);
      batch.clear();
    }
    return digest;
  });
  const auto events = static_cast<std::int64_t>(stored);
  bench(argc, argv, "store_scan", {.smoke = events, .full = events}, [&](std::int64_t) {
    std::uint64_t bytes = 0;
    PICKET_CHECK(store
                     ->scan({},
                            [&](const storage::StoredRow& row) {
                              bytes += row.record.raw.size();
                              return true;
                            })
                     .has_value());
    return bytes;
  });
  bench(argc, argv, "store_search_absent_word", {.smoke = events, .full = events},
        [&](std::int64_t) {
          const storage::SearchOptions options{.parse = [](Batch&) {}};
          const auto totals = storage::search(*store, *storage::parse_query("mimikatz"), options,
                                              [](Batch&, const Event&) { return true; });
          PICKET_CHECK(totals.has_value() && totals->matched == 0);
          return totals->bytes_unparsed;
        });
}

}  // namespace
}  // namespace picket::perf

int main(int argc, char** argv) {
  for (const bool sync : {true, false}) {
    for (const std::size_t rows : {256U, 1000U, 4096U})
      picket::perf::commits(argc, argv, rows, sync);
  }
  picket::perf::reads(argc, argv);
  return 0;
}
