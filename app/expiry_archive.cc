#include "app/expiry_archive.h"

#include <filesystem>
#include <utility>

#include "app/source_formats.h"
#include "base/time.h"
#include "storage/integrity/chain.h"

namespace picket::app {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSecondNs = 1'000'000'000;

// Two stores may have the same folder of archives.
std::string prefix_of(const storage::Store& store) {
  return "retention-" + storage::to_hex(store.chain().store).substr(0, 8) + "-";
}

}  // namespace

ExpiryArchive::ExpiryArchive(storage::Store& store, std::string folder, std::function<void(Batch&)> parse, Clock& clock)
    : store_(store), folder_(std::move(folder)), parse_(std::move(parse)), clock_(clock) {
  remove_leftovers();
}

// Of a server that ended while it wrote: what is in them is still in the store.
void ExpiryArchive::remove_leftovers() const {
  if (store_.chain().store.empty()) return;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    std::error_code ignored;
    if (name.starts_with(prefix_of(store_)) && name.ends_with(".partial")) fs::remove_all(at->path(), ignored);
  }
}

std::string ExpiryArchive::free_name() const {
  std::string time = format_time(clock_.now().count() / kSecondNs * kSecondNs);
  std::erase(time, ':');
  const std::string first = folder_ + "/" + prefix_of(store_) + time;
  std::string name = first;
  std::error_code ignored;
  for (int n = 2; fs::exists(name, ignored) || fs::exists(name + ".partial", ignored); ++n) name = first + "-" + std::to_string(n);
  return name;
}

Result<void> ExpiryArchive::note(const Result<void>& done) {
  problem_ = done ? "" : done.error().what;
  return done;
}

Result<void> ExpiryArchive::begin() {
  storage::ArchiveOptions options;
  options.folder = path_ = free_name();
  options.sources = store_.source_names();
  options.source_formats = kept_format_documents(store_);
  options.parse = parse_;
  options.reason = "retention";
  options.chain = store_.chain();
  options.made_ns = clock_.now().count();
  PICKET_TRY(writer_, storage::ArchiveWriter::begin(std::move(options)));
  return {};
}

Result<void> ExpiryArchive::add(const storage::StoredRow& row) {
  if (!writer_) {
    PICKET_TRY_VOID(note(begin()));
  }
  return note(writer_->add(row));
}

Result<void> ExpiryArchive::ready() {
  if (!writer_) return {};
  const Result<storage::ArchiveManifest> manifest = writer_->finish();
  writer_.reset();
  PICKET_TRY_VOID(note(manifest ? Result<void>() : tl::unexpected(manifest.error())));
  Json json = storage::summary_of(*manifest);
  json["@timestamp"] = format_time(clock_.now().count());
  json["archive"] = path_;
  json["sha256"] = manifest->sha256;
  PICKET_TRY_VOID(store_.put_document(kArchiveSpace, fs::path(path_).filename().string(), json));
  ++archives_;
  records_ += manifest->records();
  return {};
}

void ExpiryArchive::end() { writer_.reset(); }

}  // namespace picket::app
