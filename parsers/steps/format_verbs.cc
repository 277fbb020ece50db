// csv, cef, leef, w3c, json, sd, syslog: leaf formats, read by parsers/formats.
#include <array>
#include <charconv>
#include <functional>
#include <unordered_map>
#include <utility>

#include "event/ecs.h"
#include "parsers/formats/cef.h"
#include "parsers/formats/csv.h"
#include "parsers/formats/leef.h"
#include "parsers/formats/w3c.h"
#include "parsers/formats/windows_xml.h"
#include "parsers/steps/pair_verb.h"
#include "parsers/steps/step_reader.h"
#include "parsers/syslog.h"

namespace picket::parsers {
namespace {

using ReadPairs = bool (*)(std::string_view text, Arena& arena, std::vector<Pair>& out);

bool read_cef_with_labels(std::string_view text, Arena& arena, std::vector<Pair>& out) {
  const std::size_t at = text.find("CEF:");  // senders put words before it
  if (at == std::string_view::npos || !read_cef(text.substr(at), arena, out)) return false;
  add_cef_labels(out);
  return true;
}

bool read_leef_anywhere(std::string_view text, Arena& arena, std::vector<Pair>& out) {
  const std::size_t at = text.find("LEEF:");
  return at != std::string_view::npos && read_leef(text.substr(at), arena, out);
}

class FormatVerb : public PairVerb {
 public:
  FormatVerb(const VerbSource& source, ReadPairs read_pairs)
      : PairVerb(source), read_(read_pairs) {}

 protected:
  bool read(std::string_view text, Work& work, std::vector<Pair>& pairs) const override {
    return read_(text, work.arena(), pairs);
  }

 private:
  ReadPairs read_;
};

class XmlVerb : public PairVerb {
 public:
  using PairVerb::PairVerb;

 protected:
  bool read(std::string_view text, Work& work, std::vector<Pair>& pairs) const override {
    std::size_t system_count = 0;
    bool too_deep = false;
    const bool read = read_windows_xml(text, work.arena(), pairs, system_count, &too_deep);
    if (too_deep) work.limit(Limit::kNesting);
    return read;
  }
};

class CsvVerb : public Verb {
 public:
  using Columns = std::vector<std::optional<FieldId>>;

  Outcome run(Work& work) const override {
    std::string_view text = work.text(field);
    while (text.ends_with('\r') || text.ends_with('\n')) text.remove_suffix(1);
    if (text.empty()) return Outcome::kFailed;
    std::vector<std::string_view>& values = work.texts();
    read_csv(text, style, work.arena(), values);
    if (values.size() < least) return Outcome::kFailed;
    if (values.size() >= kPairsMax) work.limit(Limit::kFields);
    const Columns* chosen = &columns;
    if (by > 0) {
      if (values.size() < by) return Outcome::kFailed;
      const auto found = types.find(std::string(values[by - 1]));
      if (found != types.end()) chosen = &found->second;
    }
    if (chosen->empty()) return Outcome::kFailed;
    for (std::size_t i = 0; i < values.size() && i < chosen->size(); ++i) {
      if ((*chosen)[i] && !values[i].empty() && !nulls.has(values[i]))
        work.put(*(*chosen)[i], values[i]);
    }
    return Outcome::kDone;
  }

  FieldId field{};
  CsvStyle style;
  std::size_t by = 0;
  std::size_t least = 2;  // fewer values are no line of this source
  Columns columns;
  std::unordered_map<std::string, Columns> types;
  NullWords nulls;
};

// Columns by the names in the record's heading, which is a line of CSV too.
class CsvHeadingVerb : public PairVerb {
 public:
  CsvHeadingVerb(const VerbSource& source, const CsvStyle& style, std::size_t least)
      : PairVerb(source), style_(style), least_(least) {}

 protected:
  bool read(std::string_view text, Work& work, std::vector<Pair>& pairs) const override {
    std::vector<std::string_view> names;
    read_csv(line_of(work.heading()), style_, work.arena(), names);
    std::vector<std::string_view>& values = work.texts();
    read_csv(line_of(text), style_, work.arena(), values);
    if (values.size() < least_) return false;
    for (std::size_t i = 0; i < values.size() && i < names.size(); ++i)
      if (!names[i].empty()) pairs.push_back({names[i], values[i]});
    return !pairs.empty();
  }

 private:
  static std::string_view line_of(std::string_view text) {
    while (text.ends_with('\r') || text.ends_with('\n')) text.remove_suffix(1);
    return text;
  }
  CsvStyle style_;
  std::size_t least_;
};

class W3cVerb : public PairVerb {
 public:
  W3cVerb(const VerbSource& source, std::vector<std::string> columns)
      : PairVerb(source), columns_(std::move(columns)) {}

