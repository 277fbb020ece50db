// Why this is whole: tables and logs go only after the list of tables (MANIFEST) said so. So while
// that list has not grown and CURRENT names the same one, all that it speaks of is there. Logs only
// grow at their end, and a later one is begun when the one before is complete: read in their order
// after they were listed, they end at one point in time, as after a power loss.
#include "storage/link_store.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "storage/rocks_store.h"

namespace picket::storage {
namespace {

namespace fs = std::filesystem;

constexpr int kTriesMax = 20;
constexpr std::size_t kCurrentBytesMax = 4096;
constexpr std::size_t kListBytesMax = std::size_t{2} << 30;
constexpr std::size_t kPieceBytes = 1024 * 1024;

tl::unexpected<Error> failed(const fs::path& path, const std::error_code& error) {
  return fail(Errc::kIo, path.string() + ": " + error.message());
}

class Links {
 public:
  Links(fs::path from, fs::path to, const std::function<void()>& between)
      : from_(std::move(from)), to_(std::move(to)), between_(between) {}

  // False: the store changed meanwhile.
  Result<bool> make() {
    PICKET_TRY_VOID(begin());
    PICKET_TRY(const std::string current,
               read_file((from_ / "CURRENT").string(), kCurrentBytesMax));
    const std::string list = current.substr(0, current.find('\n'));
    if (!list.starts_with("MANIFEST-") || list.find('/') != std::string::npos)
      return fail(Errc::kCorrupt, (from_ / "CURRENT").string() + ": names no list of tables");
    std::error_code error;
    const std::uintmax_t list_bytes = fs::file_size(from_ / list, error);
    if (error) return false;
    PICKET_TRY_VOID(copy_start(list, list_bytes));
    PICKET_TRY_VOID(write_file((to_ / "CURRENT").string(), current, 0600));
    linked_.others = {"CURRENT", list};
    if (between_) between_();
    PICKET_TRY(const bool whole, take_files());
    PICKET_TRY(const std::string after, read_file((from_ / "CURRENT").string(), kCurrentBytesMax));
    return whole && after == current && fs::file_size(from_ / list, error) == list_bytes && !error;
  }

  LinkedStore take() { return std::move(linked_); }

 private:
  Result<void> begin() {
    linked_ = {};
    std::error_code error;
    fs::remove_all(to_, error);
    if (!error) fs::create_directories(to_, error);
    if (!error) fs::permissions(to_, fs::perms::owner_all, error);
    if (error) return failed(to_, error);
    return {};
  }

  Result<void> copy_start(const std::string& name, std::uintmax_t bytes) {
    std::ofstream out(to_ / name, std::ios::binary);
    std::uintmax_t left = bytes;
    PICKET_TRY_VOID(read_pieces((from_ / name).string(), kPieceBytes, kListBytesMax,
                                [&](std::string_view piece) {
                                  const auto size = std::min<std::uintmax_t>(left, piece.size());
                                  out.write(piece.data(), static_cast<std::streamsize>(size));
                                  left -= size;
                                }));
    out.close();
    if (!out) return fail(Errc::kIo, (to_ / name).string() + ": cannot be written");
    return {};
  }

  Result<bool> take_files() {
    std::set<fs::path> logs;  // their names have leading zeros: in order
    std::error_code error;
    for (fs::directory_iterator at(from_, error), end; !error && at != end; at.increment(error)) {
      const fs::path name = at->path().filename();
      if (name.extension() == ".log") logs.insert(name);
      if (name.extension() != ".sst") continue;
      std::error_code refused;
      fs::create_hard_link(from_ / name, to_ / name, refused);
      // One that went meanwhile was of no use any more.
      if (refused && refused != std::errc::no_such_file_or_directory)
        return failed(to_ / name, refused);
    }
    if (error) return failed(from_, error);
    for (const fs::path& log : logs) {
      fs::copy_file(from_ / log, to_ / log, error);
      if (error == std::errc::no_such_file_or_directory) return false;
      if (error) return failed(to_ / log, error);
      linked_.others.push_back(log.string());
    }
    return true;
  }

  const fs::path from_;
  const fs::path to_;
  const std::function<void()>& between_;
  LinkedStore linked_;
};

// The tables that are of the store, whose checksums are right: what was being written is left out.
Result<std::vector<std::string>> checked_tables(const std::string& path) {
  StoreOptions options;
  options.path = path;
  options.read_only = true;
  PICKET_TRY(const std::unique_ptr<RocksStore> store, RocksStore::open_unread(std::move(options)));
  const rocksdb::Status checked = store->db().VerifyChecksum({});
  if (!checked.ok()) return rocks_error(checked, "read the tables of " + path);
  std::vector<rocksdb::LiveFileMetaData> files;
  store->db().GetLiveFilesMetaData(&files);
  std::vector<std::string> names;
  for (const rocksdb::LiveFileMetaData& file : files)
    names.push_back(fs::path(file.name).filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<LinkedStore> link_store(const std::string& from, const std::string& to,
                               const std::function<void()>& between) {
  Links links(from, to, between);
  for (int tries = 0; tries < kTriesMax; ++tries) {
    PICKET_TRY(const bool whole, links.make());
    if (!whole) continue;
    LinkedStore linked = links.take();
    PICKET_TRY(linked.tables, checked_tables(to));
    return linked;
  }
  return fail(Errc::kBusy, "store " + from + ": its files changed too often to be linked");
}

}  // namespace picket::storage
