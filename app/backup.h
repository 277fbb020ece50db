// Backups: a folder each, named by its time, with the store, what else makes the installation (its
// keys and secrets) and a manifest that has the SHA-256 of every file. `picket verify --data` looks
// into one as it is. docs/backup.md is the manual.
//
// A backup is made under a name that ends in ".partial" and a restored folder under one that ends in
// ".restoring"; what is there under its name is whole. Errors name the file. Main thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/world.h"

namespace picket::app {

inline constexpr std::size_t kBackupFilesMax = 1'000'000;  // of one backup
inline constexpr std::size_t kManifestMax = 256 * 1024 * 1024;

struct BackupFile {
  std::string path;  // in the backup: "store/000012.sst"
  std::uint64_t bytes = 0;
  std::string sha256;
};

struct Manifest {
  std::int64_t made_ns = 0;
  std::string from;      // the data folder
  bool clean = false;    // verified, and nothing differed
  Json store;            // what the verification of the copy looked at
  // Written for it; the rest are tables that it shares with an earlier backup. nullopt: not known.
  std::optional<std::uint64_t> new_bytes = {};
  std::vector<BackupFile> files;
  std::uint64_t bytes() const;
};
Json to_json(const Manifest& manifest);  // with its files
Json summary_of(const std::string& path, const Manifest& manifest);  // without them
Result<Manifest> read_manifest(const std::string& backup);

using ByteProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// "picket-2026-11-23T030631Z"
std::string backup_name(std::int64_t time_ns);

// Copies the data folder into `partial`, which is made; it has no manifest yet. Tables of the store that the newest
// backup beside it has, with the same name, size and sum (also of what lies there now), are linked from there, where
// the file system has hard links: one of the two may be removed. Answers how many bytes the rest has.
Result<std::uint64_t> copy_data(const std::string& data, const std::string& partial, const ByteProgress& progress);
// The files under `partial`, with their sums.
Result<std::vector<BackupFile>> list_backup_files(const std::string& partial, const ByteProgress& progress);
// Writes the manifest and gives the backup its name.
Result<void> finish_backup(const std::string& partial, const std::string& backup, const Manifest& manifest);

// Copies the files of a backup into the folder `data`, which is missing or empty, and compares each with
// the manifest; kCorrupt when one differs, and then nothing is left.
Result<Manifest> restore_backup(const std::string& backup, const std::string& data, const ByteProgress& progress);

// The names of the backups in a folder, oldest first.
Result<std::vector<std::string>> list_backups(const std::string& folder);

}  // namespace picket::app
