#include "storage/repair/open_any.h"

#include <utility>

#include "storage/encoding.h"
#include "storage/ledger.h"

namespace picket::storage {

namespace {

Result<void> refuse_newer(const RocksStore& store, const std::string& path) {
  const auto format = store.get(Family::kMeta, "format");
  if (!format || !*format) return {};  // it cannot be read, and that is told elsewhere
  const std::uint64_t number = Reader(**format).little(4);
  if (number <= kFormat) return {};
  return fail(Errc::kInvalid, "store " + path + ": written by a newer version (format " +
                                  std::to_string(number) + ", this one reads up to " +
                                  std::to_string(kFormat) + ")");
}

}  // namespace

Result<OpenedStore> open_any(const std::string& path, const RepairProgress& progress) {
  OpenedStore opened;
  StoreOptions options;
  options.path = path;
  options.read_only = true;
  Result<std::unique_ptr<RocksStore>> store = RocksStore::open_unread(options);
  if (!store) {
    opened.problem = store.error().what;
    store = RocksStore::open_damaged(options);
  }
  if (store) opened.store = *std::move(store);
  if (opened.store) {
    PICKET_TRY_VOID(refuse_newer(*opened.store, path));
  }
  PICKET_TRY(opened.files, list_table_files(path, opened.store.get()));
  check_table_files(path, opened.files, [&](std::uint64_t done, std::uint64_t total) {
    if (progress) progress(RepairStep::kFiles, done, total);
  });
  return opened;
}

std::vector<DamagedFile> damaged_of(const std::vector<TableFile>& files) {
  std::vector<DamagedFile> damaged;
  for (const TableFile& file : files) {
    if (!file.problem.empty())
      damaged.push_back({file.name, file.family, file.bytes, file.problem});
  }
  return damaged;
}

std::vector<std::string> sources_with_residual(const RocksStore& store) {
  std::vector<std::string> sources;
  const auto lines = store.iterate(Family::kLedger);
  for (lines->SeekToFirst(); lines->Valid(); lines->Next()) {
    const auto name = store.get(Family::kSources, view(lines->key()));
    const Result<std::string_view> text =
        name && *name ? unwrap_value(**name, "a source") : std::string_view();
    const Result<LedgerLine> line = decode_ledger_line(view(lines->value()), "");
    if (line && line->ledger.residual() != 0)
      sources.push_back(text && !text->empty()
                            ? std::string(*text)
                            : "source " + std::to_string(Reader(view(lines->key())).big32()));
  }
  return sources;
}

}  // namespace picket::storage
