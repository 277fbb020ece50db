#include "app/try_report.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/time.h"
#include "rules/field_use.h"

namespace picket::app {
namespace {

Json rule_json(const rules::DetectionRule& rule) {
  return {{"id", rule.identity.id},
          {"name", rule.identity.name},
          {"level", level_name(rule.identity.level)},
          {"path", rule.identity.path},
          {"line", rule.line}};
}

Json match_json(const Match& match) {
  return {{"selection", match.selection}, {"line", match.line},
          {"field", match.field},         {"rule_field", match.rule_field},
          {"value", match.value},         {"span", {match.begin, match.end}}};
}

Json ref_json(const EventRef& ref) {
  return {{"source", ref.source}, {"seq", ref.seq}, {"@timestamp", format_time(ref.time_ns)}};
}

Json hit_json(const TryEvent& one) {
  Json matches = Json::array();
  for (const Match& match : one.matches) matches.push_back(match_json(match));
  return {{"ref", ref_json(one.ref)}, {"matches", std::move(matches)}, {"event", one.event}};
}

Json fields_json(const std::vector<const FieldUse*>& uses, const FieldReport& report) {
  Json json = Json::array();
  for (const FieldUse* use : uses) {
    json.push_back({{"field", use->field},
                    {"mapping", mapping_name(use->mapping)},
                    {"target", use->target},
                    {"events", report.events_of(use->source)},
                    {"present", use->seen},
                    {"seen_as", use->seen_as}});
    if (!use->nearest.empty()) json.back()["nearest"] = use->nearest;
  }
  return json;
}

Json tried_json(const TriedRule& tried, const FieldReport& report) {
  Json json = {{"rule", rule_json(*tried.rule)},
               {"hits", tried.hits},
               {"events_of_log_source", tried.admitted},
               {"fields", fields_json(fields_of(report, *tried.rule), report)},
               {"samples", Json::array()},
               {"near_misses",
                {{"events", tried.near_misses},
                 {"looked_into", tried.looked_into},
                 {"lines", Json::array()},
                 {"samples", Json::array()}}}};
  for (const TryEvent& one : tried.samples) json["samples"].push_back(hit_json(one));
  for (const MissedLine& line : tried.lines) {
    json["near_misses"]["lines"].push_back({{"selection", line.selection},
                                            {"line", line.line},
                                            {"field", line.field},
                                            {"test", line.test},
                                            {"wanted", line.wanted},
                                            {"excludes", line.excludes},
                                            {"events", line.events}});
  }
  for (const TryEvent& one : tried.missed) {
    json["near_misses"]["samples"].push_back(
        {{"ref", ref_json(one.ref)}, {"cause", one.cause_json}, {"event", one.event}});
  }
  return json;
}

// Nothing when no event was looked at.
void add_times(Json& json, const TryResult& result) {
  if (!result.last) return;
  json["oldest"] = format_time(result.oldest_ns);
  json["newest"] = format_time(result.newest_ns);
}

}  // namespace

// Those of one rule: `report` is of all.
std::vector<const FieldUse*> fields_of(const FieldReport& report,
                                       const rules::DetectionRule& rule) {
  const std::set<std::string> wanted = rules::fields_of(rule.condition);
  const std::string source = rules::describe(rule.log_source);
  std::vector<const FieldUse*> uses;
  for (const FieldUse& use : report.uses()) {
    if (rules::describe(use.source) == source && wanted.contains(use.field)) uses.push_back(&use);
  }
  return uses;
}

Json try_json(const TryResult& result, const FieldReport& report) {
  Json json = {{"complete", result.complete},
               {"interrupted", result.interrupted},
               {"events", result.events},
               {"bytes_scanned", result.scan.bytes_scanned},
               {"bytes_skipped", result.scan.bytes_skipped},
               {"seconds", result.seconds},
               {"rules", Json::array()}};
  add_times(json, result);
  for (const TriedRule& tried : result.rules) json["rules"].push_back(tried_json(tried, report));
  return json;
}

void add_ahead(Json& json, const TryResult& ahead) {
  json["ahead"] = {{"complete", ahead.complete},
                   {"bytes_scanned", ahead.scan.bytes_scanned},
                   {"bytes_skipped", ahead.scan.bytes_skipped},
                   {"bytes_ruled_out", ahead.scan.bytes_ruled_out},
                   {"seconds", ahead.seconds}};
  if (ahead.interrupted) json["interrupted"] = true;
  for (std::size_t i = 0; i < ahead.rules.size() && i < json["rules"].size(); ++i) {
    Json found = {{"hits", ahead.rules[i].hits}, {"samples", Json::array()}};
    for (const TryEvent& one : ahead.rules[i].samples) found["samples"].push_back(hit_json(one));
    json["rules"][i]["ahead"] = std::move(found);
  }
}

}  // namespace picket::app
