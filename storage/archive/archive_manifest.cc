#include "storage/archive/archive_manifest.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/digest.h"
#include "base/time.h"
#include "storage/integrity/chain.h"

namespace picket::storage {
namespace {

constexpr std::uint64_t kFormatOfArchive = 1;
constexpr std::size_t kNameMax = 200;
constexpr std::string_view kEnding = ".ndjson.zst";

Json to_json(const ArchiveFile& file) {
  return {{"name", file.name},
          {"source", file.source},
          {"day", file.day},
          {"records", file.records},
          {"first", format_time(file.first_ns)},
          {"last", format_time(file.last_ns)},
          {"bytes", file.bytes},
          {"plain_bytes", file.plain_bytes},
          {"sha256", file.sha256},
          {"plain_sha256", file.plain_sha256}};
}

Json to_json(const ArchiveManifest& manifest) {
  Json json = summary_of(manifest);
  json["sources"] = manifest.sources;
  json["files"] = Json::array();
  for (const ArchiveFile& file : manifest.files) json["files"].push_back(to_json(file));
  return json;
}

std::string digest_of(const Json& json) {
  Digester digester;
  digester.add(dump_json(json));
  return to_hex(bytes_of(digester.finish()));
}

tl::unexpected<Error> wrong(const char* why) {
  return fail(Errc::kInvalid, std::string("not the manifest of an archive: ") + why);
}

std::string text_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::int64_t time_of(const Json& json, const char* name) {
  const auto time = parse_time(text_of(json, name));
  return time ? time->time_ns : 0;
}

ArchiveFile file_of(const Json& json) {
  ArchiveFile file;
  file.name = text_of(json, "name");
  file.source = text_of(json, "source");
  file.day = text_of(json, "day");
  file.records = number_of(json, "records");
  file.first_ns = time_of(json, "first");
  file.last_ns = time_of(json, "last");
  file.bytes = number_of(json, "bytes");
  file.plain_bytes = number_of(json, "plain_bytes");
  file.sha256 = text_of(json, "sha256");
  file.plain_sha256 = text_of(json, "plain_sha256");
  return file;
}

Result<ArchiveManifest> manifest_of(const Json& json) {
  if (!json.is_object() || number_of(json, "format") == 0) return wrong("no format");
  if (number_of(json, "format") > kFormatOfArchive) return wrong("written by a newer version");
  ArchiveManifest manifest;
  manifest.made_ns = time_of(json, "made");
  manifest.reason = text_of(json, "reason");
  manifest.store = text_of(json, "store");
  manifest.link = number_of(json, "link");
  manifest.link_hash = text_of(json, "link_hash");
  manifest.sha256 = text_of(json, "sha256");
  const auto sources = json.find("sources");
  if (sources == json.end() || !sources->is_object()) return wrong("no sources");
  manifest.sources = *sources;
  const auto files = json.find("files");
  if (files == json.end() || !files->is_array() || files->size() > kArchiveFilesMax)
    return wrong("no files");
  std::set<std::string> names;
  for (const Json& file : *files) {
    if (!file.is_object()) return wrong("no files");
    manifest.files.push_back(file_of(file));
    const std::string& name = manifest.files.back().name;
    if (!is_archive_file_name(name)) return wrong("a name that is none of its files");
    if (!names.insert(name).second) return wrong("a file that is named twice");
  }
  return manifest;
}

template <class Of>
std::uint64_t sum(const std::vector<ArchiveFile>& files, Of of) {
  std::uint64_t all = 0;
  for (const ArchiveFile& file : files) all += file.*of;
  return all;
}

}  // namespace

std::uint64_t ArchiveManifest::records() const {
  return sum(files, &ArchiveFile::records);
}
std::uint64_t ArchiveManifest::bytes() const {
  return sum(files, &ArchiveFile::bytes);
}
std::uint64_t ArchiveManifest::plain_bytes() const {
  return sum(files, &ArchiveFile::plain_bytes);
}

Json summary_of(const ArchiveManifest& manifest) {
  return {{"format", kFormatOfArchive},
          {"made", format_time(manifest.made_ns)},
          {"reason", manifest.reason},
          {"store", manifest.store},
          {"link", manifest.link},
          {"link_hash", manifest.link_hash},
          {"records", manifest.records()},
          {"bytes", manifest.bytes()},
          {"plain_bytes", manifest.plain_bytes()}};
}

std::string manifest_text(ArchiveManifest& manifest) {
  Json json = to_json(manifest);
  json["sha256"] = manifest.sha256 = digest_of(json);
  return dump_json(json) + "\n";
}

Result<ArchiveManifest> read_manifest_text(std::string_view text) {
  const Result<Json> json = parse_json(text, {.bytes_max = kArchiveManifestMax, .depth_max = 16});
  if (!json) return wrong(json.error().what.c_str());
  PICKET_TRY(ArchiveManifest manifest, manifest_of(*json));
  ArchiveManifest again = manifest;
  if (manifest_text(again) != text || again.sha256 != manifest.sha256)
    return fail(Errc::kCorrupt, "the manifest was changed: it is not what its own sum says");
  return manifest;
}

bool is_archive_file_name(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return name.size() > kEnding.size() && name.size() <= kNameMax && name.ends_with(kEnding) &&
         name[0] != '.' && std::all_of(name.begin(), name.end(), is_plain);
}

}  // namespace picket::storage
