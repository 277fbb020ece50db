// ArchivedRecord: one line of an archive (docs/formats/archive.md), written and read. What is read
// may come from anywhere: sizes are bounded, and a line is taken whole or refused with the reason.
// Pure, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "event/event.h"
#include "storage/store.h"

namespace picket::storage {

inline constexpr std::size_t kArchiveLineMax = 128 * 1024 * 1024;   // bytes, without its end
inline constexpr std::size_t kArchivedEventMax = 16 * 1024 * 1024;  // a longer document is left out
inline constexpr std::uint64_t kArchivedSeqMax = std::uint64_t{1} << 62;

struct ArchivedRecord {
  std::string source;  // name
  std::uint64_t seq = 0;
  std::int64_t received_ns = 0;
  std::int64_t time_ns = 0;  // event time, as the store had it
  ParseStatus status = ParseStatus::kRaw;
  std::uint32_t length = 0;  // of the original, when raw was cut; else raw's
  std::string raw;
  std::string heading;
  RowPosition position = {};  // where it was
  bool operator==(const ArchivedRecord&) const = default;
};

ArchivedRecord archived_record(const StoredRow& row, std::string source);

// The line with its end. `event` is the document for readers of other programs: without
// event.original, which is the record itself.
std::string archive_line(const ArchivedRecord& record, const Json& event);
// Without its end. kInvalid says what is wrong.
Result<ArchivedRecord> read_archive_line(std::string_view line);

}  // namespace picket::storage
