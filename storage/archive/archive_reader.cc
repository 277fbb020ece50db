#include "storage/archive/archive_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>

#include "base/digest.h"
#include "base/utf8.h"
#include "storage/integrity/chain.h"

namespace picket::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = 256 * 1024;
constexpr std::uint64_t kFilePlainMax = 2ULL * 1024 * 1024 * 1024;
constexpr int kWindowLog = 23;  // 8 MiB

// A regular file of the folder, opened; never what a link leads to.
class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) {
    struct stat info {};
    if (fd_ < 0) {
      problem_ = errno == ENOENT  ? "is missing"
                 : errno == ELOOP ? "is a link"
                                  : std::strerror(errno);
    } else if (::fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) {
      problem_ = "is not a file";
    } else {
      bytes_ = static_cast<std::uint64_t>(info.st_size);
    }
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  const std::string& problem() const { return problem_; }
  std::uint64_t bytes() const { return bytes_; }
  // The next piece, empty at the end.
  std::string_view read() {
    piece_.resize(kPiece);
    ssize_t got = -1;
    do {
      got = ::read(fd_, piece_.data(), piece_.size());
    } while (got < 0 && errno == EINTR);
    if (got < 0) problem_ = std::strerror(errno);
    return std::string_view(piece_).substr(0, got > 0 ? static_cast<std::size_t>(got) : 0);
  }

 private:
  int fd_;
  std::uint64_t bytes_ = 0;
  std::string problem_;
  std::string piece_;
};

// The lines of one file of an archive, and whether it is what the manifest says.
class FileCheck {
 public:
  FileCheck(const ArchiveFile& entry, const ArchivedRow& row)
      : entry_(entry), row_(row), plain_(kPiece, '\0') {
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kWindowLog);
  }

  // Empty: it is sound. Else what is not, in line().
  Result<std::string> run(const std::string& path, const std::function<void(std::uint64_t)>& read) {
    if (entry_.plain_bytes > kFilePlainMax)
      return std::string("is longer than a file of an archive may be");
    OpenFile file(path);
    if (!file.problem().empty()) return file.problem();
    if (file.bytes() != entry_.bytes)
      return std::to_string(file.bytes()) + " bytes instead of " + std::to_string(entry_.bytes);
    for (std::string_view piece = file.read(); !piece.empty(); piece = file.read()) {
      bytes_ += piece.size();
      if (bytes_ > entry_.bytes) return std::string("grew while it was read");
      digest_.add(piece);
      PICKET_TRY_VOID(inflate(piece));
      if (!problem_.empty()) return problem_;
      read(piece.size());
    }
    if (!file.problem().empty()) return file.problem();
    return verdict();
  }
  std::uint64_t line() const { return problem_.empty() ? 0 : line_; }
  std::uint64_t records() const { return records_; }

 private:
  std::string verdict() {
    if (to_hex(bytes_of(digest_.finish())) != entry_.sha256)
      return "is not the file that the manifest names";
    if (!at_frame_end_ || !open_line_.empty()) return "ends in the middle";
    if (plain_bytes_ != entry_.plain_bytes ||
        to_hex(bytes_of(plain_digest_.finish())) != entry_.plain_sha256)
      return "what it holds is not what the manifest says";
    if (records_ != entry_.records ||
        (records_ > 0 && (first_ns_ != entry_.first_ns || last_ns_ != entry_.last_ns)))
      return "its records are not those that the manifest counts";
    return {};
  }

  Result<void> inflate(std::string_view piece) {
    ZSTD_inBuffer in{piece.data(), piece.size(), 0};
    for (bool more = true; problem_.empty() && (in.pos < in.size || more);) {
      ZSTD_outBuffer out{plain_.data(), plain_.size(), 0};
      const std::size_t left = ZSTD_decompressStream(stream_.get(), &out, &in);
      if (ZSTD_isError(left)) {
        problem_ = "cannot be inflated: " + std::string(ZSTD_getErrorName(left));
        return {};
      }
      at_frame_end_ = left == 0;
      more = out.pos == out.size;
      PICKET_TRY_VOID(take(std::string_view(plain_).substr(0, out.pos)));
    }
    return {};
  }

  Result<void> take(std::string_view plain) {
    plain_bytes_ += plain.size();
    if (plain_bytes_ > entry_.plain_bytes) {
      problem_ = "holds more than the manifest says";
      return {};
    }
    plain_digest_.add(plain);
    while (!plain.empty() && problem_.empty()) {
      const std::size_t end = plain.find('\n');
      const std::string_view part = plain.substr(0, end);
      if (open_line_.size() + part.size() > kArchiveLineMax) {
        ++line_;
        problem_ = "the line is longer than it may be";
        return {};
      }
      if (end == std::string_view::npos) {
        open_line_ += part;
        return {};
      }
      PICKET_TRY_VOID(open_line_.empty() ? take_line(part) : take_line(open_line_ += part));
      open_line_.clear();
      plain.remove_prefix(end + 1);
    }
    return {};
  }

  Result<void> take_line(std::string_view text) {
    ++line_;
    const Result<ArchivedRecord> record = read_archive_line(text);
    if (!record) {
      problem_ = record.error().what;
      return {};
    }
    if (is_utf8(record->source) && record->source != entry_.source) {
      problem_ = "the record is of another source than its file";
      return {};
    }
    first_ns_ = records_ == 0 ? record->time_ns : std::min(first_ns_, record->time_ns);
    last_ns_ = records_ == 0 ? record->time_ns : std::max(last_ns_, record->time_ns);
    ++records_;
    return row_ ? row_(*record) : Result<void>();
  }

  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  const ArchiveFile& entry_;
  const ArchivedRow& row_;
  std::unique_ptr<ZSTD_DCtx, Free> stream_{ZSTD_createDCtx()};
  Digester digest_;
  Digester plain_digest_;
  std::string plain_;
  std::string open_line_;
  std::string problem_;
  std::uint64_t bytes_ = 0;
  std::uint64_t plain_bytes_ = 0;
  std::uint64_t line_ = 0;
  std::uint64_t records_ = 0;
  std::int64_t first_ns_ = 0;
  std::int64_t last_ns_ = 0;
  bool at_frame_end_ = true;
};

