#include "tests/rules/matcher_property.h"

#include <set>
#include <utility>

#include "base/check.h"
#include "parsers/parser.h"
#include "rules/compiler.h"
#include "rules/loader.h"
#include "rules/record_needs.h"
#include "tests/event/needs_met.h"
#include "tests/rules/rule_text.h"

namespace picket::rules {
namespace {

LoadedRules odd_rules(Choices& choices, std::size_t count) {
  LoadedRules loaded;
  for (std::size_t i = 0; i < count && (i == 0 || !choices.used_up()); ++i) {
    DetectionRule rule;
    rule.identity.id = "rule-" + std::to_string(i);
    rule.condition = odd_rule(choices, 3);
    loaded.detections.push_back(std::move(rule));
  }
  return loaded;
}

// Words are looked at where the store has them (tests/app/needed_records_test.cc).
bool any_word(std::string_view, std::string_view) {
  return true;
}

}  // namespace

MatcherProperty::MatcherProperty() {
  std::vector<std::string> errors;
  auto catalog = parsers::Catalog::load({PICKET_SOURCE_DIR "/content/sources"}, errors);
  PICKET_CHECK(catalog.has_value() && errors.empty());
  catalog_ = *catalog;
}

PropertyOutcome MatcherProperty::check(Choices& choices, PropertySize size) const {
  const LoadedRules loaded = odd_rules(choices, size.rules);
  const CompiledRules compiled = compile_rules(loaded, Taxonomy::none());
  PICKET_CHECK(compiled.refused.empty());
  std::vector<OddEvent> events;
  Batch batch;
  for (std::size_t i = 0; i < size.events && (i == 0 || !choices.used_up()); ++i) {
    events.push_back(odd_event(choices));
    batch.add(events.back().json, SourceId{}, i, 0);
  }
  parsers::Parser parser(catalog_, false);
  parser.set_source(SourceId{}, {.format = "auto", .definition = "json-generic"});
  parser.parse(batch);
  const EvaluationPtr evaluation = compiled.set->make_evaluation();
  compiled.set->evaluate(batch, *evaluation);
  std::set<std::pair<std::size_t, std::size_t>> hits;
  for (const Hit& hit : batch.hits()) hits.emplace(hit.event, hit.rule);

  PropertyOutcome outcome;
  outcome.hits = hits.size();
  for (const auto& [event, rule] : hits) {
    const auto needs =
        record_needs({loaded.detections[rule]}, [](const auto&, auto) { return true; });
    if (!needs) continue;
    ++outcome.needed;
    if (needs_met(*needs, events[event].json, any_word)) continue;
    outcome.difference = "a hit without what it needs\nevent: " + events[event].json +
                         "\nrule: " + shown(loaded.detections[rule].condition);
    return outcome;
  }
  std::vector<ReferenceRule> rules;
  for (const DetectionRule& rule : loaded.detections)
    rules.emplace_back(rule.condition, literal_names);
  for (std::size_t e = 0; e < events.size(); ++e) {
    if (batch.events()[e].status != ParseStatus::kParsed) {
      outcome.difference = "event not parsed: " + events[e].json;
      return outcome;
    }
    const ReferenceEvent event(events[e].plain);
    for (std::size_t r = 0; r < rules.size(); ++r) {
      ++outcome.compared;
      const bool expected = rules[r].holds(event);
      if (hits.contains({e, r}) == expected) continue;
      outcome.difference = std::string(expected ? "no hit, expected one" : "a hit, expected none") +
                           "\nevent " + std::to_string(e) + ": " + events[e].json + "\nrule " +
                           std::to_string(r) + ": " + shown(loaded.detections[r].condition);
      return outcome;
    }
  }
  return outcome;
}

}  // namespace picket::rules
