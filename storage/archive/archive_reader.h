// check_archive(): reads an archive (docs/formats/archive.md) whole and says what of it is not as
// its manifest has it. Archives may come from anywhere: nothing outside of the folder is opened,
// links are not followed, and no file or line takes more memory than a line may have. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/archive/archive_line.h"
#include "storage/archive/archive_manifest.h"

namespace picket::storage {

inline constexpr std::size_t kArchiveFindingsMax = 1000;  // that are told; one of each file

struct ArchiveFinding {
  std::string file;        // its name
  std::uint64_t line = 0;  // 0: the file as a whole
  std::string what;
};

struct ArchiveReport {
  ArchiveManifest manifest;  // empty when it could not be read
  std::vector<ArchiveFinding> findings;
  std::uint64_t findings_total = 0;
  std::uint64_t records = 0;  // that were read
  bool is_sound() const { return findings_total == 0; }
};

using ArchiveProgress =
    std::function<void(std::uint64_t done, std::uint64_t total)>;  // bytes of files
// An error ends the reading.
using ArchivedRow = std::function<Result<void>(const ArchivedRecord&)>;

// Records are handed out file by file as they are read, before it is known that their file is
// sound. kNotFound: there is no such folder. Errors of `row` come back as they are. Both may be
// empty.
Result<ArchiveReport> check_archive(const std::string& folder, const ArchivedRow& row = {},
                                    const ArchiveProgress& progress = {});

}  // namespace picket::storage
