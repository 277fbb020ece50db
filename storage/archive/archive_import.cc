#include "storage/archive/archive_import.h"

#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "base/time.h"
#include "storage/integrity/chain.h"

namespace picket::storage {
namespace {

constexpr std::size_t kCommitRows = 4096;
constexpr std::size_t kCommitBytes = 4 * 1024 * 1024;

// Numbers, kept as ranges.
class NumberSet {
 public:
  // False: it was there already.
  bool add(std::uint64_t number) {
    auto next = ends_.upper_bound(number);
    if (next != ends_.begin()) {
      const auto before = std::prev(next);
      if (number < before->second) return false;
      if (number == before->second) {
        ++before->second;
        if (next != ends_.end() && next->first == before->second) {
          before->second = next->second;
          ends_.erase(next);
        }
        return true;
      }
    }
    std::uint64_t end = number + 1;
    if (next != ends_.end() && next->first == end) {
      end = next->second;
      ends_.erase(next);
    }
    ends_.emplace(number, end);
    return true;
  }

 private:
  std::map<std::uint64_t, std::uint64_t> ends_;  // by first: one behind the last
};

class Import {
 public:
  Import(Store& store, ImportReport& report) : store_(store), report_(report) {
    const std::vector<std::string> names = store.source_names();
    for (std::size_t i = 0; i < names.size(); ++i)
      ids_.emplace(names[i], SourceId{static_cast<std::uint32_t>(i)});
  }

  // The first time over the archive: is the record there already?
  Result<void> compare(const ArchivedRecord& record) {
    if (!seen_[record.source].add(record.seq))
      return fail(Errc::kCorrupt, "the archive has record " + std::to_string(record.seq) +
                                      " of source '" + record.source + "' more than once");
    const auto source = ids_.find(record.source);
    bool known = false;
    if (source != ids_.end()) {
      PICKET_TRY(known, has(source->second, record));
    }
    known_.push_back(known);
    return {};
  }

  // The second time, in the same order.
  Result<void> take(const ArchivedRecord& record) {
    if (next_ >= known_.size()) return changed();
    if (known_[next_++]) {
      ++report_.known;
      return {};
    }
    PICKET_TRY(const SourceId source, store_.source_id(record.source));
    Record& row = batch_.add(record.raw, source, record.seq, record.received_ns);
    row.length = record.length;
    batch_.set_heading(row, record.heading);
    Event& event = batch_.begin_event();
    event.time_ns = record.time_ns;
    event.status = record.status;
    if (batch_.records().size() < kCommitRows && batch_.bytes() < kCommitBytes) return {};
    return commit();
  }

  Result<void> commit() {
    if (batch_.records().empty()) return {};
    Commit commit;
    const bool ours = report_.archive.manifest.store == to_hex(store_.chain().store);
    ours ? commit.add_again(batch_) : commit.add(batch_, {});
    PICKET_TRY_VOID(store_.commit(commit));
    report_.imported += batch_.records().size();
    report_.bytes += batch_.bytes();
    batch_.clear();
    return {};
  }

  static tl::unexpected<Error> changed() {
    return fail(Errc::kCorrupt,
                "the archive was changed while it was imported; check it and import it again");
  }

 private:
  Result<bool> has(SourceId source, const ArchivedRecord& record) {
    found_.clear();
    const Result<void> fetched = store_.fetch(source, record.seq, found_);
    if (!fetched && fetched.error().code == Errc::kNotFound) return false;
    if (!fetched) return tl::unexpected(fetched.error());
    const Record& there = found_.records().back();
    if (there.raw == record.raw && there.received_ns == record.received_ns &&
        there.heading == record.heading && there.length == record.length)
      return true;
    return fail(Errc::kInvalid, "the store has another record " + std::to_string(record.seq) +
                                    " of source '" + record.source +
                                    "'; import the archive into a data folder of its own");
  }

  Store& store_;
  ImportReport& report_;
  std::map<std::string, SourceId, std::less<>> ids_;
  std::map<std::string, NumberSet, std::less<>> seen_;  // by source
  std::vector<bool> known_;                             // by place in the archive
  std::size_t next_ = 0;
  Batch batch_;
  Batch found_;
};

Result<std::string> next_key(const Store& store) {
  PICKET_TRY(const auto documents, store.documents(kImportSpace));
  std::string key = std::to_string(documents.size() + 1);
  return std::string(key.size() < 8 ? 8 - key.size() : 0, '0') + key;
}

Json audit_of(const ImportReport& report, const ImportOptions& options, std::int64_t time_ns,
              const char* state) {
  const ArchiveManifest& manifest = report.archive.manifest;
  return {{"@timestamp", format_time(time_ns)},
          {"actor", options.actor},
          {"state", state},
          {"archive", options.folder},
          {"sha256", manifest.sha256},
          {"store", manifest.store},
          {"records", manifest.records()},
          {"imported", report.imported},
          {"known", report.known},
          {"bytes", report.bytes}};
}

}  // namespace

Result<ImportReport> import_archive(Store& store, const ImportOptions& options, Clock& clock) {
  ImportReport report;
  Import import(store, report);
  const auto half = [&](bool second) -> ArchiveProgress {
    if (!options.progress) return {};
    return [&, second](std::uint64_t done, std::uint64_t total) {
      options.progress(done + (second ? total : 0), 2 * total);
    };
  };
  PICKET_TRY(
      report.archive,
      check_archive(
          options.folder, [&](const ArchivedRecord& record) { return import.compare(record); },
          half(false)));
  if (!report.archive.is_sound()) return report;
  PICKET_TRY(const std::string key, next_key(store));
  PICKET_TRY_VOID(store.put_document(kImportSpace, key,
                                     audit_of(report, options, clock.now().count(), "begun")));
  PICKET_TRY(const ArchiveReport again,
             check_archive(
                 options.folder, [&](const ArchivedRecord& record) { return import.take(record); },
                 half(true)));
  if (!again.is_sound() || again.manifest.sha256 != report.archive.manifest.sha256)
    return Import::changed();
  PICKET_TRY_VOID(import.commit());
  PICKET_TRY_VOID(store.put_document(kImportSpace, key,
                                     audit_of(report, options, clock.now().count(), "done")));
  return report;
}

}  // namespace picket::storage