void add(ArchiveReport& report, ArchiveFinding finding) {
  ++report.findings_total;
  if (report.findings.size() < kArchiveFindingsMax) report.findings.push_back(std::move(finding));
}

Result<std::string> read_manifest_file(const std::string& path) {
  OpenFile file(path);
  if (!file.problem().empty()) return fail(Errc::kInvalid, file.problem());
  if (file.bytes() > kArchiveManifestMax)
    return fail(Errc::kLimit, "is longer than a manifest may be");
  std::string text;
  for (std::string_view piece = file.read(); !piece.empty(); piece = file.read()) {
    text += piece;
    if (text.size() > kArchiveManifestMax)
      return fail(Errc::kLimit, "is longer than a manifest may be");
  }
  if (!file.problem().empty()) return fail(Errc::kIo, file.problem());
  return text;
}

// What lies in the folder and is not in the manifest.
Result<void> find_extra(const std::string& folder, ArchiveReport& report) {
  std::set<std::string, std::less<>> names{kArchiveManifest};
  for (const ArchiveFile& file : report.manifest.files) names.insert(file.name);
  std::vector<std::string> extra;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().filename().string();
    if (!names.contains(name) && extra.size() < kArchiveFindingsMax)
      extra.push_back(std::move(name));
  }
  if (error) return fail(Errc::kIo, folder + ": " + error.message());
  std::sort(extra.begin(), extra.end());
  for (std::string& name : extra) add(report, {std::move(name), 0, "is not in the manifest"});
  return {};
}

}  // namespace

Result<ArchiveReport> check_archive(const std::string& folder, const ArchivedRow& row,
                                    const ArchiveProgress& progress) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    return fail(Errc::kNotFound, folder + ": there is no archive here");
  ArchiveReport report;
  const Result<std::string> text = read_manifest_file(folder + "/" + kArchiveManifest);
  Result<ArchiveManifest> manifest =
      text ? read_manifest_text(*text) : tl::unexpected(text.error());
  if (!manifest) {
    add(report, {kArchiveManifest, 0, manifest.error().what});
    return report;
  }
  report.manifest = *std::move(manifest);
  const std::uint64_t total = report.manifest.bytes();
  std::uint64_t done = 0;
  for (const ArchiveFile& entry : report.manifest.files) {
    FileCheck file(entry, row);
    PICKET_TRY(const std::string problem,
               file.run(folder + "/" + entry.name, [&](std::uint64_t bytes) {
                 done += bytes;
                 if (progress) progress(done, total);
               }));
    report.records += file.records();
    if (!problem.empty()) add(report, {entry.name, file.line(), problem});
  }
  PICKET_TRY_VOID(find_extra(folder, report));
  return report;
}

}  // namespace picket::storage
