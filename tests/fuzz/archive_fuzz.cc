// Any bytes as a line and as the manifest of an archive: refused, or taken as they would be
// written.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "storage/archive/archive_line.h"
#include "storage/archive/archive_manifest.h"

using namespace picket::storage;

namespace {

void check_line(std::string_view text) {
  const auto record = read_archive_line(text);
  if (!record) return;
  PICKET_CHECK(!record->source.empty() && record->length >= record->raw.size());
  std::string line = archive_line(*record, nullptr);
  PICKET_CHECK(line.find('\n') == line.size() - 1);
  line.pop_back();
  const auto again = read_archive_line(line);
  PICKET_CHECK(again && *again == *record);
}

void check_manifest(std::string_view text) {
  const auto manifest = read_manifest_text(text);
  if (!manifest) return;
  for (const ArchiveFile& file : manifest->files) {
    PICKET_CHECK(is_archive_file_name(file.name));
    PICKET_CHECK(file.name.find('/') == std::string::npos);
  }
  ArchiveManifest again = *manifest;
  PICKET_CHECK(manifest_text(again) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_line(text);
  check_manifest(text);
  return 0;
}
