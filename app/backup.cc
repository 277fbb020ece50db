#include "app/backup.h"

#include <stdlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>

#include "app/open_store.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/new_file.h"
#include "base/time.h"
#include "storage/copy_store.h"
#include "storage/integrity/chain.h"
#include "storage/link_store.h"

namespace picket::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "manifest.json";
constexpr int kManifestFormat = 1;
constexpr std::size_t kPieceBytes = 1024 * 1024;
constexpr std::size_t kFileMax = std::size_t{1} << 46;
// What makes an installation beside its store. Who has a backup has these.
constexpr std::array<const char*, 4> kKept = {"secret", "admin-token", "integrity-key", "integrity-key.pub"};

tl::unexpected<Error> failed(const std::string& path, const std::string& why) {
  return fail(Errc::kIo, path + ": " + why);
}

Result<void> make_private_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) fs::permissions(path, fs::perms::owner_all, error);
  if (error) return failed(path, error.message());
  return {};
}

// The sum of the file; a copy goes to `to`, when that is not empty.
Result<BackupFile> read_sum(const std::string& path, const std::string& to, const std::function<void(std::size_t)>& read) {
  BackupFile file;
  Digester digester;
  std::optional<NewFile> copy;
  if (!to.empty()) copy.emplace(to, path.ends_with(".pub") ? 0644 : 0600);
  PICKET_TRY_VOID(read_pieces(path, kPieceBytes, kFileMax, [&](std::string_view piece) {
    file.bytes += piece.size();
    digester.add(piece);
    if (copy) copy->write(piece);
    read(piece.size());
  }));
  if (copy) {
    PICKET_TRY_VOID(copy->finish());
  }
  const Digest digest = digester.finish();
  file.sha256 = storage::to_hex(bytes_of(digest));
  return file;
}

// A path of a manifest leads to a file inside the backup.
bool is_inside(const std::string& path) {
  const fs::path parts(path);
  if (path.empty() || path.size() > 255 || parts.is_absolute() || path.find('\0') != path.npos) return false;
  return std::none_of(parts.begin(), parts.end(),
                      [](const fs::path& part) { return part == ".." || part == "." || part.empty(); });
}

