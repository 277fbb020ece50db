// A store of events for benchmarks, in TMPDIR: lines again and again, committed 4,096 at a time
// without sync; gone with the object.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "event/event.h"
#include "storage/store.h"

namespace picket::perf {

class BenchStore {
 public:
  static constexpr std::uint64_t kRowsOfCommit = 4096;
  static constexpr std::uint64_t kRowsOfBlock = 16'384;

  struct Plan {
    std::vector<std::string> lines;  // JSON objects
    std::uint64_t events = 0;
    // Members, with a comma before each, that one event of the block has besides.
    std::function<std::string(std::uint64_t block)> mark;
  };

  explicit BenchStore(Plan plan)
      : plan_(std::move(plan)),
        folder_(std::filesystem::temp_directory_path() /
                ("picket-bench-store-" + std::to_string(::getpid()))) {
    PICKET_CHECK(!plan_.lines.empty());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    open();
    write();
    reopen();
  }
  ~BenchStore() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  BenchStore(const BenchStore&) = delete;
  BenchStore& operator=(const BenchStore&) = delete;

  storage::Store& store() { return *store_; }
  double raw_bytes() const { return raw_; }
  const storage::PackStatus& packed() const { return packed_; }

  std::string line(std::uint64_t seq) const {
    std::string line = plan_.lines[seq % plan_.lines.size()];
    if (seq % kRowsOfBlock != kRowsOfBlock / 3 || !line.ends_with('}')) return line;
    line.pop_back();
    return line + plan_.mark(seq / kRowsOfBlock) + '}';
  }

  void pack() {
    for (bool more = true; more;) {
      const Result<bool> one = store_->pack();
      PICKET_CHECK(one.has_value());
      more = *one;
    }
    packed_ = store_->packing();
    PICKET_CHECK(packed_.left == 0 && packed_.blocks > 0);
    reopen();
  }

  double stored_bytes() const {  // an event
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "store")) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".sst" || extension == ".log") bytes += entry.file_size();
    }
    return static_cast<double>(bytes) / static_cast<double>(plan_.events);
  }

  // A path for a file that goes with the store.
  std::string beside(const std::string& name) const { return (folder_ / name).string(); }
  // The same events as a file, whose path it gives back.
  std::string write_ndjson() const {
    const std::string path = beside("events.ndjson");
    std::ofstream file(path);
    for (std::uint64_t seq = 0; seq < plan_.events; ++seq) file << line(seq) << '\n';
    return path;
  }

 private:
  void open() {
    auto store = storage::Store::open({.path = (folder_ / "store").string(), .sync = false});
    PICKET_CHECK(store.has_value());
    store_ = *std::move(store);
    PICKET_CHECK(store_->source_id("bench").has_value());
  }

  // Flushed by what a server does at its end: the log is read again, and files written.
  void reopen() {
    store_.reset();
    open();
  }

  void write() {
    storage::Commit commit;
    Batch batch;
    for (std::uint64_t seq = 0; seq < plan_.events;) {
      for (std::uint64_t i = 0; i < kRowsOfCommit && seq < plan_.events; ++i, ++seq) {
        const std::string text = line(seq);
        raw_ += static_cast<double>(text.size());
        const std::int64_t time_ns =
            1'772'000'000'000'000'000 + static_cast<std::int64_t>(seq) * 50'000;
        batch.add(text, SourceId{0}, seq, time_ns);
        Event& event = batch.begin_event();
        event.status = ParseStatus::kParsed;
        event.time_ns = time_ns;
      }
      commit.add(batch, {});
      PICKET_CHECK(store_->commit(commit).has_value());
      commit.clear();
      batch.clear();
    }
  }

  Plan plan_;
  std::filesystem::path folder_;
  std::unique_ptr<storage::Store> store_;
  storage::PackStatus packed_;
  double raw_ = 0;
};

}  // namespace picket::perf
