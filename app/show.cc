#include "app/show.h"

#include <algorithm>

#include "app/terminal.h"
#include "app/words.h"
#include "base/time.h"
#include "correlator/incident_facts.h"
#include "correlator/risk.h"

namespace picket::app {
namespace {

constexpr std::size_t kEventsShown = 20;
constexpr std::size_t kRawShown = 600;

std::string line(const char* name, const std::string& value) {
  constexpr std::size_t kWidth = 12;
  const std::string label = word("label", name);
  return label + std::string(kWidth - std::min(kWidth, columns_of(label)), ' ') + value + "\n";
}

std::optional<SourceId> source_id(const storage::Store& store, const std::string& name) {
  const std::vector<std::string> names = store.source_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return SourceId{static_cast<std::uint32_t>(found - names.begin())};
}

std::string raw_text(const EventRef& ref, const storage::Store& store) {
  const std::optional<SourceId> source = source_id(store, ref.source);
  Batch batch;
  if (!source || !store.fetch(*source, ref.seq, batch)) return say("show.not_stored");
  return visible(batch.records().front().raw, kRawShown);
}

// The value with the matched span between brackets, or lit on a terminal.
std::string lit(const Match& match) {
  const std::string_view value = match.value;
  const std::size_t begin = std::min<std::size_t>(match.begin, value.size());
  const std::size_t end = std::clamp<std::size_t>(match.end, begin, value.size());
  if (begin == end) return visible(value, 160);
  constexpr std::size_t kAround = 60;
  const std::size_t from = begin > kAround ? begin - kAround : 0;
  const std::string before = (from > 0 ? "…" : "") + visible(value.substr(from, begin - from));
  const std::string inside = visible(value.substr(begin, end - begin), 200);
  return before + styled("[" + inside + "]", Style::kYellow) + visible(value.substr(end), kAround);
}

std::string entities_text(const std::vector<Entity>& entities) {
  std::string text;
  for (const Entity& entity : entities) text += (text.empty() ? "" : ", ") + word("entity", entity.type) + " " + visible(entity.value, 80);
  return text;
}

std::string tags_text(const std::vector<std::string>& tags) {
  std::string text;
  for (const std::string& tag : tags) text += (text.empty() ? "" : ", ") + visible(tag);
  return text;
}

}  // namespace

std::string layers_text(const std::vector<Layer>& layers) {
  std::string text;
  for (const Layer layer : layers) text += (text.empty() ? "" : ", ") + word("layer", layer_name(layer));
  return text;
}

std::string show_alert(const Alert& alert, const storage::Store& store) {
  std::string text = styled(visible(alert.rule.name), Style::kBold) + "  " + styled_level(alert.rule.level) + "\n";
  text += line("alert", alert.id + "  (" + word("kind", alert_kind_name(alert.kind)) + ")");
  text += line("time", format_time(alert.time_ns));
  text += line("rule", visible(alert.rule.id) + "  " + visible(alert.rule.path));
  if (!alert.tags.empty()) text += line("tags", tags_text(alert.tags));
  text += line("layers", layers_text(alert.layers));
  if (!alert.entities.empty()) text += line("entities", entities_text(alert.entities));
  for (const auto& [name, value] : alert.group) text += line("group", visible(name) + " = " + visible(value));
  if (alert.kind == AlertKind::kCorrelation) {
    text += line("window", say("show.window", {{"start", format_time(alert.window.start_ns)},
                                               {"end", format_time(alert.window.end_ns)},
                                               {"n", static_cast<std::int64_t>(alert.window.count)}}));
  }
  text += "\n" + styled(say("show.why"), Style::kBold) + "\n";
  for (const Match& match : alert.matches) {
    text += "  " + say("show.line", {{"n", match.line}}) + "  " + visible(match.selection) + "  " +
            styled(visible(match.rule_field.empty() ? say("show.keyword") : match.rule_field), Style::kBlue);
    if (!match.field.empty() && match.field != match.rule_field) text += " = " + visible(match.field);
    text += "\n      " + lit(match) + "\n";
    if (match.indicator) text += "      " + indicator_text(*match.indicator) + "\n";
  }
  text += "\n" + styled(say("show.events"), Style::kBold) + " (" + std::to_string(alert.events.size()) + ")\n";
  for (std::size_t i = 0; i < std::min(alert.events.size(), kEventsShown); ++i) {
    const EventRef& ref = alert.events[i];
    text += "  " + format_time(ref.time_ns) + "  " + visible(ref.source) + " #" + std::to_string(ref.seq) + "\n      " +
            raw_text(ref, store) + "\n";
  }
  if (alert.events.size() > kEventsShown) {
    text += "  " + say("show.more_events", {{"n", alert.events.size() - kEventsShown}}) + "\n";
  }
  return text;
}

std::string indicator_text(const Indicator& indicator) {
  const auto instant = [](std::int64_t time_ns, std::int64_t never) {
    return time_ns == never ? say("indicator.unlimited") : format_time(time_ns);
  };
  std::string text = say("indicator.source", {{"name", visible(indicator.source, 160)}});
  if (indicator.confidence >= 0) text += ", " + say("indicator.confidence", {{"n", indicator.confidence}});
  if (indicator.valid_from_ns != INT64_MIN || indicator.valid_until_ns != INT64_MAX) {
    text += ", " + say("indicator.valid", {{"start", instant(indicator.valid_from_ns, INT64_MIN)},
                                           {"end", instant(indicator.valid_until_ns, INT64_MAX)}});
  }
  if (!indicator.reference.empty()) text += ", " + visible(indicator.reference, 160);
  if (!indicator.description.empty()) text += ", " + visible(indicator.description, 160);
  return text;
}

namespace {

std::string risk_text(const RiskParts& parts) {
  return say("show.risk_parts", {{"base", parts.base},
                                 {"layers", parts.layers},
                                 {"alerts", parts.alerts},
                                 {"system", parts.system},
                                 {"indicator", parts.indicator},
                                 {"history", parts.history}});
}

std::string care_text(const Incident& incident) {
  std::string text;
  if (!incident.merged_into.empty()) text += line("merged", say("show.merged_into", {{"id", incident.merged_into}}));
  if (!incident.assignee.empty()) text += line("assignee", visible(incident.assignee));
  if (incident.disposition != Disposition::kNone) {
    text += line("disposition", word("disposition", disposition_name(incident.disposition)));
  }
  return text;
}

// Repeated alerts in one line, with how many there are.
std::string timeline_text(const Incident& incident) {
  std::vector<std::vector<std::string>> rows;
  for (const correlator::RepeatedAlert& alert : correlator::repeated_alerts(incident)) {
    rows.push_back({format_time(alert.first_ns), word("layer", layer_name(alert.first->layer)),
                    word("level", level_name(alert.first->level)), alert.first->rule_name,
                    std::to_string(alert.alerts), alert.newest.substr(0, 12)});
  }
  return styled(say("show.timeline"), Style::kBold) + "\n" +
         table({say("column.time"), say("column.layer"), say("column.level"), say("column.rule"), say("column.times"),
                say("column.alert")},
               rows);
}

std::string history_text(const Incident& incident) {
  if (incident.history.empty()) return {};
  std::vector<std::vector<std::string>> rows;
  for (const IncidentChange& change : incident.history) {
    std::string what = word("change", change.verb);
    if (change.undone_by != 0) what += " (" + say("show.undone", {{"n", change.undone_by}}) + ")";
    rows.push_back({std::to_string(change.number), format_time(change.time_ns), change.actor, what, change.comment});
  }
  return "\n" + styled(say("show.history"), Style::kBold) + "\n" +
         table({say("column.number"), say("column.time"), say("column.actor"), say("column.change"),
                say("column.comment")},
               rows);
}

}  // namespace

std::string show_incident(const Incident& incident) {
  std::string text = styled(say("show.incident", {{"n", incident.number}}), Style::kBold) + "  " +
                     styled_level(incident.level) + "  " + say("show.risk", {{"n", incident.risk}}) + "  " +
                     word("incident", incident_status_name(incident.status)) + "\n";
  text += line("id", incident.id);
  text += care_text(incident);
  text += line("layers", say("show.layers_of_four", {{"layers", layers_text(incident.layers)}, {"n", incident.layers.size()}}));
  text += line("time", say("show.period", {{"start", format_time(incident.first_ns)}, {"end", format_time(incident.last_ns)}}));
  if (!incident.system.empty()) {
    std::string systems;
    for (const std::string& system : incident.systems) systems += (systems.empty() ? "" : ", ") + visible(system);
    if (systems.empty()) systems = visible(incident.system);
    const std::string owner = incident.owner.empty() ? "" : ", " + say("show.owner", {{"name", visible(incident.owner)}});
    text += line("system", systems + owner);
  }
  text += line("tactics", tags_text(correlator::tactics_of(incident.tags)));
  text += line("risk", risk_text(incident.risk_parts));
  text += line("entities", entities_text(incident.entities));
  text += line("alerts", std::to_string(incident.alert_count));
  return text + "\n" + timeline_text(incident) + history_text(incident);
}

}  // namespace picket::app
