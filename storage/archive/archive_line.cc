#include "storage/archive/archive_line.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "base/utf8.h"
#include "storage/block.h"
#include "storage/integrity/chain.h"
#include "storage/rocks_store.h"

namespace picket::storage {
namespace {

constexpr std::size_t kDepthMax = 80;  // records of 64 levels, inside of ours

// As it is where JSON can say it, and briefly.
bool is_said_as_text(std::string_view bytes) {
  const auto escaped = std::count_if(bytes.begin(), bytes.end(),
                                     [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  return static_cast<std::size_t>(escaped) <= bytes.size() / 8 + 8 && is_utf8(bytes);
}

void put_bytes(Json& json, const std::string& name, const std::string& bytes) {
  if (is_said_as_text(bytes)) {
    json[name] = bytes;
  } else {
    json[name + "_base64"] = to_base64(bytes);
  }
}

tl::unexpected<Error> wrong(const std::string& what) {
  return fail(Errc::kInvalid, what);
}

// Reads the members of one object.
class Members {
 public:
  explicit Members(const Json& json) : json_(json) {}

  std::string text(const char* name) {
    const auto found = json_.find(name);
    if (found != json_.end() && found->is_string()) return found->get<std::string>();
    miss(name);
    return {};
  }
  std::int64_t number(const char* name) {
    const auto found = json_.find(name);
    const bool fits = found != json_.end() && found->is_number_integer() &&
                      !(found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX);
    if (fits) return found->get<std::int64_t>();
    miss(name);
    return 0;
  }
  // As text or in Base64; nothing where it may be missing.
  std::string bytes(const std::string& name, bool needed) {
    const auto coded = json_.find(name + "_base64");
    if (coded != json_.end() && coded->is_string()) {
      std::optional<std::string> bytes = from_base64(coded->get_ref<const std::string&>());
      if (bytes) return *std::move(bytes);
      miss((name + "_base64").c_str());
      return {};
    }
    return needed || json_.contains(name) ? text(name.c_str()) : std::string();
  }
  const std::string& missing() const { return missing_; }

 private:
  void miss(const char* name) {
    if (missing_.empty()) missing_ = name;
  }
  const Json& json_;
  std::string missing_;
};

std::optional<ParseStatus> status_of(std::string_view name) {
  for (const ParseStatus status :
       {ParseStatus::kParsed, ParseStatus::kPartial, ParseStatus::kRaw}) {
    if (parse_status_name(status) == name) return status;
  }
  return std::nullopt;
}

}  // namespace

ArchivedRecord archived_record(const StoredRow& row, std::string source) {
  ArchivedRecord record;
  record.source = std::move(source);
  record.seq = row.record.seq;
  record.received_ns = row.record.received_ns;
  record.time_ns = row.time_ns;
  record.status = row.status;
  record.length = row.record.length;
  record.raw = row.record.raw;
  record.heading = row.record.heading;
  record.position = row.position;
  return record;
}

std::string archive_line(const ArchivedRecord& record, const Json& event) {
  Json json = Json::object();
  put_bytes(json, "source", record.source);
  json["seq"] = record.seq;
  json["received_ns"] = record.received_ns;
  json["time_ns"] = record.time_ns;
  json["status"] = std::string(parse_status_name(record.status));
  json["position"] = to_hex(to_cursor(record.position));
  if (record.length != record.raw.size()) json["length"] = record.length;
  if (!record.heading.empty()) put_bytes(json, "heading", record.heading);
  put_bytes(json, "raw", record.raw);
  std::string document = dump_json(event);
  if (document.size() > kArchivedEventMax) document = "null";
  return "{\"record\":" + dump_json(json) + ",\"event\":" + document + "}\n";
}

Result<ArchivedRecord> read_archive_line(std::string_view line) {
  const Result<Json> json =
      parse_json(line, {.bytes_max = kArchiveLineMax, .depth_max = kDepthMax});
  if (!json) return wrong(json.error().what);
  const auto found = json->is_object() ? json->find("record") : json->end();
  if (!json->is_object() || found == json->end() || !found->is_object()) return wrong("no record");
  Members members(*found);
  ArchivedRecord record;
  record.source = members.bytes("source", true);
  const std::int64_t seq = members.number("seq");
  record.received_ns = members.number("received_ns");
  record.time_ns = members.number("time_ns");
  const std::optional<ParseStatus> status = status_of(members.text("status"));
  const std::optional<std::string> cursor = from_hex(members.text("position"));
  record.heading = members.bytes("heading", false);
  record.raw = members.bytes("raw", true);
  const std::int64_t length = found->contains("length")
                                  ? members.number("length")
                                  : static_cast<std::int64_t>(record.raw.size());
  if (!members.missing().empty()) return wrong("'" + members.missing() + "' is missing or wrong");
  if (!status) return wrong("'status' is missing or wrong");
  const Result<RowPosition> position = position_of_cursor(cursor.value_or(""));
  if (!position) return wrong("'position' is missing or wrong");
  if (record.source.empty() || record.source.size() > kSourceNameMax)
    return wrong("'source' is missing or wrong");
  if (seq < 0 || static_cast<std::uint64_t>(seq) > kArchivedSeqMax)
    return wrong("'seq' is missing or wrong");
  if (record.raw.size() > kRecordBytesMax) return wrong("'raw' is longer than a record may be");
  if (record.heading.size() > kHeadingBytesMax) return wrong("'heading' is longer than it may be");
  if (length < static_cast<std::int64_t>(record.raw.size()) || length > UINT32_MAX)
    return wrong("'length' is missing or wrong");
  record.status = *status;
  record.position = *position;
  record.seq = static_cast<std::uint64_t>(seq);
  record.length = static_cast<std::uint32_t>(length);
  return record;
}

}  // namespace picket::storage
