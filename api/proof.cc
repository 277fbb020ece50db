// How a match finds its rule: a detection's matches are of its one rule; those of a correlation are
// of the rules that it counts, which may be correlations again. A match names a selection, a line
// and a field, so it belongs to the rule that has them there; to none, if that rule is not loaded
// any more.
#include "api/proof.h"

#include <algorithm>
#include <string>
#include <vector>

#include "api/raw_span.h"
#include "api/segments.h"
#include "base/time.h"
#include "event/event_json.h"

namespace picket::api {
namespace {

struct RuleText {
  RuleSource source;
  std::vector<std::string_view> lines;  // into source.text
  bool changed = false;                 // since the alert was raised

  // Empty when the rule has no such line.
  std::string_view line(int number) const {
    const int index = number - source.first_line;
    const bool inside = index >= 0 && static_cast<std::size_t>(index) < lines.size();
    return inside ? lines[static_cast<std::size_t>(index)] : std::string_view();
  }
};

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty() && lines.size() < kRuleLinesShown) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

// The alert's rule and, for a correlation, the rules that it counts, however deep. Those that are
// not loaded any more are left out; rules of one file are shown once.
std::vector<RuleText> load_rules(const Ports& ports, const Alert& alert) {
  std::vector<RuleText> rules;
  if (!ports.rule_source) return rules;
  std::vector<std::string> wanted = {alert.rule.id};
  for (std::size_t i = 0; i < wanted.size() && i < kRulesShown; ++i) {
    Result<RuleSource> source = ports.rule_source(wanted[i]);
    if (!source && i == 0) return rules;
    if (!source) continue;
    for (const std::string& other : source->refers_to) {
      if (std::find(wanted.begin(), wanted.end(), other) == wanted.end()) wanted.push_back(other);
    }
    const bool shown = std::any_of(rules.begin(), rules.end(), [&](const RuleText& rule) {
      return rule.source.path == source->path && rule.source.text == source->text;
    });
    if (!shown) rules.push_back({.source = *std::move(source), .lines = {}, .changed = false});
  }
  // Lines point into the text beside them, so they are cut when nothing moves any more.
  for (RuleText& rule : rules) rule.lines = split_lines(rule.source.text);
  rules[0].changed = !alert.rule.hash.empty() && rules[0].source.hash != alert.rule.hash;
  return rules;
}

// The index of the rule that a match is of, or nothing.
std::optional<std::size_t> rule_of(const Match& match, AlertKind kind,
                                   const std::vector<RuleText>& rules) {
  if (rules.empty()) return std::nullopt;
  if (kind != AlertKind::kCorrelation) return 0;
  std::optional<std::size_t> best;
  int best_points = 2;  // a line with that number alone proves nothing
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string_view line = rules[i].line(match.line);
    if (line.empty()) continue;
    int points = 1;
    if (!match.rule_field.empty() && line.find(match.rule_field) != std::string_view::npos) {
      points += 4;
    }
    if (rules[i].source.text.find(match.selection + ":") != std::string::npos) points += 2;
    if (points > best_points) best = i;
    best_points = std::max(best_points, points);
  }
  return best;
}

// What a correlation demands, lit as a whole: the lines under `correlation:`.
std::vector<int> correlation_lines(const RuleText& rule) {
  std::vector<int> lit;
  bool inside = false;
  for (std::size_t i = 0; i < rule.lines.size(); ++i) {
    const std::string_view line = rule.lines[i];
    if (line.starts_with("correlation:")) {
      inside = true;
    } else if (!line.empty() && line[0] != ' ' && line[0] != '#') {
      inside = false;
    }
    if (inside && !line.empty()) lit.push_back(rule.source.first_line + static_cast<int>(i));
  }
  return lit;
}

Json rule_json(const RuleText& rule) {
  Json json = {{"id", rule.source.id},     {"name", rule.source.name},
               {"path", rule.source.path}, {"hash", rule.source.hash},
               {"changed", rule.changed},  {"first_line", rule.source.first_line}};
  json["lines"] = Json::array();
  for (const std::string_view line : rule.lines) json["lines"].push_back(line);
  json["lit"] = correlation_lines(rule);
  return json;
}

struct Names {
  std::string_view ecs;
  std::string_view original;
};

Json field_json(const Names& names, std::string_view value, const std::vector<Match>& matches) {
  std::vector<Span> lit;
  Json json = {{"name", names.ecs}};
  if (names.original != names.ecs) json["original"] = names.original;
  for (const Match& match : matches) {
    if (match.field != names.ecs && match.field != names.original) continue;
    if (!value.starts_with(match.value)) continue;
    lit.push_back(value_span(match, value.size()));
    json["lit"] = true;
  }
  json["value"] = segments(value, std::move(lit), kValueBytesShown);
  if (value.size() > kValueBytesShown) json["cut_from"] = value.size();
  return json;
}

