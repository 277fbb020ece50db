#include "parsers/parser.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

#include "base/check.h"
#include "event/ecs.h"
#include "parsers/definition_events.h"
#include "parsers/event_notes.h"
#include "parsers/formats/windows_xml.h"
#include "parsers/json_event.h"
#include "parsers/recognition.h"
#include "parsers/syslog_event.h"
#include "parsers/windows_xml_event.h"

namespace picket::parsers {
namespace {

std::string_view without_line_end(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == '\0')) {
    text.remove_suffix(1);
  }
  return text;
}

char first_visible(std::string_view text) {
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') return c;
  }
  return '\0';
}

// One element of an array that was written a line at a time: "[{...}," is {...}.
std::string_view bare_object(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n[,");
  const std::size_t end = text.find_last_not_of(" \t\r\n],");
  if (begin == std::string_view::npos || text[begin] != '{' || text[end] != '}') return text;
  return text.substr(begin, end + 1 - begin);
}

constexpr std::size_t kWrappedMin = 8;  // bytes of a line worth reading

enum class Format : std::uint8_t { kAuto, kJson, kSyslog, kRaw };

Format format_of(std::string_view name) {
  if (name == "json" || name == "ndjson") return Format::kJson;
  if (name == "syslog") return Format::kSyslog;
  return name == "raw" ? Format::kRaw : Format::kAuto;
}

// Two formats of which each needs a definition have one that knows the usual names.
std::string_view definition_of(const SourceFormat& format) {
  if (!format.definition.empty()) return format.definition;
  if (format.format == "kv") return "kv-generic";
  return format.format == "csv" ? "csv-generic" : "";
}

KindId generic_kind(const Catalog& catalog) {
  const Definition* generic = catalog.for_format(ContentFormat::kJson);
  return generic == nullptr ? kUnknownKind : generic->kind;
}

struct Source {
  Format format = Format::kAuto;
  const Definition* definition = nullptr;
  Layer layer = Layer::kNone;
  std::int32_t zone_offset_s = 0;
  std::int64_t future_max_ns = INT64_MAX;
};

}  // namespace

struct Parser::State {
  State(std::shared_ptr<const Catalog> sources_known, bool keep_all_fields)
      : catalog(std::move(sources_known)),
        notes(generic_kind(*catalog)),
        names(keep_all_fields),
        recogniser(*catalog),
        definitions(*catalog, names),
        json(*catalog, names, recogniser, definitions),
        syslog(*catalog, names, json, recogniser, definitions),
        windows_xml(*catalog, names, definitions),
        access(catalog->for_format(ContentFormat::kAccess)) {
    for (const std::string_view name : {"event.original", "message", "log", "_raw"}) {
      if (const auto id = intern_field(name)) wrapped.push_back(*id);
    }
  }

  std::shared_ptr<const Catalog> catalog;
  EventNotes notes;  // before the names, which know what is interned
  JsonNames names;
  Recogniser recogniser;
  DefinitionEvents definitions;
  JsonEvents json;
  SyslogEvents syslog;
  WindowsXmlEvents windows_xml;
  const Definition* access;
  std::vector<FieldId> wrapped;  // fields that may hold a line
  std::vector<Source> sources;   // by source id
  std::string heading;           // of the line read last that had one
  const Definition* heading_definition = nullptr;

  const Source& source_of(const Record& record) const {
    static constexpr Source kUnset{};
    const auto at = static_cast<std::size_t>(record.source);
    return at < sources.size() ? sources[at] : kUnset;
  }

  void parse(Batch& batch);
  bool read(const Record& record, const Source& source, Batch& batch, Event& event);
  bool read_line(std::string_view text, const Source& source, Batch& batch, Event& event);
  bool read_text(std::string_view text, const Source& source, Batch& batch, Event& event);
  bool try_heading(std::string_view text, const Source& source, Batch& batch, Event& event);
  bool try_candidates(std::string_view text, const Source& source, Batch& batch, Event& event);
  bool read_json(std::string_view text, const Source& source, Batch& batch, Event& event);
  bool read_inner_json(std::string_view text, const Source& source, Batch& batch, Event& event);
  bool read_wrapped(const Source& source, Batch& batch, Event& event);
};

void Parser::State::parse(Batch& batch) {
  const Record& record = batch.records()[batch.events().size()];
  const Source& source = source_of(record);
  Event& event = batch.begin_event();
  if (!read(record, source, batch, event)) {
    batch.drop_fields();
    event.status = ParseStatus::kRaw;
    event.kind = source.definition == nullptr ? kUnknownKind : source.definition->kind;
    event.time_ns = record.received_ns;
  }
  event.layer = source.layer != Layer::kNone ? source.layer : kind_of(event.kind).layer;
  notes.finish(source.future_max_ns, names.limits().take(), batch, event);
}

bool Parser::State::read(const Record& record, const Source& source, Batch& batch, Event& event) {
  if (source.format == Format::kRaw) return false;
  const char first = first_visible(record.raw);
  const bool array = first == '[' || first == ',' || (first == '{' && !record.raw.ends_with('}'));
  const std::string_view text = array ? bare_object(record.raw) : record.raw;
  const bool like_json = source.format == Format::kJson || first_visible(text) == '{';
  if (like_json && source.format != Format::kSyslog) {
    if (read_json(text, source, batch, event)) return true;
    if (source.format == Format::kJson) return false;
    batch.drop_fields();
  }
  if (source.format == Format::kJson) return false;
  if (source.format == Format::kAuto && looks_like_windows_xml(text) &&
      windows_xml.parse(text, source.definition, source.zone_offset_s, batch, event)) {
    return true;
  }
  return read_line(without_line_end(text), source, batch, event);
}

