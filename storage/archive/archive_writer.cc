#include "storage/archive/archive_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/check.h"
#include "base/new_file.h"
#include "base/time.h"
#include "event/event_json.h"
#include "storage/integrity/chain.h"

namespace picket::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBatchRows = 1024;
constexpr std::size_t kBatchBytes = 4 * 1024 * 1024;
constexpr std::size_t kFrameBytes = 1024 * 1024;  // plain; a longer line has a frame of its own
constexpr std::uint64_t kFilePlainMax = 1024ULL * 1024 * 1024;
constexpr int kCompression = 3;
constexpr std::int64_t kDay = 24LL * 3600 * 1'000'000'000;
constexpr std::size_t kSlugMax = 64;

tl::unexpected<Error> failed(const std::string& path, int error) {
  return fail(error == ENOSPC || error == EDQUOT ? Errc::kFull : Errc::kIo,
              path + ": " + std::strerror(error));
}

std::int64_t day_of(std::int64_t time_ns) {
  return time_ns / kDay - (time_ns % kDay < 0 ? 1 : 0);
}

// Of the name of a source what may be in the name of a file.
std::string slug_of(std::string_view source) {
  std::string slug;
  for (const char c : source.substr(0, kSlugMax)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_';
    slug += plain ? c : '-';
  }
  return slug;
}

std::string compressed(std::string_view plain) {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kCompression);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string frame(ZSTD_compressBound(plain.size()), '\0');
  const std::size_t size =
      ZSTD_compress2(context.get(), frame.data(), frame.size(), plain.data(), plain.size());
  PICKET_CHECK(ZSTD_isError(size) == 0);  // the bound was given
  frame.resize(size);
  return frame;
}

Result<void> append(const std::string& path, std::string_view bytes, bool is_new) {
  const int how = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (is_new ? O_CREAT | O_EXCL : 0);
  const int fd = ::open(path.c_str(), how, 0600);
  if (fd < 0) return failed(path, errno);
  int error = 0;
  while (error == 0 && !bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  ::close(fd);
  if (error != 0) return failed(path, error);
  return {};
}

Result<void> sync_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!synced) return failed(path, error);
  return {};
}

std::string parent_of(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// In one step, and never over another one.
Result<void> give_name(const std::string& partial, const std::string& folder) {
  constexpr unsigned kNoReplace = 1;  // RENAME_NOREPLACE
  if (::renameat2(AT_FDCWD, partial.c_str(), AT_FDCWD, folder.c_str(), kNoReplace) == 0) return {};
  if (errno == EEXIST) return fail(Errc::kInvalid, folder + ": is there already");
  return failed(folder, errno);
}

}  // namespace

ArchiveWriter::ArchiveWriter(ArchiveOptions options) : options_(std::move(options)) {
  while (options_.folder.size() > 1 && options_.folder.ends_with('/')) options_.folder.pop_back();
  partial_ = options_.folder + ".partial";
}

Result<std::unique_ptr<ArchiveWriter>> ArchiveWriter::begin(ArchiveOptions options) {
  std::unique_ptr<ArchiveWriter> writer(new ArchiveWriter(std::move(options)));
  const std::string& folder = writer->options_.folder;
  struct stat info {};
  if (::lstat(folder.c_str(), &info) == 0)
    return fail(Errc::kInvalid, folder + ": is there already");
  if (::mkdir(writer->partial_.c_str(), 0700) != 0) {
    if (errno == EEXIST)
      return fail(
          Errc::kInvalid,
          writer->partial_ +
              ": is there already; another archive is being made, or was given up: remove it then");
    return failed(writer->partial_, errno);
  }
  writer->made_ = true;
  return writer;
}

ArchiveWriter::~ArchiveWriter() {
  std::error_code ignored;
  if (made_ && !finished_) fs::remove_all(partial_, ignored);
}

Result<void> ArchiveWriter::add(const StoredRow& row) {
  const auto source = static_cast<std::size_t>(row.record.source);
  PICKET_CHECK(source < options_.sources.size());
  Record& record =
      batch_.add(row.record.raw, row.record.source, row.record.seq, row.record.received_ns);
  record.length = row.record.length;
  batch_.set_heading(record, row.record.heading);
  records_.push_back(archived_record(row, options_.sources[source]));
  if (records_.size() < kBatchRows && batch_.bytes() < kBatchBytes) return {};
  return flush_batch();
}

