#include "parsers/parser.h"

#include <array>
#include <cctype>
#include <utility>
#include <vector>

#include "base/check.h"
#include "parsers/formats/windows_xml.h"
#include "parsers/json_event.h"
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

enum class Format : std::uint8_t { kAuto, kJson, kSyslog, kRaw };

Format format_of(std::string_view name) {
  if (name == "json" || name == "ndjson") return Format::kJson;
  if (name == "syslog") return Format::kSyslog;
  return name == "raw" ? Format::kRaw : Format::kAuto;
}

struct Source {
  Format format = Format::kAuto;
  const Definition* definition = nullptr;
  Layer layer = Layer::kNone;
  std::int32_t zone_offset_s = 0;
};

}  // namespace

struct Parser::State {
  State(std::shared_ptr<const Catalog> definitions, bool keep_all_fields)
      : catalog(std::move(definitions)),
        names(keep_all_fields),
        json(*catalog, names),
        syslog(*catalog, names, json),
        windows_xml(*catalog, names),
        access(catalog->for_format(ContentFormat::kAccess)) {}

  std::shared_ptr<const Catalog> catalog;
  JsonNames names;
  JsonEvents json;
  SyslogEvents syslog;
  WindowsXmlEvents windows_xml;
  const Definition* access;
  std::vector<Source> sources;  // by source id

  const Source& source_of(const Record& record) const {
    static constexpr Source kUnset{};
    const auto at = static_cast<std::size_t>(record.source);
    return at < sources.size() ? sources[at] : kUnset;
  }

  void parse(Batch& batch);
  bool read(const Record& record, const Source& source, Batch& batch, Event& event);
  bool read_line(std::string_view text, const Source& source, Batch& batch, Event& event);
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
}

bool Parser::State::read(const Record& record, const Source& source, Batch& batch, Event& event) {
  if (source.format == Format::kRaw) return false;
  const std::string_view text = record.raw;
  const bool like_json = source.format == Format::kJson || first_visible(text) == '{';
  if (like_json && source.format != Format::kSyslog) {
    return json.parse(text, source.definition, source.zone_offset_s, batch, event);
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
  const Definition* definition = source.definition;
  if (definition == nullptr) definition = catalog->for_prefix(text);
  if (definition == nullptr) definition = access;
  if (definition == nullptr) return false;
  if (!parse_content(*definition, text, source.zone_offset_s, batch)) return false;
  event.kind = definition->kind;
  event.status = ParseStatus::kParsed;
  return true;
}

Parser::Parser(std::shared_ptr<const Catalog> catalog, bool keep_all_fields) {
  PICKET_CHECK(catalog != nullptr);
  state_ = std::make_unique<State>(std::move(catalog), keep_all_fields);
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
                         .definition = state_->catalog->find(format.definition),
                         .layer = format.layer,
                         .zone_offset_s = format.zone_offset_s};
}

void Parser::parse(Batch& batch) {
  while (batch.events().size() < batch.records().size()) state_->parse(batch);
}

}  // namespace picket::parsers