bool Parser::State::read_line(std::string_view text, const Source& source, Batch& batch,
                              Event& event) {
  const bool forced = source.format == Format::kSyslog;
  if (forced || looks_like_syslog(text)) {
    if (syslog.parse(text, source.definition, source.zone_offset_s, batch, event)) return true;
    batch.drop_fields();
    if (forced) return false;
  }
  return read_text(text, source, batch, event);
}

// A line without an envelope.
bool Parser::State::read_text(std::string_view text, const Source& source, Batch& batch,
                              Event& event) {
  if (source.definition != nullptr)
    return definitions.run(*source.definition, text, source.zone_offset_s, batch, event);
  if (try_heading(text, source, batch, event)) return true;
  if (try_candidates(text, source, batch, event)) return true;
  return access != nullptr && definitions.run(*access, text, source.zone_offset_s, batch, event);
}

// By whom the line that names its columns is known.
bool Parser::State::try_heading(std::string_view text, const Source& source, Batch& batch,
                                Event& event) {
  const std::string_view given = batch.record_of(event).heading;
  if (given.empty()) return false;
  if (heading != given) {
    heading = given;
    recogniser.begin({heading, heading, {}});
    heading_definition = recogniser.next();
  }
  return heading_definition != nullptr &&
         definitions.run(*heading_definition, text, source.zone_offset_s, batch, event);
}

bool Parser::State::try_candidates(std::string_view text, const Source& source, Batch& batch,
                                   Event& event) {
  const Definition* best = nullptr;
  recogniser.begin({batch.record_of(event).raw, text, {}});
  while (const Definition* candidate = recogniser.next()) {
    if (definitions.run(*candidate, text, source.zone_offset_s, batch, event,
                        recogniser.access_line()))
      return true;
    if (best == nullptr) best = candidate;
  }
  // Somebody's, but not as its definition says.
  if (best == nullptr || best->steps == nullptr) return false;
  event.kind = best->kind;
  event.status = ParseStatus::kPartial;
  return true;
}

bool Parser::State::read_json(std::string_view text, const Source& source, Batch& batch,
                              Event& event) {
  if (!json.parse(text, source.definition, source.zone_offset_s, batch, event)) return false;
  if (!json.recognised()) (void)read_wrapped(source, batch, event);
  return true;
}

bool Parser::State::read_inner_json(std::string_view text, const Source& source, Batch& batch,
                                    Event& event) {
  constexpr std::size_t kReadable = 8;  // bytes behind the text, as the reader wants it
  char* const copy = batch.arena().allocate(text.size() + kReadable);
  std::copy(text.begin(), text.end(), copy);
  std::fill(copy + text.size(), copy + text.size() + kReadable, '\0');
  const bool read =
      json.parse({copy, text.size()}, source.definition, source.zone_offset_s, batch, event);
  event.plain = false;
  return read && json.recognised();
}

// A line that a shipper put into an object: read once more, beside the fields of its wrapper.
bool Parser::State::read_wrapped(const Source& source, Batch& batch, Event& event) {
  for (const FieldId id : wrapped) {
    const Field* field = batch.find(event, id);
    if (field == nullptr || field->kind != ValueKind::kString || field->size < kWrappedMin)
      continue;
    const std::string_view text = without_line_end(field_text(*field, batch.arena()));
    const Event before = event;
    event.plain = false;
    if (text.starts_with('{')) {
      if (read_inner_json(text, source, batch, event)) return true;
      batch.drop_fields(before.field_count);
      event = before;
      continue;
    }
    if (looks_like_syslog(text) &&
        syslog.parse(text, source.definition, source.zone_offset_s, batch, event) &&
        event.kind != before.kind && event.status == ParseStatus::kParsed)
      return true;
    batch.drop_fields(before.field_count);
    event = before;
    event.plain = false;
    const bool read =
        source.definition != nullptr
            ? definitions.run(*source.definition, text, source.zone_offset_s, batch, event)
            : try_candidates(text, source, batch, event);
    if (read) return true;
    batch.drop_fields(before.field_count);
    event = before;
  }
  return false;
}

Parser::Parser(std::shared_ptr<const Catalog> catalog, bool keep_all_fields) {
  PICKET_CHECK(catalog != nullptr);
  state_ = std::make_unique<State>(std::move(catalog), keep_all_fields);
  if (!keep_all_fields) state_->definitions.leave_out_windows_steps();
}
Parser::Parser(Parser&&) noexcept = default;
Parser& Parser::operator=(Parser&&) noexcept = default;
Parser::~Parser() = default;

void Parser::set_source(SourceId source, SourceFormat format) {
  constexpr std::size_t kSourcesMax = 1'000'000;
  const auto at = static_cast<std::size_t>(source);
  PICKET_CHECK(at < kSourcesMax);
  if (state_->sources.size() <= at) state_->sources.resize(at + 1);
  state_->sources[at] = {.format = format_of(format.format),
                         .definition = state_->catalog->find(definition_of(format)),
                         .layer = format.layer,
                         .zone_offset_s = format.zone_offset_s,
                         .future_max_ns = format.future_max_ns};
}

void Parser::note_for_people() {
  state_->notes.write_for_people();
}

ParseCounters& Parser::counters() {
  return state_->notes.counters();
}

void Parser::set_trace(StepTrace* trace) {
  state_->definitions.set_trace(trace);
}

void Parser::parse(Batch& batch) {
  while (batch.events().size() < batch.records().size()) state_->parse(batch);
}

}  // namespace picket::parsers
