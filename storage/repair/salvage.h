// salvage(): all that can be read of a damaged database, into a new one.
//
// The damaged folder is not changed. Where files of it cannot be opened, a second folder of links
// to those that can is put in order by RocksDB's own repair and read instead. Evidence that a scan
// passes over is asked for by the names that the chain has for it, and taken when it is what the
// chain recorded. Private to storage/; the calling thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/repair/table_file.h"

namespace picket::storage {

struct SalvageOptions {
  std::string from;                     // folder of the damaged database
  std::string to;                       // of the new one; there must be none yet
  std::string links;                    // a folder for links, made and removed again
  const std::vector<TableFile>& files;  // all of the damaged one, checked
  std::function<void(std::uint64_t bytes, std::uint64_t total)> progress = {};
};
struct SalvageTotals {
  std::uint64_t values = 0;
  std::uint64_t bytes = 0;    // of keys and values
  std::uint64_t places = 0;   // that a scan passed over
  std::uint64_t by_name = 0;  // values that were found by their names
};

// On disk for good when it returns.
Result<SalvageTotals> salvage(const SalvageOptions& options);

// RocksDB's repair: makes what names the files anew from the files that are there. Those that it
// cannot read it puts into a folder `lost` beside them.
Result<void> rebuild_manifest(const std::string& folder);

}  // namespace picket::storage
