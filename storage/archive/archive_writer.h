// ArchiveWriter: makes an archive (docs/formats/archive.md) of rows as they are handed to it.
//
// It is made under a name that ends in ".partial", and has its own name only when all of it is on
// the disk; what has that name already is never replaced. One that is not finished is removed. One
// thread. Errors name the file: kFull when the disk is full, kIo, kInvalid when the name is taken.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "event/event.h"
#include "storage/archive/archive_line.h"
#include "storage/archive/archive_manifest.h"
#include "storage/store.h"

namespace picket::storage {

struct ArchiveOptions {
  std::string folder;                    // the archive, which is not there yet
  std::vector<std::string> sources;      // names by id
  Json source_formats = Json::object();  // by name; those of sources without records are left out
  std::function<void(Batch&)> parse;     // makes one event of each record; empty: no documents
  std::string reason = "asked";
  ChainStatus chain = {};
  std::int64_t made_ns = 0;
  std::size_t buffered_max =
      64 * 1024 * 1024;  // plain bytes of all files that wait; tests want fewer
};

class ArchiveWriter {
 public:
  static Result<std::unique_ptr<ArchiveWriter>> begin(ArchiveOptions options);
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;
  ~ArchiveWriter();

  Result<void> add(const StoredRow& row);
  // The archive is there, whole and on the disk. Nothing is to be called after it.
  Result<ArchiveManifest> finish();

 private:
  struct File {
    ArchiveFile entry;
    std::string plain;  // of the next frame
    Digester bytes;
    Digester plain_bytes;
  };
  using Key = std::pair<std::uint32_t, std::int64_t>;  // source, day

  explicit ArchiveWriter(ArchiveOptions options);
  Result<void> flush_batch();
  Result<void> add_line(const ArchivedRecord& record, std::uint32_t source, std::string_view line);
  Result<File*> file_of(const ArchivedRecord& record, std::uint32_t source);
  Result<void> write_frame(File& file);
  Result<void> write_all_frames();
  void close(File& file);

  ArchiveOptions options_;
  std::string partial_;
  Batch batch_;
  std::vector<ArchivedRecord> records_;  // of the batch
  std::map<Key, std::unique_ptr<File>> open_;
  std::size_t buffered_ = 0;
  ArchiveManifest manifest_;
  bool made_ = false;
  bool finished_ = false;
};

}  // namespace picket::storage
