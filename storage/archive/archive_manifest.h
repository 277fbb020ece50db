// ArchiveManifest: what an archive holds (docs/formats/archive.md). One that is read may come from
// anywhere: its size, its numbers and the names of its files are bounded, and it is taken only as
// this writes it, to the byte. Values; pure, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace picket::storage {

inline constexpr const char* kArchiveManifest = "manifest.json";
inline constexpr std::size_t kArchiveManifestMax = 128 * 1024 * 1024;
inline constexpr std::size_t kArchiveFilesMax = 100'000;

struct ArchiveFile {
  std::string name;  // "000001-web-2026-11-23.ndjson.zst"
  std::string
      source;  // of all its records, as it is named for people: bytes that are no text replaced
  std::string day;  // on which they were received, "2026-11-23"
  std::uint64_t records = 0;
  std::int64_t first_ns = 0;  // event times
  std::int64_t last_ns = 0;
  std::uint64_t bytes = 0;  // as it lies there
  std::uint64_t plain_bytes = 0;
  std::string sha256;        // of the file
  std::string plain_sha256;  // of what it holds
  bool operator==(const ArchiveFile&) const = default;
};

struct ArchiveManifest {
  std::int64_t made_ns = 0;
  std::string reason;             // "asked" or "retention"
  std::string store;              // id of the store, hex
  std::uint64_t link = 0;         // its chain then: the last link,
  std::string link_hash;          // and its hash, hex
  Json sources = Json::object();  // by name: how their records are read
  std::vector<ArchiveFile> files;
  std::string sha256;  // of the manifest without this; as it was read or written
  std::uint64_t records() const;
  std::uint64_t bytes() const;
  std::uint64_t plain_bytes() const;
};

// The manifest as it lies in the archive; sets `sha256`.
std::string manifest_text(ArchiveManifest& manifest);
// kInvalid: no manifest, or none of ours. kCorrupt: it was changed.
Result<ArchiveManifest> read_manifest_text(std::string_view text);
// Without its files.
Json summary_of(const ArchiveManifest& manifest);

// May be the name of a file of an archive: leads nowhere else.
bool is_archive_file_name(std::string_view name);

}  // namespace picket::storage