 protected:
  bool read(std::string_view text, Work& work, std::vector<Pair>& pairs) const override {
    while (text.ends_with('\r') || text.ends_with('\n')) text.remove_suffix(1);
    if (!columns_.empty()) return read_w3c(text, columns_, work.arena(), pairs);
    const W3cColumns* const columns = work.columns();
    return columns != nullptr && read_w3c(text, *columns, work.arena(), pairs);
  }

 private:
  std::vector<std::string> columns_;  // empty: those of the record's heading
};

// A text with readable bytes behind it, as JsonReader wants it.
std::string_view padded(std::string_view text, Work& work) {
  const std::string_view record = work.record();
  const std::less_equal<const char*> before;
  if (before(record.data(), text.data()) &&
      before(text.data() + text.size(), record.data() + record.size()))
    return text;
  char* const made = work.make(text.size() + 8);
  if (made == nullptr) return {};
  std::copy(text.begin(), text.end(), made);
  std::fill(made + text.size(), made + text.size() + 8, '\0');
  return {made, text.size()};
}

class JsonVerb : public Verb {
 public:
  explicit JsonVerb(const VerbSource& source)
      : field_(source.field), prefix_(source.prefix), nulls_(source.nulls) {}

  Outcome run(Work& work) const override {
    std::string_view text = work.text(field_);
    const std::size_t at = text.find('{');
    if (at == std::string_view::npos) return Outcome::kFailed;
    text = padded(text.substr(at), work);
    while (!text.empty() && text.back() != '}') text.remove_suffix(1);
    const Node start = prefix_.empty() ? Node::kRoot : work.names().behind(prefix_);
    if (text.empty() || !work.json().read(text, start)) return Outcome::kFailed;
    const std::uint32_t before = work.event().field_count;
    for (const Field& field : work.json().fields()) {
      if (field.kind == ValueKind::kNull || nulls_.has(field.token())) continue;
      work.put_pair(field, before);
    }
    return Outcome::kDone;
  }

 private:
  FieldId field_;
  std::string prefix_;
  NullWords nulls_;
};

std::string_view without_sd_escapes(std::string_view value, Work& work) {
  char* const begin = work.make(value.size());
  if (begin == nullptr) return {};
  char* out = begin;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char next = i + 1 < value.size() ? value[i + 1] : '\0';
    if (value[i] == '\\' && (next == '"' || next == '\\' || next == ']')) ++i;
    *out++ = value[i];
  }
  return {begin, static_cast<std::size_t>(out - begin)};
}

class SdVerb : public PairVerb {
 public:
  using PairVerb::PairVerb;

 protected:
  bool read(std::string_view text, Work& work, std::vector<Pair>& pairs) const override {
    Syslog syslog;
    // It has been checked with the envelope, or it stands in a field and is checked here.
    std::string whole = "<13>1 - - - - - ";
    whole += text;
    if (!read_rfc5424(whole, syslog) || syslog.structured_data.empty()) return false;
    const std::string_view data = text.substr(0, syslog.structured_data.size());
    std::size_t at = 0;
    SdParam param;
    while (next_sd_param(data, at, param) && pairs.size() < kPairsMax) {
      if (!param.name.empty())
        pairs.push_back(
            {param.name, param.escaped ? without_sd_escapes(param.value, work) : param.value});
    }
    return !pairs.empty();
  }
};

class SyslogVerb : public Verb {
 public:
  explicit SyslogVerb(const VerbSource& source) : field_(source.field) {}

  Outcome run(Work& work) const override {
    const std::string_view text = work.text(field_);
    Syslog syslog;
    if (!read_rfc5424(text, syslog) &&
        !read_rfc3164(text, work.received_ns(), work.zone_offset_s(), syslog))
      return Outcome::kFailed;
    if (syslog.time_ns) work.event().time_ns = *syslog.time_ns;
    if (syslog.priority >= 0)
      work.put(ecs::kLogSyslogPriority, work.digits(syslog.priority), ValueKind::kNumber);
    work.put(ecs::kLogSyslogHostname, syslog.hostname);
    work.put(ecs::kHostName, syslog.hostname);
    work.put(ecs::kLogSyslogAppname, syslog.appname);
    work.put(ecs::kProcessName, syslog.appname);
    work.put(ecs::kLogSyslogProcid, syslog.procid);
    work.put(ecs::kLogSyslogMsgid, syslog.msgid);
    work.put(ecs::kLogSyslogStructuredData, syslog.structured_data);
    work.put(ecs::kMessage, syslog.message);
    work.set_message(syslog.message);
    return Outcome::kDone;
  }