Json fields_json(Batch& batch, const Event& event, const std::vector<Match>& matches) {
  Json fields = Json::array();
  const EventKind& kind = kind_of(event.kind);
  for (const Field& field : batch.fields(event)) {
    if (fields.size() >= kFieldsShown) break;
    const Names names{field_name(kind.ecs_of(field.id)), field_name(field.id)};
    for_each_value(field, [&](const Field& element) {
      const std::string_view text =
          element.kind == ValueKind::kArray ? element.token() : field_text(element, batch.arena());
      if (fields.size() < kFieldsShown) fields.push_back(field_json(names, text, matches));
    });
  }
  for (const auto& [id, value] : kind.constants) {
    fields.push_back(field_json({field_name(id), field_name(id)}, value, matches));
  }
  std::stable_sort(fields.begin(), fields.end(), [](const Json& a, const Json& b) {
    return a.contains("lit") && !b.contains("lit");
  });
  return fields;
}

Json matches_json(const std::vector<Match>& matches, AlertKind kind,
                  const std::vector<RuleText>& rules) {
  Json json = Json::array();
  for (const Match& match : matches) {
    const Span span = value_span(match, match.value.size());
    const std::optional<std::size_t> rule = rule_of(match, kind, rules);
    json.push_back({{"rule", rule ? Json(*rule) : Json()},
                    {"selection", match.selection},
                    {"line", match.line},
                    {"field", match.field},
                    {"rule_field", match.rule_field},
                    {"value", segments(match.value, {span}, kValueBytesShown)}});
    if (match.indicator) json.back()["indicator"] = to_json(*match.indicator);
  }
  return json;
}

// A match that names no event is of the trigger.
std::vector<Match> matches_of(const Alert& alert, const EventRef& ref) {
  std::vector<Match> matches;
  for (const Match& match : alert.matches) {
    const bool named = !match.event.source.empty();
    if (named ? match.event == ref : alert.trigger == ref) matches.push_back(match);
  }
  return matches;
}

Result<void> fetch(const Ports& ports, const EventRef& ref, Batch& batch) {
  const std::vector<std::string> names = ports.store->source_names();
  const auto found = std::find(names.begin(), names.end(), ref.source);
  if (found == names.end()) return fail(Errc::kNotFound, "no source named " + ref.source);
  return ports.store->fetch(SourceId(static_cast<std::uint32_t>(found - names.begin())), ref.seq,
                            batch);
}

void add_stored(const Ports& ports, Batch& batch, const std::vector<Match>& matches, Json& json) {
  if (ports.parse) ports.parse(batch);
  const Record& record = batch.records()[0];
  const bool parsed = !batch.events().empty();
  std::vector<Span> lit;
  for (const Match& match : matches) {
    const auto span =
        parsed ? raw_span(batch, batch.events()[0], match) : find_value(record.raw, match);
    if (span) lit.push_back(*span);
  }
  json["received"] = format_time(record.received_ns);
  json["raw"] = segments(record.raw, std::move(lit), kRawBytesShown);
  json["raw_bytes"] = record.length;
  json["raw_cut"] = record.raw.size() > kRawBytesShown || record.length != record.raw.size();
  if (!parsed) return;
  const Event& event = batch.events()[0];
  json["status"] = parse_status_name(event.status);
  json["dataset"] = kind_of(event.kind).dataset;
  json["layer"] = layer_name(event.layer != Layer::kNone ? event.layer : kind_of(event.kind).layer);
  json["fields"] = fields_json(batch, event, matches);
  json["event"] = event_json(batch, event, "");
}

Json event_proof(const Ports& ports, const Alert& alert, const EventRef& ref,
                 const std::vector<RuleText>& rules) {
  const std::vector<Match> matches = matches_of(alert, ref);
  Json json = {{"source", ref.source},
               {"seq", ref.seq},
               {"@timestamp", format_time(ref.time_ns)},
               {"trigger", ref == alert.trigger},
               {"matches", matches_json(matches, alert.kind, rules)}};
  Batch batch;
  if (const Result<void> fetched = fetch(ports, ref, batch); !fetched) {
    json["missing"] = fetched.error().what;  // retention removed it, or the store is damaged
    return json;
  }
  add_stored(ports, batch, matches, json);
  return json;
}

std::size_t first_of_page(const Alert& alert, const std::vector<EventRef>& events,
                          const ProofPage& page) {
  if (page.at) return std::min(*page.at, events.size());
  const auto trigger = std::find(events.begin(), events.end(), alert.trigger);
  const auto index = static_cast<std::size_t>(trigger - events.begin());
  return index >= events.size() ? 0 : index - index % page.limit;
}

}  // namespace

Result<Json> alert_proof(const Ports& ports, std::string_view alert_id, const ProofPage& page) {
  PICKET_TRY(Alert alert, ports.store->alert(alert_id));
  std::vector<EventRef> events = std::move(alert.events);
  alert.events.clear();
  if (events.empty()) events.push_back(alert.trigger);
  const std::vector<RuleText> rules = load_rules(ports, alert);
  Json json;
  Json head = to_json(alert);
  head.erase("events");  // told below, a page of them, with their records
  head.erase("matches");
  json["alert"] = std::move(head);
  json["rules"] = Json::array();
  for (const RuleText& rule : rules) json["rules"].push_back(rule_json(rule));
  const std::size_t first = first_of_page(alert, events, page);
  const std::size_t last = std::min(first + page.limit, events.size());
  json["total"] = events.size();
  json["at"] = first;
  json["events"] = Json::array();
  for (std::size_t i = first; i < last; ++i) {
    json["events"].push_back(event_proof(ports, alert, events[i], rules));
  }
  return json;
}

}  // namespace picket::api