Result<Manifest> manifest_of(const Json& json) {
  const auto wrong = [](const char* why) { return fail(Errc::kInvalid, std::string("not the manifest of a backup: ") + why); };
  if (!json.is_object() || !json.contains("format") || !json["format"].is_number_unsigned()) return wrong("no format");
  if (json["format"].get<std::uint64_t>() > kManifestFormat) return wrong("written by a newer version");
  const auto text = [](const Json& map, const char* key) {
    const auto found = map.find(key);
    return found != map.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  Manifest manifest;
  const auto made = parse_time(text(json, "made"));
  if (!made) return wrong("no time");
  manifest.made_ns = made->time_ns;
  manifest.from = text(json, "from");
  manifest.clean = json.contains("clean") && json["clean"].is_boolean() && json["clean"].get<bool>();
  if (json.contains("store")) manifest.store = json["store"];
  if (json.contains("new_bytes") && json["new_bytes"].is_number_unsigned())
    manifest.new_bytes = json["new_bytes"].get<std::uint64_t>();
  if (!json.contains("files") || !json["files"].is_array() || json["files"].size() > kBackupFilesMax) return wrong("no files");
  for (const Json& file : json["files"]) {
    if (!file.is_object() || !file.contains("bytes") || !file["bytes"].is_number_unsigned()) return wrong("a file without a size");
    BackupFile& one = manifest.files.emplace_back();
    one = {text(file, "path"), file["bytes"].get<std::uint64_t>(), text(file, "sha256")};
    if (!is_inside(one.path)) return wrong("a path that leads out of it");
  }
  return manifest;
}

Result<void> must_be_empty(const std::string& folder) {
  std::error_code error;
  if (!fs::exists(folder, error) && !error) return {};
  if (!error && fs::is_directory(folder, error) && fs::is_empty(folder, error)) return {};
  if (error) return failed(folder, error.message());
  return fail(Errc::kInvalid, folder + ": is not empty; a backup is restored into a folder that is empty or not there yet");
}

Result<void> copy_back(const std::string& backup, const std::string& into, const Manifest& manifest,
                       const ByteProgress& progress) {
  PICKET_TRY_VOID(make_private_folder(into));
  const std::uint64_t total = manifest.bytes();
  std::uint64_t done = 0;
  for (const BackupFile& file : manifest.files) {
    const fs::path to = fs::path(into) / file.path;
    if (to.has_parent_path()) {
      PICKET_TRY_VOID(make_private_folder(to.parent_path().string()));
    }
    PICKET_TRY(const BackupFile read, read_sum((fs::path(backup) / file.path).string(), to.string(), [&](std::size_t bytes) {
                 done += bytes;
                 if (progress) progress(done, total);
               }));
    if (read.bytes != file.bytes || read.sha256 != file.sha256)
      return fail(Errc::kCorrupt, backup + "/" + file.path + ": is not the file that the manifest names");
    PICKET_TRY_VOID(sync_folder(to.parent_path().string()));
  }
  return sync_folder(into);
}

void remove_all(const std::string& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

// Beside the store, for its tables are hard links there; gone at the end.
class LinkFolder {
 public:
  explicit LinkFolder(const std::string& data) {
    std::string name = data + "/backup-XXXXXX";
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~LinkFolder() {
    if (!path_.empty()) remove_all(path_);
  }
  LinkFolder(const LinkFolder&) = delete;
  LinkFolder& operator=(const LinkFolder&) = delete;

  const std::string& path() const { return path_; }  // empty: none could be made

 private:
  std::string path_;
};

// The newest backup in the folder of one that is being made; its tables by their path in it.
class EarlierBackup {
 public:
  explicit EarlierBackup(const std::string& partial) {
    const std::string folder = fs::path(partial).parent_path().string();
    const Result<std::vector<std::string>> names = list_backups(folder.empty() ? "." : folder);
    if (!names || names->empty()) return;
    path_ = (folder.empty() ? "." : folder) + "/" + names->back();
    Result<Manifest> manifest = read_manifest(path_);
    if (!manifest) return;  // then nothing is shared with it
    for (BackupFile& file : manifest->files) {
      std::string name = file.path;
      files_.emplace(std::move(name), std::move(file));
    }
  }

  // Makes `to` a link to its file of that path, if that is still what its manifest says and the same
  // as `from`.
  bool link(const std::string& path, const std::string& from, const std::string& to) const {
    const auto known = files_.find(path);
    std::error_code error;
    if (known == files_.end() || fs::file_size(from, error) != known->second.bytes || error) return false;
    const std::string earlier = path_ + "/" + path;
    if (!fs::is_regular_file(fs::symlink_status(earlier, error)) || error) return false;
    for (const std::string& one : {from, earlier}) {
      const Result<BackupFile> read = read_sum(one, "", [](std::size_t) {});
      if (!read || read->bytes != known->second.bytes || read->sha256 != known->second.sha256) return false;
    }
    fs::create_hard_link(earlier, to, error);
    return !error;
  }

 private:
  std::string path_;
  std::map<std::string, BackupFile> files_;
};

// The files of the linked store in `from`; answers how many bytes had to be copied.
Result<std::uint64_t> copy_linked(const storage::LinkedStore& linked, const std::string& from, const std::string& partial,
                                  const ByteProgress& progress) {
  const EarlierBackup earlier(partial);
  std::uint64_t total = 0;
  std::uint64_t done = 0;
  std::uint64_t copied = 0;
  std::error_code ignored;
  for (const auto* names : {&linked.tables, &linked.others}) {
    for (const std::string& name : *names) total += fs::file_size(from + "/" + name, ignored);
  }
  const auto read = [&](std::size_t bytes) {
    done += bytes;
    if (progress) progress(done, total);
  };
  PICKET_TRY_VOID(make_private_folder(partial + "/store"));
  for (const std::string& name : linked.tables) {
    const std::string path = "store/" + name;
    if (earlier.link(path, from + "/" + name, partial + "/" + path)) {
      read(fs::file_size(from + "/" + name, ignored));
      continue;
    }
    PICKET_TRY(const BackupFile file, read_sum(from + "/" + name, partial + "/" + path, read));
    copied += file.bytes;
  }
  for (const std::string& name : linked.others) {
    PICKET_TRY(const BackupFile file, read_sum(from + "/" + name, partial + "/store/" + name, read));
    copied += file.bytes;
  }
  PICKET_TRY_VOID(sync_folder(partial + "/store"));
  return copied;
}

std::uint64_t folder_bytes(const std::string& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->is_regular_file()) bytes += at->file_size();
  }
  return bytes;
}

// Where there are no hard links, or the data folder may not be written to, value by value.
Result<std::uint64_t> copy_store_files(const std::string& data, const std::string& partial, const ByteProgress& progress) {
  PICKET_TRY(const std::string store, store_folder(data));
  const LinkFolder links(data);
  if (!links.path().empty()) {
    const std::string linked_path = links.path() + "/store";
    const Result<storage::LinkedStore> linked = storage::link_store(store, linked_path);
    if (linked) return copy_linked(*linked, linked_path, partial, progress);
    if (linked.error().code != Errc::kIo && linked.error().code != Errc::kBusy) return tl::unexpected(linked.error());
  }
  PICKET_TRY_VOID(storage::copy_store({.from = store, .to = partial + "/store", .progress = progress}));
  return folder_bytes(partial + "/store");
}

}  // namespace