 private:
  FieldId field_;
};

Result<CsvVerb::Columns> read_columns(StepReader& reader, const YamlNode& node,
                                      const std::string& prefix) {
  CsvVerb::Columns columns;
  if (!node.is_list()) return reader.error(node, "columns are a list of names");
  for (const YamlNode& item : node.list) {
    if (item.is_null() || (item.is_scalar() && item.scalar.empty())) {
      columns.emplace_back();
      continue;
    }
    YamlNode named = item;
    named.scalar = prefix + item.scalar;
    PICKET_TRY(const FieldId field, reader.field(named));
    columns.emplace_back(field);
  }
  return columns;
}

Result<std::size_t> small_number(StepReader& reader, const YamlNode& map, std::string_view key,
                                 std::size_t otherwise) {
  const YamlNode* node = map.find(key);
  if (node == nullptr) return otherwise;
  const auto number = node->integer();
  if (!number || *number < 1 || *number > 1000)
    return reader.error(*node, std::string(key) + " is a number from 1");
  return static_cast<std::size_t>(*number);
}

}  // namespace

MadeVerb make_csv(StepReader& reader, const VerbSource& source) {
  const YamlNode& options = source.argument;
  PICKET_TRY_VOID(
      reader.known(options, "separator quote backslash merge trim columns by types least"));
  auto made = std::make_unique<CsvVerb>();
  made->field = source.field;
  made->nulls = source.nulls;
  PICKET_TRY(made->style.separator, reader.character(options, "separator", ','));
  PICKET_TRY(made->style.quote, reader.character(options, "quote", '"'));
  PICKET_TRY(made->style.backslash, reader.flag(options, "backslash", false));
  PICKET_TRY(made->style.merge, reader.flag(options, "merge", false));
  PICKET_TRY(made->style.trim, reader.flag(options, "trim", false));
  PICKET_TRY(made->by, small_number(reader, options, "by", 0));
  PICKET_TRY(made->least, small_number(reader, options, "least", 2));
  const YamlNode* columns = options.find("columns");
  const YamlNode* types = options.find("types");
  if (columns == nullptr && types == nullptr && made->by == 0)
    return std::make_unique<CsvHeadingVerb>(source, made->style, made->least);
  if ((types != nullptr) != (made->by > 0))
    return reader.error(source.step, "by and types belong together");
  if (columns != nullptr) {
    PICKET_TRY(made->columns, read_columns(reader, *columns, source.prefix));
  }
  if (types == nullptr) return made;
  PICKET_TRY_VOID(reader.entries(*types, "types is a map of values and columns",
                                 [&](const YamlNode& key, const YamlNode& node) -> Result<void> {
                                   PICKET_TRY(made->types[key.scalar],
                                              read_columns(reader, node, source.prefix));
                                   return {};
                                 }));
  return made;
}

MadeVerb make_cef(StepReader& reader, const VerbSource& source) {
  PICKET_TRY_VOID(reader.known(source.argument, ""));
  return std::make_unique<FormatVerb>(source, read_cef_with_labels);
}

MadeVerb make_leef(StepReader& reader, const VerbSource& source) {
  PICKET_TRY_VOID(reader.known(source.argument, ""));
  return std::make_unique<FormatVerb>(source, read_leef_anywhere);
}

MadeVerb make_xml(StepReader& reader, const VerbSource& source) {
  PICKET_TRY_VOID(reader.known(source.argument, ""));
  return std::make_unique<XmlVerb>(source);
}

MadeVerb make_w3c(StepReader& reader, const VerbSource& source) {
  PICKET_TRY_VOID(reader.known(source.argument, "columns"));
  return std::make_unique<W3cVerb>(source, source.argument.texts("columns"));
}

MadeVerb make_json(StepReader& reader, const VerbSource& source) {
  PICKET_TRY_VOID(reader.known(source.argument, ""));
  if (!source.prefix.empty() && source.prefix.back() != '.')
    return reader.error(source.step, "the prefix of json ends with a dot");
  return std::make_unique<JsonVerb>(source);
}

MadeVerb make_sd(StepReader& reader, const VerbSource& source) {
  PICKET_TRY_VOID(reader.known(source.argument, ""));
  VerbSource own = {source.argument,    source.step,   source.field,
                    source.field_given, source.prefix, source.nulls};
  if (!own.field_given) own.field = ecs::kLogSyslogStructuredData;
  return std::make_unique<SdVerb>(own);
}

MadeVerb make_syslog(StepReader& reader, const VerbSource& source) {
  PICKET_TRY_VOID(reader.known(source.argument, ""));
  return std::make_unique<SyslogVerb>(source);
}

}  // namespace picket::parsers
