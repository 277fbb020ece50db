// open_any(): a store to read, as far as it can be opened, and its files, checked. Private to
// storage/.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/repair/repair.h"
#include "storage/repair/table_file.h"
#include "storage/rocks_store.h"

namespace picket::storage {

struct OpenedStore {
  std::unique_ptr<RocksStore> store;  // read-only; nullptr: it cannot be opened at all
  std::string problem;                // why a server cannot open it; empty: it can
  std::vector<TableFile> files;
};

Result<OpenedStore> open_any(const std::string& path, const RepairProgress& progress);
std::vector<DamagedFile> damaged_of(const std::vector<TableFile>& files);
// Whose counts are not received = stored + rejected + dropped; lines that cannot be read are not
// among them.
std::vector<std::string> sources_with_residual(const RocksStore& store);

}  // namespace picket::storage