Result<void> ArchiveWriter::flush_batch() {
  if (options_.parse) options_.parse(batch_);
  for (std::size_t i = 0; i < records_.size(); ++i) {
    Json event = nullptr;
    if (i < batch_.events().size()) {
      event = event_json(batch_, batch_.events()[i], records_[i].source);
      const auto member = event.find("event");
      if (member != event.end() && member->is_object()) member->erase("original");
    }
    PICKET_TRY_VOID(add_line(records_[i], static_cast<std::uint32_t>(batch_.records()[i].source),
                             archive_line(records_[i], event)));
  }
  batch_.clear();
  records_.clear();
  return {};
}

Result<ArchiveWriter::File*> ArchiveWriter::file_of(const ArchivedRecord& record,
                                                    std::uint32_t source) {
  const std::int64_t day = day_of(record.received_ns);
  const auto [at, is_new] = open_.try_emplace({source, day});
  if (is_new) {
    if (manifest_.files.size() + open_.size() > kArchiveFilesMax)
      return fail(
          Errc::kLimit,
          options_.folder + ": an archive has at most 100000 files; archive a shorter time");
    at->second = std::make_unique<File>();
    ArchiveFile& entry = at->second->entry;
    char number[32];
    std::snprintf(number, sizeof number, "%06zu-", manifest_.files.size() + open_.size());
    entry.day = format_time(day * kDay).substr(0, 10);
    entry.source = record.source;
    entry.name = number + slug_of(record.source) + "-" + entry.day + ".ndjson.zst";
    entry.first_ns = entry.last_ns = record.time_ns;
  }
  return at->second.get();
}

Result<void> ArchiveWriter::add_line(const ArchivedRecord& record, std::uint32_t source,
                                     std::string_view line) {
  PICKET_TRY(File* const file, file_of(record, source));
  if (!file->plain.empty() && file->plain.size() + line.size() > kFrameBytes) {
    PICKET_TRY_VOID(write_frame(*file));
  }
  file->plain += line;
  buffered_ += line.size();
  ArchiveFile& entry = file->entry;
  ++entry.records;
  entry.first_ns = std::min(entry.first_ns, record.time_ns);
  entry.last_ns = std::max(entry.last_ns, record.time_ns);
  if (entry.plain_bytes + file->plain.size() >= kFilePlainMax) {
    PICKET_TRY_VOID(write_frame(*file));
    close(*file);
    open_.erase({source, day_of(record.received_ns)});
  } else if (buffered_ > options_.buffered_max) {
    return write_all_frames();
  }
  return {};
}

Result<void> ArchiveWriter::write_frame(File& file) {
  if (file.plain.empty()) return {};
  const std::string frame = compressed(file.plain);
  PICKET_TRY_VOID(append(partial_ + "/" + file.entry.name, frame, file.entry.bytes == 0));
  file.bytes.add(frame);
  file.plain_bytes.add(file.plain);
  file.entry.bytes += frame.size();
  file.entry.plain_bytes += file.plain.size();
  buffered_ -= file.plain.size();
  file.plain = std::string();
  return {};
}

Result<void> ArchiveWriter::write_all_frames() {
  for (auto& [key, file] : open_) {
    PICKET_TRY_VOID(write_frame(*file));
  }
  return {};
}

void ArchiveWriter::close(File& file) {
  file.entry.sha256 = to_hex(bytes_of(file.bytes.finish()));
  file.entry.plain_sha256 = to_hex(bytes_of(file.plain_bytes.finish()));
  manifest_.files.push_back(std::move(file.entry));
}

Result<ArchiveManifest> ArchiveWriter::finish() {
  PICKET_TRY_VOID(flush_batch());
  PICKET_TRY_VOID(write_all_frames());
  for (auto& [key, file] : open_) close(*file);
  open_.clear();
  std::sort(manifest_.files.begin(), manifest_.files.end(),
            [](const ArchiveFile& a, const ArchiveFile& b) { return a.name < b.name; });
  for (const ArchiveFile& file : manifest_.files) {
    PICKET_TRY_VOID(sync_file(partial_ + "/" + file.name));
    const auto format = options_.source_formats.find(file.source);
    if (format != options_.source_formats.end()) manifest_.sources[file.source] = *format;
  }
  manifest_.made_ns = options_.made_ns;
  manifest_.reason = options_.reason;
  manifest_.store = to_hex(options_.chain.store);
  manifest_.link = options_.chain.links;
  manifest_.link_hash = to_hex(options_.chain.hash);
  NewFile text(partial_ + "/" + kArchiveManifest, 0600);
  text.write(manifest_text(manifest_));
  PICKET_TRY_VOID(text.finish());
  PICKET_TRY_VOID(sync_folder(partial_));
  PICKET_TRY_VOID(give_name(partial_, options_.folder));
  finished_ = true;
  PICKET_TRY_VOID(sync_folder(parent_of(options_.folder)));
  return std::move(manifest_);
}

}  // namespace picket::storage
