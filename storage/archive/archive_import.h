// import_archive(): the records of an archive come back into a store, with their sources, numbers,
// bytes and times, through commits like any others, but without hits: they raise nothing.
//
// The archive is checked whole before anything is written. Records that the store has already are
// passed over, so that an import that was interrupted is simply done again; when the store has
// another record under the same source and number, nothing is imported. What was imported is a
// document of the space `imports` (docs/formats/store.md). The committing thread, and nobody else
// commits meanwhile.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/world.h"
#include "storage/archive/archive_reader.h"
#include "storage/store.h"

namespace picket::storage {

inline constexpr const char* kImportSpace = "imports";

struct ImportOptions {
  std::string folder;             // the archive
  std::string actor;              // for the record
  ArchiveProgress progress = {};  // twice over the bytes of its files
};

struct ImportReport {
  ArchiveReport archive;       // not sound: nothing was imported
  std::uint64_t imported = 0;  // records
  std::uint64_t bytes = 0;     // raw, of these
  std::uint64_t known = 0;     // that the store had already
};

// kInvalid: the store has other records under these numbers. kCorrupt: the archive has one record
// twice, or was changed meanwhile. Errors of the store as commit() has them;
// what was imported before one stays.
Result<ImportReport> import_archive(Store& store, const ImportOptions& options, Clock& clock);

}  // namespace picket::storage