std::uint64_t Manifest::bytes() const {
  std::uint64_t all = 0;
  for (const BackupFile& file : files) all += file.bytes;
  return all;
}

Json to_json(const Manifest& manifest) {
  Json json = {{"format", kManifestFormat},
               {"made", format_time(manifest.made_ns)},
               {"from", manifest.from},
               {"clean", manifest.clean},
               {"store", manifest.store},
               {"files", Json::array()}};
  if (manifest.new_bytes) json["new_bytes"] = *manifest.new_bytes;
  for (const BackupFile& file : manifest.files)
    json["files"].push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  return json;
}

Json summary_of(const std::string& path, const Manifest& manifest) {
  Json json = {{"backup", path},
               {"made", format_time(manifest.made_ns)},
               {"from", manifest.from},
               {"clean", manifest.clean},
               {"files", manifest.files.size()},
               {"bytes", manifest.bytes()},
               {"store", manifest.store}};
  if (manifest.new_bytes) json["new_bytes"] = *manifest.new_bytes;
  return json;
}

Result<Manifest> read_manifest(const std::string& backup) {
  const std::string path = backup + "/" + kManifest;
  const Result<std::string> text = read_file(path, kManifestMax);
  if (!text && text.error().code == Errc::kNotFound)
    return fail(Errc::kNotFound, backup + ": is not a backup, or not a whole one (it has no manifest)");
  if (!text) return tl::unexpected(text.error());
  const Result<Json> json = parse_json(*text);
  if (!json) return fail(json.error().code, path + ": " + json.error().what);
  Result<Manifest> manifest = manifest_of(*json);
  if (!manifest) return fail(manifest.error().code, path + ": " + manifest.error().what);
  return manifest;
}

std::string backup_name(std::int64_t time_ns) {
  constexpr std::int64_t kSecondNs = 1'000'000'000;
  std::string time = format_time(time_ns / kSecondNs * kSecondNs);
  std::erase(time, ':');
  return "picket-" + time;
}

Result<std::uint64_t> copy_data(const std::string& data, const std::string& partial, const ByteProgress& progress) {
  PICKET_TRY_VOID(make_private_folder(partial));
  PICKET_TRY(std::uint64_t bytes, copy_store_files(data, partial, progress));
  for (const char* name : kKept) {
    const std::string from = data + "/" + name;
    std::error_code error;
    if (!fs::exists(from, error)) continue;
    PICKET_TRY(const BackupFile file, read_sum(from, partial + "/" + name, [](std::size_t) {}));
    bytes += file.bytes;
  }
  return bytes;
}

Result<std::vector<BackupFile>> list_backup_files(const std::string& partial, const ByteProgress& progress) {
  std::vector<std::string> paths;
  std::uint64_t total = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(partial, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!at->is_regular_file() || name == "LOCK" || name.starts_with("LOG")) continue;  // of RocksDB, and no data
    paths.push_back(fs::relative(at->path(), partial, error).string());
    total += at->file_size(error);
  }
  if (error) return failed(partial, error.message());
  std::sort(paths.begin(), paths.end());
  std::vector<BackupFile> files;
  std::uint64_t done = 0;
  for (const std::string& path : paths) {
    PICKET_TRY(BackupFile file, read_sum(partial + "/" + path, "", [&](std::size_t bytes) {
                 done += bytes;
                 if (progress) progress(done, total);
               }));
    file.path = path;
    files.push_back(std::move(file));
  }
  return files;
}

Result<void> finish_backup(const std::string& partial, const std::string& backup, const Manifest& manifest) {
  PICKET_TRY_VOID(write_file(partial + "/" + kManifest, dump_json(to_json(manifest)) + "\n", 0600));
  PICKET_TRY_VOID(sync_folder(partial));
  std::error_code error;
  fs::rename(partial, backup, error);
  if (error) return failed(backup, error.message());
  const fs::path parent = fs::path(backup).parent_path();
  return sync_folder(parent.empty() ? "." : parent.string());
}

Result<Manifest> restore_backup(const std::string& backup, const std::string& data, const ByteProgress& progress) {
  PICKET_TRY_VOID(must_be_empty(data));
  PICKET_TRY(Manifest manifest, read_manifest(backup));
  std::string folder = data;
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  const std::string restoring = folder + ".restoring";
  remove_all(restoring);
  const Result<void> copied = copy_back(backup, restoring, manifest, progress);
  if (!copied) {
    remove_all(restoring);
    return tl::unexpected(copied.error());
  }
  std::error_code error;
  fs::rename(restoring, folder, error);
  if (error) return failed(folder, error.message());
  return manifest;
}

Result<std::vector<std::string>> list_backups(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (!at->path().string().ends_with(".partial") && fs::exists(at->path() / kManifest, error))
      names.push_back(at->path().filename().string());
  }
  if (error) return failed(folder, error.message());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace picket::app
