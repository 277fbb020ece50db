#include "app/why_not.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "app/field_report.h"
#include "app/show_truth.h"
#include "app/source_formats.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/time.h"
#include "correlator/history.h"
#include "correlator/window.h"
#include "rules/truth.h"

namespace picket::app {
namespace {

constexpr std::size_t kBatchRecords = 256;
constexpr std::size_t kAlertPage = 200;

std::string kind_text(KindId id) {
  const EventKind& kind = kind_of(id);
  const std::string name = kind.dataset.empty() ? say("explain.unknown_kind") : kind.dataset;
  return kind.code < 0 ? name : name + " " + std::to_string(kind.code);
}

std::string line(const std::string& text) {
  return "  " + text + "\n";
}

std::string group_text(const rules::CorrelationRule& rule, const std::vector<std::string>& values) {
  std::string text;
  for (std::size_t i = 0; i < rule.group_by.size() && i < values.size(); ++i)
    text +=
        (text.empty() ? "" : ", ") + visible(rule.group_by[i]) + " = " + visible(values[i], 120);
  return text;
}

std::string number_text(double number) {
  const auto whole = static_cast<std::int64_t>(number);
  return static_cast<double>(whole) == number ? std::to_string(whole) : Json(number).dump();
}

}  // namespace

std::string condition_text(const rules::CorrelationRule& rule) {
  using rules::Compare;
  constexpr const char* kSigns[] = {"=", "<", "<=", ">", ">=", "!="};
  std::string text;
  for (const auto& [compare, bound] : rule.conditions) {
    text += (text.empty() ? "" : " + ") + std::string(kSigns[static_cast<std::size_t>(compare)]) +
            " " + number_text(bound);
  }
  return text.empty() ? ">= " + std::to_string(rule.rules.size()) : text;
}

WhyNot::WhyNot(const Detection& detection, const storage::Store* store)
    : detection_(detection), store_(store) {
  if (store_ != nullptr) sources_ = store_->source_names();
}

parsers::Parser& WhyNot::parser() {
  if (parser_) return *parser_;
  parser_.emplace(detection_.make_parser(false));
  if (store_ == nullptr) return *parser_;
  const std::vector<parsers::SourceFormat> formats = kept_source_formats(*store_);
  for (std::size_t i = 0; i < formats.size(); ++i)
    parser_->set_source(SourceId{static_cast<std::uint32_t>(i)}, formats[i]);
  return *parser_;
}

Result<void> WhyNot::fetch(EventRef& ref, Batch& batch) {
  const auto source = std::find(sources_.begin(), sources_.end(), ref.source);
  if (source == sources_.end())
    return fail(Errc::kNotFound, "the store has no source '" + ref.source + "'");
  ref.source_id = SourceId{static_cast<std::uint32_t>(source - sources_.begin())};
  PICKET_TRY_VOID(store_->fetch(ref.source_id, ref.seq, batch));
  parser().parse(batch);
  ref.time_ns = batch.events().front().time_ns;
  return {};
}

// The newest alert of the rule that tells of the event.
std::optional<std::string> WhyNot::alert_of(const std::string& rule_id, const EventRef& ref) const {
  if (store_ == nullptr) return std::nullopt;
  std::string cursor;
  std::size_t seen = 0;
  do {
    const auto alerts = store_->alerts({.rule_id = rule_id, .incident_id = {}}, kAlertPage, cursor);
    if (!alerts) return std::nullopt;
    for (const Alert& alert : *alerts) {
      if (alert.trigger == ref ||
          std::find(alert.events.begin(), alert.events.end(), ref) != alert.events.end())
        return alert.id;
    }
    seen += alerts->size();
  } while (!cursor.empty() && seen < kAlertsMax);
  return std::nullopt;
}

std::vector<std::string> WhyNot::counted_by(const rules::DetectionRule& rule) const {
  std::vector<std::string> names;
  for (const rules::Correlation& correlation : detection_.rules->correlations()) {
    for (const rules::Correlation::Input& input : correlation.inputs) {
      if (input.correlation >= 0 ||
          detection_.rules->identity(input.detection).id != rule.identity.id)
        continue;
      names.push_back(correlation.rule.identity.name);
      break;
    }
  }
  return names;
}

// Whether anything maps a field that is missing.
std::string WhyNot::mapping_text(const rules::DetectionRule& rule, const std::string& field,
                                 Json& json) const {
  Detection one;
  one.catalog = detection_.catalog;
  one.taxonomy = detection_.taxonomy;
  one.trees = {rule};
  const FieldReport report(one, nullptr);
  for (const FieldUse& use : report.uses()) {
    if (use.field != field) continue;
    json["mapping"] = mapping_name(use.mapping);
    if (use.mapping == FieldUse::Mapping::kEcs) {
      json["mapped_to"] = use.target;
      return say("why_not.mapped", {{"name", visible(field)}, {"target", visible(use.target)}});
    }
    if (use.mapping == FieldUse::Mapping::kNamed)
      return say("why_not.named", {{"name", visible(field)}});
    if (use.nearest.empty()) return say("why_not.unmapped", {{"name", visible(field)}});
    json["nearest"] = use.nearest;
    return say("why_not.unmapped_near",
               {{"name", visible(field)}, {"nearest", visible(use.nearest)}});
  }
  return {};
}

void WhyNot::add_causes(const rules::DetectionRule& rule, const rules::Truth& truth,
                        WhyAnswer& answer) const {
  answer.json["causes"] = Json::array();
  for (const Cause& cause : causes_of(rule, truth)) {
    Json json = cause_json(cause);
    answer.text += line(cause_text(cause));
    if (!cause.excludes && cause.node->reason == rules::Reason::kMissing &&
        !cause.node->node->test.field.empty()) {
      const std::string mapping = mapping_text(rule, cause.node->node->test.field, json);
      if (!mapping.empty()) answer.text += line("  " + mapping);
    }
    answer.json["causes"].push_back(std::move(json));
  }
}

WhyAnswer WhyNot::of_detection(const rules::DetectionRule& rule, Batch& batch, std::uint32_t index,
                               const EventRef& ref) {
  const Event& event = batch.events()[index];
  rules::TruthFinder finder(rule, *detection_.taxonomy);
  const rules::Truth truth = finder.find(batch, event);
  WhyAnswer answer;
  answer.json = truth_json(truth);
  const std::optional<std::string> alert = alert_of(rule.identity.id, ref);
  if (alert) {
    answer.result = "fired";
    answer.json["alert"] = *alert;
    answer.text = line(say("why_not.fired", {{"id", *alert}}));
    if (!truth.holds()) answer.text += line(say("why_not.fired_then"));
  } else if (!truth.admitted) {
    answer.result = "log-source";
    answer.json["kind"] = kind_text(event.kind);
    answer.json["wanted"] = rules::describe(rule.log_source);
    answer.text =
        line(say("why_not.log_source", {{"kind", visible(kind_text(event.kind))},
                                        {"wanted", visible(rules::describe(rule.log_source))}}));
  } else if (!truth.holds()) {
    answer.result = "false";
    answer.text = line(say("why_not.false"));
  } else if (!rule.generates) {
    answer.result = "counted";
    answer.json["counted_by"] = counted_by(rule);
    std::string names;
    for (const std::string& name : counted_by(rule))
      names += (names.empty() ? "'" : ", '") + visible(name) + "'";
    answer.text = line(say("why_not.counted", {{"names", names}}));
  } else if (store_ == nullptr) {
    answer.result = "fired";
    answer.text = line(say("why_not.true"));
  } else {
    answer.result = "no-alert";
    answer.json["suppressed"] = rule.suppress.for_ns > 0;
    answer.text = line(say(rule.suppress.for_ns > 0 ? "why_not.suppressed" : "why_not.no_alert"));
  }
  if (!truth.holds() && truth.admitted) add_causes(rule, truth, answer);
  answer.json["result"] = answer.result;
  answer.text += show_truth(truth);
  return answer;
}

WhyAnswer WhyNot::of_other(std::uint32_t rule, Batch& batch, std::uint32_t index,
                           const EventRef& ref) {
  const RuleIdentity& identity = detection_.rules->identity(rule);
  const bool yara = detection_.rules->kind(rule) == AlertKind::kYara;
  const bool holds = !detection_.rules->explain(batch, batch.events()[index], rule).empty();
  const std::optional<std::string> alert = alert_of(identity.id, ref);
  WhyAnswer answer;
  answer.json = {{"holds", holds}};
  if (alert) {
    answer.result = "fired";
    answer.json["alert"] = *alert;
    answer.text = line(say("why_not.fired", {{"id", *alert}}));
  } else if (holds) {
    answer.result = store_ == nullptr ? "fired" : "no-alert";
    answer.text = line(say(store_ == nullptr ? "why_not.true" : "why_not.no_alert"));
  } else {
    answer.result = "false";
    answer.text = line(say(yara ? "why_not.no_payload" : "why_not.no_indicator"));
  }
  answer.json["result"] = answer.result;
  return answer;
}

// None of the rules below a correlation is true on the event: why not, one after the other.
WhyAnswer WhyNot::not_counted(const Members& members, Batch& batch, std::uint32_t index) {
  WhyAnswer answer;
  answer.result = "not-counted";
  answer.text = line(say("why_not.not_counted"));
  answer.json["rules"] = Json::array();
  for (const std::uint32_t number : members.detections()) {
    if (number >= detection_.trees.size()) continue;
    const rules::DetectionRule& rule = detection_.trees[number];
    rules::TruthFinder finder(rule, *detection_.taxonomy);
    const rules::Truth truth = finder.find(batch, batch.events()[index]);
    WhyAnswer one;
    one.json = {
        {"id", rule.identity.id}, {"name", rule.identity.name}, {"log_source", truth.admitted}};
    const std::string name = styled(visible(rule.identity.name), Style::kBold);
    if (truth.admitted) {
      add_causes(rule, truth, one);
      answer.text += line(name) + one.text;
    } else {
      answer.text +=
          line(name + ": " +
               say("why_not.log_source", {{"kind", visible(kind_text(batch.events()[index].kind))},
                                          {"wanted", visible(rules::describe(rule.log_source))}}));
    }
    answer.json["rules"].push_back(std::move(one.json));
  }
  return answer;
}

WhyAnswer WhyNot::of_correlation(const rules::Correlation& correlation, Batch& batch,
                                 std::uint32_t index, const EventRef& ref) {
  const Members members(*detection_.rules, correlation);
  std::vector<std::string> hit;
  for (const std::uint32_t rule : members.detections()) {
    if (rule >= detection_.trees.size()) continue;
    rules::TruthFinder finder(detection_.trees[rule], *detection_.taxonomy);
    if (!finder.find(batch, batch.events()[index]).holds()) continue;
    batch.hits().push_back({.event = index, .rule = rule});
    hit.push_back(detection_.rules->identity(rule).name);
  }
  const std::optional<std::string> alert = alert_of(correlation.rule.identity.id, ref);
  WhyAnswer answer;
  if (alert) {
    answer.result = "fired";
    answer.text = line(say("why_not.fired", {{"id", *alert}}));
  } else if (hit.empty()) {
    answer = not_counted(members, batch, index);
  }
  answer.json["hit_by"] = hit;
  for (const std::string& name : hit)
    answer.text += line(say("why_not.hit_by", {{"name", visible(name)}}));
  const std::vector<Member> counted = members.of(batch, index, ref.time_ns);
  if (!hit.empty() && counted.empty()) {
    if (!alert) answer.result = "ungrouped";
    std::string fields;
    for (const std::string& field : correlation.rule.group_by)
      fields += (fields.empty() ? "" : ", ") + visible(field);
    answer.text += line(say("why_not.ungrouped", {{"fields", fields}}));
  }
  answer.json["groups"] = Json::array();
  answer.json["needed"] = condition_text(correlation.rule);
  std::set<std::vector<std::string>> seen;
  for (const Member& member : counted) {
    if (!seen.insert(member.group).second) continue;
    Json json = {{"group", Json::object()}};
    for (std::size_t i = 0; i < correlation.rule.group_by.size(); ++i)
      json["group"][correlation.rule.group_by[i]] = member.group[i];
    if (!member.group.empty())
      answer.text +=
          line(say("why_not.group", {{"group", group_text(correlation.rule, member.group)}}));
    if (store_ != nullptr && correlation.rule.type != rules::CorrelationType::kAbsence &&
        !correlator::has_history(correlation.rule.type)) {
      const Window window = window_of(correlation, members, member);
      json["window"] = {{"hits", window.hits},
                        {"quantity", window.quantity},
                        {"end", format_time(window.end_ns)},
                        {"holds", window.holds},
                        {"bounded", window.bounded}};
      answer.text += line(say("why_not.window", {{"n", window.hits},
                                                 {"quantity", number_text(window.quantity)},
                                                 {"needed", condition_text(correlation.rule)},
                                                 {"end", format_time(window.end_ns)}}));
      if (window.bounded) answer.text += line(say("why_not.bounded", {{"n", kHitsMax}}));
      if (answer.result.empty()) answer.result = window.holds ? "no-alert" : "below";
      if (answer.result == "no-alert") answer.text += line(say("why_not.held"));
    } else if (answer.result.empty()) {
      answer.result = "counted";
      answer.text += line(say("why_not.not_recounted"));
    }
    answer.json["groups"].push_back(std::move(json));
  }
  if (members.has_inner()) answer.text += line(say("why_not.inner"));
  if (alert) answer.json["alert"] = *alert;
  answer.json["result"] = answer.result;
  return answer;
}

// The fullest window of the member's group that the event is in, of the hits that the store has.
WhyNot::Window WhyNot::window_of(const rules::Correlation& correlation, const Members& members,
                                 const Member& member) {
  const rules::CorrelationRule& rule = correlation.rule;
  const std::int64_t from_ns = correlator::subtract_ns(member.hit.time_ns, rule.timespan_ns);
  const std::int64_t to_ns = correlator::add_ns(member.hit.time_ns, rule.timespan_ns);
  std::map<std::string, std::uint32_t, std::less<>> wanted;
  for (const std::uint32_t one : members.detections())
    wanted.emplace(detection_.rules->identity(one).id, one);
  Window window;
  std::map<std::pair<SourceId, std::uint64_t>, std::set<std::uint32_t>> hits;
  const Result<void> read = store_->hits(1, [&](const storage::StoredHit& hit) {
    const auto found = wanted.find(hit.rule_id);
    if (found == wanted.end() || hit.time_ns < from_ns || hit.time_ns > to_ns) return true;
    hits[{hit.source, hit.seq}].insert(found->second);
    window.bounded = hits.size() >= kHitsMax;
    return !window.bounded;
  });
  if (!read) window.bounded = true;
  std::vector<correlator::MemberHit> in_group;
  Batch batch;
  const auto count = [&] {
    parser().parse(batch);
    for (std::uint32_t i = 0; i < batch.events().size(); ++i) {
      const Record& record = batch.records()[i];
      for (const std::uint32_t one : hits[{record.source, record.seq}])
        batch.hits().push_back({.event = i, .rule = one});
    }
    for (std::uint32_t i = 0; i < batch.events().size(); ++i) {
      for (Member& other : members.of(batch, i, batch.events()[i].time_ns)) {
        if (other.group == member.group) in_group.push_back(std::move(other.hit));
      }
    }
    batch.clear();
  };
  for (const auto& [where, numbers] : hits) {
    if (!store_->fetch(where.first, where.second, batch)) continue;
    if (batch.records().size() >= kBatchRecords) count();
  }
  count();
  std::sort(in_group.begin(), in_group.end(), [&](const auto& a, const auto& b) {
    const auto key = [&](const correlator::MemberHit& hit) {
      return std::tuple(hit.time_ns, sources_.at(static_cast<std::size_t>(hit.source)), hit.seq,
                        hit.reference);
    };
    return key(a) < key(b);
  });
  const correlator::History history;
  const std::unique_ptr<correlator::Window> sliding = correlator::make_window(rule, history);
  std::size_t first = 0;
  for (std::size_t i = 0; i < in_group.size(); ++i) {
    const std::int64_t since_ns = correlator::subtract_ns(in_group[i].time_ns, rule.timespan_ns);
    sliding->add(in_group[i]);
    for (; in_group[first].time_ns < since_ns; ++first) sliding->remove(in_group[first]);
    if (in_group[i].time_ns < member.hit.time_ns || !sliding->evaluates_at(in_group[i])) continue;
    const double quantity = sliding->quantity(since_ns).value_or(0);
    const bool holds = correlator::holds(rule, quantity);
    if (window.hits > 0 && (window.holds || quantity <= window.quantity) &&
        !(holds && !window.holds))
      continue;
    window.hits = i + 1 - first;
    window.end_ns = in_group[i].time_ns;
    window.quantity = quantity;
    window.holds = holds;
  }
  if (window.hits == 0) window.end_ns = member.hit.time_ns;
  return window;
}

}  // namespace picket::app
