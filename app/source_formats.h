// How the records of each source are read, kept in the store beside them, so that whoever opens the
// store reads them as the server did, without its configuration. Any thread.
#pragma once

#include <vector>

#include "base/result.h"
#include "parsers/parser.h"
#include "storage/store.h"

namespace picket::app {

// Writes only what has changed.
Result<void> keep_source_format(storage::Store& store, const std::string& source,
                                const parsers::SourceFormat& format);
// The documents that say so, by name of the source; for an archive.
Json kept_format_documents(const storage::Store& store);
// Of an archive: those of which the store has nothing yet.
Result<void> keep_missing_formats(storage::Store& store, const Json& documents);
// By source id; sources of which nothing was kept are read as SourceFormat{}.
std::vector<parsers::SourceFormat> kept_source_formats(const storage::Store& store);

}  // namespace picket::app
