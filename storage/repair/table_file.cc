#include "storage/repair/table_file.h"

#include <rocksdb/metadata.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "storage/rocks_store.h"

namespace picket::storage {
namespace {

constexpr std::size_t kReadAhead = 2 * 1024 * 1024;

void check(const std::string& folder, TableFile& file) {
  const std::filesystem::path path = std::filesystem::path(folder) / file.name;
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) {
    file.problem = "the file is missing";
    return;
  }
  if (file.bytes != 0 && size != file.bytes) {
    file.problem = std::to_string(size) + " bytes instead of " + std::to_string(file.bytes);
    return;
  }
  rocksdb::SstFileReader reader((rocksdb::Options()));
  const rocksdb::Status opened = reader.Open(path.string());
  if (!opened.ok()) {
    file.problem = opened.ToString();
    return;
  }
  file.opens = true;
  if (file.family.empty()) file.family = reader.GetTableProperties()->column_family_name;
  rocksdb::ReadOptions how;
  how.readahead_size = kReadAhead;
  const rocksdb::Status sound = reader.VerifyChecksum(how);
  if (!sound.ok()) file.problem = sound.ToString();
}

}  // namespace

Result<std::vector<TableFile>> list_table_files(const std::string& folder,
                                                const RocksStore* store) {
  std::vector<TableFile> files;
  if (store != nullptr) {
    std::vector<rocksdb::LiveFileMetaData> live;
    store->db().GetLiveFilesMetaData(&live);
    for (const rocksdb::LiveFileMetaData& one : live) {
      std::string name = one.name;
      if (name.starts_with('/')) name.erase(0, 1);
      files.push_back({std::move(name), one.column_family_name, one.size, one.smallestkey,
                       one.largestkey, false, ""});
    }
  } else {
    std::error_code error;
    for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
      if (at->path().extension() == ".sst")
        files.push_back({at->path().filename().string(), "", 0, "", "", false, ""});
    }
    if (error) return fail(Errc::kIo, folder + ": " + error.message());
  }
  std::sort(files.begin(), files.end(),
            [](const TableFile& a, const TableFile& b) { return a.name < b.name; });
  return files;
}

void check_table_files(const std::string& folder, std::vector<TableFile>& files,
                       const FileProgress& progress) {
  std::uint64_t total = 0;
  for (const TableFile& file : files) total += file.bytes;
  std::uint64_t done = 0;
  for (TableFile& file : files) {
    check(folder, file);
    done += file.bytes;
    if (progress) progress(done, total);
  }
}

}  // namespace picket::storage
