#include "tests/correlator/scripted.h"

#include <algorithm>

namespace picket::correlator {

std::string_view ScriptedSources::name(SourceId source) const {
  return kSourceNames[static_cast<std::size_t>(source)];
}

ScriptedRules::ScriptedRules(std::size_t rules) : raises_(rules, false), suppressions_(rules) {
  for (std::size_t i = 0; i < rules; ++i) {
    const std::string name = "rule-" + std::to_string(i);
    identities_.push_back({name, name, Level::kLow, "hash-" + name, "rules/" + name + ".yml"});
  }
}

rules::Correlation& ScriptedRules::correlate(rules::CorrelationType type,
                                             std::vector<std::uint32_t> detections,
                                             std::vector<std::string> group_by,
                                             std::int64_t timespan_ns) {
  rules::Correlation& made = correlations_.emplace_back();
  const std::string name = "corr-" + std::to_string(correlations_.size() - 1);
  made.rule.identity = {name, name, Level::kHigh, "hash-" + name, "rules/" + name + ".yml"};
  made.rule.type = type;
  made.rule.group_by = std::move(group_by);
  made.rule.timespan_ns = timespan_ns;
  made.rule.field = "value";
  for (const std::uint32_t detection : detections) {
    rules::Correlation::Input input;
    input.detection = detection;
    input.reference = static_cast<std::uint32_t>(made.rule.rules.size());
    input.group_by = made.rule.group_by;
    input.field = "value";
    made.rule.rules.push_back("rule-" + std::to_string(detection));
    made.inputs.push_back(std::move(input));
  }
  return made;
}

void ScriptedRules::miss(rules::Correlation& correlation, std::uint32_t count) {
  correlation.rule.type = rules::CorrelationType::kAbsence;
  correlation.rule.answers = count;
  correlation.rule.conditions = {{rules::Compare::kGreaterEqual, 1}};
}

void ScriptedRules::refer(rules::Correlation& outer, std::uint32_t inner) {
  rules::Correlation::Input input;
  input.correlation = static_cast<std::int32_t>(inner);
  input.reference = static_cast<std::uint32_t>(outer.rule.rules.size());
  input.group_by = outer.rule.group_by;
  input.field = "value";
  outer.rule.rules.push_back("corr-" + std::to_string(inner));
  outer.inputs.push_back(std::move(input));
}

std::vector<Match> ScriptedRules::explain(Batch&, const Event&, std::uint32_t rule) const {
  Match match;
  match.selection = "selection";
  match.line = static_cast<int>(rule) + 1;
  match.field = "message";
  match.value = "scripted";
  match.end = 8;
  return {match};
}

std::optional<std::string_view> ScriptedRules::field_value(Batch& batch, const Event& event,
                                                           std::uint32_t,
                                                           std::string_view field) const {
  const auto id = find_field(field);
  return id ? batch.text(event, *id) : std::nullopt;
}

void append(Batch& batch, const Scripted& scripted) {
  batch.add("scripted", static_cast<SourceId>(scripted.source), scripted.seq, scripted.time_ns);
  const auto index = static_cast<std::uint32_t>(batch.events().size());
  Event& event = batch.begin_event();
  event.time_ns = scripted.time_ns;
  event.layer = static_cast<Layer>(scripted.source + 1);
  for (const auto& [name, value] : scripted.fields) {
    batch.push(*intern_field(name), batch.arena().copy(value));
  }
  for (const std::uint32_t rule : scripted.rules) batch.hits().push_back({index, rule});
}

Bench::Bench(std::shared_ptr<const rules::RuleSet> rules, Options options)
    : rules_(std::move(rules)), options_(std::move(options)) {
  restart();
}

void Bench::restart() {
  correlator_.reset();
  correlator_ = std::make_unique<Correlator>(rules_, options_, state_);
}

void Bench::process(const std::vector<Scripted>& events) {
  Batch batch;
  for (const Scripted& event : events) append(batch, event);
  std::vector<Alert> out;
  correlator_->process(batch, sources_, out);
  take(out);
}

void Bench::tick(std::int64_t watermark_ns) {
  std::vector<Alert> out;
  correlator_->tick(Nanos(watermark_ns), out);
  take(out);
}

void Bench::tell() {
  std::vector<Alert> out;
  correlator_->tell(out);
  take(out);
}

void Bench::finish() {
  std::vector<Alert> out;
  correlator_->finish(out);
  take(out);
}

void Bench::take(const std::vector<Alert>& out) {
  raised_ += out.size();
  for (const Alert& alert : out) alerts_.insert_or_assign(alert.id, alert);
  for (const std::string& id : correlator_->take_withdrawn()) alerts_.erase(id);
}

std::string Bench::shown() const {
  std::vector<std::string> lines;
  for (const auto& [id, alert] : alerts_) {
    bool suppressed = false;
    for (std::uint32_t rule = 0; rule < rules_->rule_count(); ++rule) {
      suppressed |=
          rules_->suppression(rule).for_ns > 0 && rules_->identity(rule).id == alert.rule.id;
    }
    if (alert.kind == AlertKind::kCorrelation || suppressed) lines.push_back(line_of(alert));
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

std::string line_of(const Alert& alert) {
  std::string text = alert.rule.id;
  for (const auto& [name, value] : alert.group) text += ' ' + name + '=' + value;
  text += " at " + std::to_string(alert.time_ns / kSecond) + ' ' + alert.trigger.source + ':' +
          std::to_string(alert.trigger.seq) + " count=" + std::to_string(alert.window.count) +
          " hits=" + std::to_string(alert.hit_count) +
          " last=" + std::to_string(alert.last_seen_ns / kSecond) + " events=";
  for (const EventRef& ref : alert.events) text += ref.source + ':' + std::to_string(ref.seq) + ',';
  for (const Entity& entity : alert.entities) text += ' ' + entity.value;
  for (const Layer layer : alert.layers) text += ' ' + std::string(layer_name(layer));
  return text;
}

}  // namespace picket::correlator
