#include "app/backtest_report.h"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "app/terminal.h"
#include "app/words.h"
#include "base/time.h"
#include "event/event_json.h"

namespace picket::app {
namespace {

constexpr std::int64_t kDayNs = 86'400'000'000'000;
constexpr std::size_t kRefusedListed = 100;
constexpr std::size_t kRulesShown = 50;  // of the text
constexpr std::size_t kDaysShown = 31;
constexpr std::size_t kSamplesShown = 10;  // rules with a sample
constexpr std::size_t kDiffShown = 10;

std::string day_text(std::int64_t day) {
  const bool first = day < INT64_MIN / kDayNs;  // the day in which time begins
  return format_time(first ? INT64_MIN : day * kDayNs).substr(0, 10);
}

double rate(double n, double seconds) {
  return seconds > 0 ? n / seconds : 0;
}

Json time_json(std::int64_t time_ns) {
  const bool open = time_ns == INT64_MIN || time_ns == INT64_MAX;
  return open ? Json() : Json(format_time(time_ns));
}

Json rule_json(const RuleIdentity& rule) {
  return {{"id", rule.id}, {"name", rule.name}, {"level", level_name(rule.level)}};
}

Json days_json(const std::map<std::int64_t, std::uint64_t>& days) {
  Json json = Json::array();
  const std::size_t left_out = days.size() - std::min(days.size(), kDaysListed);
  for (auto day = std::next(days.begin(), static_cast<std::ptrdiff_t>(left_out)); day != days.end();
       ++day) {
    json.push_back({{"day", day_text(day->first)}, {"alerts", day->second}});
  }
  return json;
}

Json entities_json(const std::vector<EntityCount>& entities) {
  Json json = Json::array();
  for (const EntityCount& one : entities) {
    json.push_back(
        {{"type", one.entity.type}, {"value", one.entity.value}, {"alerts", one.alerts}});
  }
  return json;
}

Json rules_json(const std::vector<BacktestRule>& rules, SampleReader& samples) {
  Json json = Json::array();
  for (const BacktestRule& rule : rules) {
    if (json.size() >= kRulesListed) break;
    Json one = {{"rule", rule_json(rule.identity)},
                {"kind", alert_kind_name(rule.kind)},
                {"alerts", rule.alerts}};
    one["rule"]["path"] = rule.identity.path;
    if (rule.kind != AlertKind::kCorrelation) one["hits"] = rule.hits;
    one["days"] = days_json(rule.days);
    one["entities"] = entities_json(rule.entities);
    one["samples"] = Json::array();
    for (const Alert& alert : rule.samples)
      one["samples"].push_back(
          {{"alert", to_json(alert)}, {"event", samples.event(alert.trigger)}});
    json.push_back(std::move(one));
  }
  return json;
}

Json totals_json(const BacktestResult& result) {
  const BacktestTotals& totals = result.totals;
  const auto events = static_cast<double>(totals.events + totals.events_before);
  return {{"events", totals.events},
          {"events_before", totals.events_before},
          {"hits", totals.hits},
          {"alerts", result.tally->alerts()},
          {"late", totals.late},
          {"evicted", totals.evicted},
          {"bytes_scanned", totals.bytes_scanned},
          {"bytes_skipped", totals.bytes_skipped},
          {"bytes_ruled_out", totals.bytes_ruled_out},
          {"blocks_damaged", totals.blocks_damaged},
          {"seconds", totals.seconds},
          {"events_per_second", rate(events, totals.seconds)},
          {"bytes_per_second", rate(static_cast<double>(totals.bytes_scanned), totals.seconds)}};
}

Json loaded_json(const Detection& detection) {
  Json json = {{"loaded", detection.rules->rule_count() + detection.rules->correlations().size()},
               {"refused", Json::array()},
               {"hash", detection.rules->hash()}};
  for (const rules::Finding& one : detection.refused) {
    if (json["refused"].size() >= kRefusedListed) break;
    json["refused"].push_back({{"path", one.path},
                               {"line", one.line},
                               {"rule", one.rule_id},
                               {"code", one.code},
                               {"reason", one.reason}});
  }
  return json;
}

Json diff_alert_json(const DiffAlert& alert) {
  Json json = {{"id", alert.id},
               {"@timestamp", format_time(alert.time_ns)},
               {"rule", rule_json(alert.rule)},
               {"trigger", {{"source", alert.source}, {"seq", alert.seq}}},
               {"hit_count", alert.hit_count}};
  if (alert.incident != 0) json["incident"] = alert.incident;
  if (alert.disposition != Disposition::kNone)
    json["disposition"] = disposition_name(alert.disposition);
  return json;
}

Json list_json(const std::vector<DiffAlert>& alerts) {
  Json json = Json::array();
  for (const DiffAlert& alert : alerts) json.push_back(diff_alert_json(alert));
  return json;
}

Json diff_json(const BacktestDiff& diff) {
  Json json = {{"new", diff.fresh},
               {"gone", diff.gone},
               {"same", diff.same},
               {"changed", diff.changed},
               {"not_compared", diff.not_compared},
               {"bounded", diff.bounded},
               {"true_positives_gone", diff.true_positives_gone()},
               {"dispositions", Json::object()},
               {"rules", Json::array()}};
  for (const auto& [disposition, count] : diff.dispositions) {
    json["dispositions"][disposition_name(disposition)] = {{"stored", count.stored},
                                                           {"gone", count.gone}};
  }
  for (const DiffRule& rule : diff.rules) {
    if (json["rules"].size() >= kRulesListed) break;
    json["rules"].push_back({{"rule", rule_json(rule.rule)},
                             {"new", rule.fresh},
                             {"gone", rule.gone},
                             {"same", rule.same}});
  }
  json["new_alerts"] = list_json(diff.fresh_list);
  json["gone_alerts"] = list_json(diff.gone_list);
  return json;
}

std::string bytes_text(double bytes) {
  const char* units[] = {"B", "KB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < std::size(units); ++unit) bytes /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
  return text;
}

std::string heading(std::string_view text) {
  return "\n" + styled(text, Style::kBold) + "\n";
}

std::string period_text(const BacktestResult& result) {
  const auto bound = [](std::int64_t time_ns, const char* open) {
    const bool is_open = time_ns == INT64_MIN || time_ns == INT64_MAX;
    return is_open ? say(open) : format_time(time_ns);
  };
  return say("backtest.period", {{"from", bound(result.from_ns, "backtest.begin")},
                                 {"to", bound(result.to_ns, "backtest.now")}});
}

std::string totals_text(const BacktestResult& result) {
  const BacktestTotals& totals = result.totals;
  std::string text =
      say("backtest.totals",
          {{"n", result.tally->alerts()}, {"hits", totals.hits}, {"events", totals.events}}) +
      "\n";
  if (totals.events_before > 0)
    text += say("backtest.before",
                {{"n", totals.events_before}, {"time", format_time(result.read_from_ns)}}) +
            "\n";
  const auto bytes = static_cast<double>(totals.bytes_scanned);
  text += say("backtest.read", {{"scanned", bytes_text(bytes)},
                                {"ruled_out", bytes_text(static_cast<double>(totals.bytes_ruled_out))},
                                {"skipped", bytes_text(static_cast<double>(totals.bytes_skipped))},
                                {"rate", bytes_text(rate(bytes, totals.seconds))}}) +
          "\n";
  if (totals.late > 0) text += say("backtest.late", {{"n", totals.late}}) + "\n";
  if (totals.blocks_damaged > 0)
    text += say("backtest.damaged", {{"n", totals.blocks_damaged}}) + "\n";
  return text;
}

std::string rules_text(const std::vector<BacktestRule>& rules) {
  std::vector<std::vector<std::string>> rows;
  for (const BacktestRule& rule : rules) {
    if (rows.size() >= kRulesShown) break;
    const bool counts = rule.kind != AlertKind::kCorrelation;
    std::string most;
    for (const EntityCount& one : rule.entities) {
      if (columns_of(most) > 60) break;
      most +=
          (most.empty() ? "" : ", ") + one.entity.value + " (" + std::to_string(one.alerts) + ")";
    }
    rows.push_back({std::to_string(rule.alerts), counts ? std::to_string(rule.hits) : "",
                    std::to_string(rule.days.size()),
                    word("level", level_name(rule.identity.level)), rule.identity.name, most});
  }
  std::string text =
      rows.empty()
          ? ""
          : "\n" + table({say("column.alerts"), say("column.hits"), say("backtest.column.days"),
                          say("column.level"), say("column.rule"), say("column.entities")},
                         rows);
  if (rules.size() > rows.size())
    text += say("backtest.more_rules", {{"n", rules.size() - rows.size()}}) + "\n";
  return text;
}

std::string days_text(const std::map<std::int64_t, std::uint64_t>& days) {
  if (days.empty()) return {};
  std::string text = heading(say("backtest.per_day"));
  std::vector<std::vector<std::string>> rows;
  const std::size_t left_out = days.size() - std::min(days.size(), kDaysShown);
  for (auto day = std::next(days.begin(), static_cast<std::ptrdiff_t>(left_out)); day != days.end();
       ++day) {
    rows.push_back({day_text(day->first), std::to_string(day->second)});
  }
  text += table({say("backtest.column.day"), say("column.alerts")}, rows);
  if (left_out > 0) text += say("backtest.more_days", {{"n", left_out}}) + "\n";
  return text;
}

std::string samples_text(const std::vector<BacktestRule>& rules) {
  std::vector<std::vector<std::string>> rows;
  for (const BacktestRule& rule : rules) {
    if (rows.size() >= kSamplesShown || rule.samples.empty()) break;
    const Alert& alert = rule.samples.front();
    std::string what;
    for (const Match& match : alert.matches) {
      if (columns_of(what) > 80) break;
      what += (what.empty() ? "" : ", ") + match.field + "=" + match.value.substr(0, 80);
    }
    rows.push_back({format_time(alert.time_ns), rule.identity.name,
                    alert.trigger.source + ":" + std::to_string(alert.trigger.seq), what});
  }
  if (rows.empty()) return {};
  return heading(say("backtest.samples")) +
         table({say("column.time"), say("column.rule"), say("backtest.column.trigger"),
                say("backtest.column.matches")},
               rows);
}

std::string list_text(std::string_view title, const std::vector<DiffAlert>& alerts,
                      std::uint64_t all) {
  if (alerts.empty()) return {};
  std::vector<std::vector<std::string>> rows;
  for (const DiffAlert& alert : alerts) {
    if (rows.size() >= kDiffShown) break;
    const std::string judged = alert.disposition == Disposition::kNone
                                   ? ""
                                   : word("disposition", disposition_name(alert.disposition));
    rows.push_back({format_time(alert.time_ns), alert.rule.name,
                    alert.source + ":" + std::to_string(alert.seq),
                    alert.incident == 0 ? "" : "#" + std::to_string(alert.incident), judged});
  }
  std::string text = heading(title) +
                     table({say("column.time"), say("column.rule"), say("backtest.column.trigger"),
                            say("backtest.column.incident"), say("backtest.column.judged")},
                           rows);
  if (all > rows.size()) text += say("backtest.more", {{"n", all - rows.size()}}) + "\n";
  return text;
}

std::string diff_text(const BacktestDiff& diff) {
  std::string text = heading(say("backtest.diff"));
  text += say("backtest.diff_counts",
              {{"fresh", diff.fresh}, {"gone", diff.gone}, {"same", diff.same}}) +
          "\n";
  if (diff.changed > 0) text += say("backtest.diff_changed", {{"n", diff.changed}}) + "\n";
  if (diff.not_compared > 0)
    text += say("backtest.not_compared", {{"n", diff.not_compared}}) + "\n";
  if (diff.bounded) text += say("backtest.diff_bounded", {{"n", BacktestDiff::kStoredMax}}) + "\n";
  for (const auto& [disposition, count] : diff.dispositions) {
    const std::string line =
        say("backtest.judged", {{"judged", word("disposition", disposition_name(disposition))},
                                {"stored", count.stored},
                                {"gone", count.gone}});
    const bool bad = disposition == Disposition::kTruePositive && count.gone > 0;
    text += (bad ? styled(line, Style::kRed) : line) + "\n";
  }
  text += list_text(say("backtest.gone"), diff.gone_list, diff.gone);
  text += list_text(say("backtest.new"), diff.fresh_list, diff.fresh);
  return text;
}

}  // namespace

SampleReader::SampleReader(const storage::Store& store, const Detection& detection,
                           const std::vector<parsers::SourceFormat>& formats)
    : store_(store), sources_(store.source_names()), parser_(detection.make_parser(true)) {
  parser_.note_for_people();
  for (std::size_t i = 0; i < formats.size(); ++i)
    parser_.set_source(SourceId{static_cast<std::uint32_t>(i)}, formats[i]);
}

Json SampleReader::event(const EventRef& ref) {
  const auto source = std::find(sources_.begin(), sources_.end(), ref.source);
  if (source == sources_.end()) return nullptr;
  const SourceId id{static_cast<std::uint32_t>(source - sources_.begin())};
  Batch batch;
  if (!store_.fetch(id, ref.seq, batch)) return nullptr;
  parser_.parse(batch);
  return event_json(batch, batch.events().front(), ref.source);
}

Json backtest_json(const BacktestResult& result, const BacktestDiff* diff,
                   const Detection& detection, SampleReader& samples) {
  Json json = {{"from", time_json(result.from_ns)},
               {"to", time_json(result.to_ns)},
               {"read_from", time_json(result.read_from_ns)},
               {"end", backtest_end_name(result.end)},
               {"complete", result.end == BacktestEnd::kComplete},
               {"rule_set", loaded_json(detection)},
               {"totals", totals_json(result)},
               {"days", days_json(result.tally->days())},
               {"entities", entities_json(result.tally->entities())}};
  const std::vector<BacktestRule> rules = result.tally->rules();
  json["rules"] = rules_json(rules, samples);
  json["rules_left_out"] = rules.size() - json["rules"].size();
  if (diff != nullptr) json["diff"] = diff_json(*diff);
  return json;
}

std::string backtest_text(const BacktestResult& result, const BacktestDiff* diff,
                          const Detection& detection) {
  const std::size_t loaded = detection.rules->rule_count() + detection.rules->correlations().size();
  std::string text = period_text(result) + "  " + say("backtest.rules", {{"n", loaded}}) + "\n";
  text += totals_text(result);
  const std::vector<BacktestRule> rules = result.tally->rules();
  text += rules_text(rules);
  text += days_text(result.tally->days());
  text += samples_text(rules);
  if (diff != nullptr) text += diff_text(*diff);
  return text;
}

}  // namespace picket::app
