#include "app/source_health.h"

#include <chrono>
#include <cstdio>
#include <utility>

#include "app/prometheus.h"
#include "app/terminal.h"
#include "app/words.h"

namespace picket::app {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kTellEvery =
    10min;  // about one source: a clock near the bound does not fill the log
constexpr unsigned kPercentiles[] = {5, 50, 95};
constexpr unsigned kMedian = 50;
constexpr std::size_t kNameColumns = 100;

double seconds(std::int64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

std::string whole_seconds(std::int64_t ns) {
  return std::to_string((ns < 0 ? -(ns + 1) + 1 : ns) / 1'000'000'000);
}

// Written out, for the log and for people: which way it is off.
std::string skew_text(std::int64_t skew_ns, std::string_view source) {
  const std::string name = visible(source, kNameColumns);
  const std::string off = whole_seconds(skew_ns);
  if (skew_ns > 0) return say("skew.ahead", {{"source", name}, {"seconds", off}});
  return say("skew.behind", {{"source", name}, {"seconds", off}});
}

// By reason, those that were met.
Json limits_json(const parsers::SourceCounters& counters) {
  Json json = Json::object();
  for (std::size_t i = 0; i < parsers::kLimits; ++i) {
    if (counters.limits[i] > 0)
      json[std::string(parsers::limit_name(static_cast<parsers::Limit>(i)))] = counters.limits[i];
  }
  return json;
}

// "nesting 3, fields 1"
std::string reasons_text(const Json& source) {
  std::string text;
  const Json limits = source.value("limits", Json::object());
  for (const auto& [reason, n] : limits.items()) {
    text += (text.empty() ? "" : ", ") + word("limit", reason) + " " +
            std::to_string(n.get<std::uint64_t>());
  }
  return text;
}

// A table: how the records of each source were read.
std::string reading_text(const Json& sources) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& source : sources) {
    const auto n = [&](const char* name) { return std::to_string(source.value(name, 0ULL)); };
    rows.push_back({source.value("name", ""), n("records"), n("recognised"), n("nobodys"),
                    n("partial"), n("raw")});
  }
  if (rows.empty()) return {};
  return table({say("column.source"), say("column.records"), say("column.recognised"),
                say("column.nobodys"), say("column.partial"), say("column.raw")},
               rows);
}

std::string clock_metrics(const SourceReport& report) {
  std::string skew = type_line("picket_clock_skew_seconds", "gauge");
  std::string off = type_line("picket_clock_off", "gauge");
  std::string clamped = type_line("picket_times_clamped_total", "counter");
  for (const SourceReport::Source& source : report.sources) {
    const std::string label_of = "source=\"" + label(source.name) + "\"";
    const parsers::SourceCounters& counters = source.counters;
    for (const unsigned percent : kPercentiles) {
      const auto value = counters.skew.percentile_ns(percent);
      if (!value) continue;
      char quantile[16];
      std::snprintf(quantile, sizeof quantile, "%.2f", percent / 100.0);
      skew += sample("picket_clock_skew_seconds", label_of + ",quantile=\"" + quantile + "\"",
                     seconds(*value));
    }
    off += sample("picket_clock_off", label_of, source.clock_off ? 1 : 0);
    clamped +=
        sample("picket_times_clamped_total", label_of, static_cast<double>(counters.clamped));
  }
  return skew + off + clamped;
}

// 1 for the state that a source is in.
std::string state_metrics(const SourceReport& report) {
  std::string states = type_line("picket_source_state", "gauge");
  for (const SourceReport::Source& source : report.sources) {
    for (const SourceState state : {SourceState::kNormal, SourceState::kSilent, SourceState::kSlow, SourceState::kFlood}) {
      states += sample("picket_source_state",
                       "source=\"" + label(source.name) + "\",state=\"" + std::string(source_state_name(state)) + "\"",
                       source.state == state ? 1 : 0);
    }
  }
  return states;
}

// How records were read: parsed by somebody, parsed but nobody's, in part, not at all.
std::string reading_metrics(const SourceReport& report) {
  std::string read = type_line("picket_records_read_total", "counter");
  std::string limited = type_line("picket_records_limited_total", "counter");
  for (const SourceReport::Source& source : report.sources) {
    const std::string label_of = "source=\"" + label(source.name) + "\"";
    const parsers::SourceCounters& counters = source.counters;
    const std::uint64_t others =
        counters.records - counters.recognised - counters.partial - counters.raw;
    for (const auto& [how, n] : {std::pair("recognised", counters.recognised),
                                 {"nobodys", others},
                                 {"partial", counters.partial},
                                 {"raw", counters.raw}}) {
      read += sample("picket_records_read_total", label_of + ",as=\"" + how + "\"",
                     static_cast<double>(n));
    }
    for (std::size_t i = 0; i < parsers::kLimits; ++i) {
      if (counters.limits[i] == 0) continue;
      const std::string_view reason = parsers::limit_name(static_cast<parsers::Limit>(i));
      limited += sample("picket_records_limited_total",
                        label_of + ",reason=\"" + std::string(reason) + "\"",
                        static_cast<double>(counters.limits[i]));
    }
  }
  return read + limited;
}

}  // namespace

SourceHealth::SourceHealth(std::vector<std::string> names, Nanos skew_max)
    : names_(std::move(names)),
      skew_max_(skew_max),
      clocks_(names_.size()),
      report_(std::make_shared<const SourceReport>()) {}

void SourceHealth::publish(const parsers::ParseCounters& counters, const SourceWatch& watch, Nanos now) {
  auto report = std::make_shared<SourceReport>();
  static const parsers::SourceCounters kNothing;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const parsers::SourceCounters& source = i < counters.sources.size() ? counters.sources[i] : kNothing;
    if (source.records == 0 && watch.state(i) == SourceState::kNormal) continue;
    report->sources.push_back({names_[i], source, look(i, source, now), watch.state(i)});
  }
  report->datasets = counters.datasets;
  report_.with([&](auto& current) { current = std::move(report); });
}

bool SourceHealth::look(std::size_t source, const parsers::SourceCounters& counters, Nanos now) {
  Clock& clock = clocks_[source];
  if (skew_max_ == Nanos(0) || std::exchange(clock.records, counters.records) == counters.records)
    return clock.off;
  const std::optional<std::int64_t> skew = counters.skew.percentile_ns(kMedian);
  const bool off = skew && (*skew > skew_max_.count() || *skew < -skew_max_.count());
  if (off == clock.off) return off;
  clock.off = off;
  if (clock.told && now - *clock.told < kTellEvery) return off;
  clock.told = now;
  tell(off ? "picket: " + skew_text(*skew, names_[source])
           : say("notice.clock_right", {{"source", visible(names_[source], kNameColumns)}}));
  return off;
}

Json sources_json(const SourceReport& report) {
  Json json = Json::array();
  for (const SourceReport::Source& source : report.sources) {
    const parsers::SourceCounters& counters = source.counters;
    Json one = {
        {"name", source.name},
        {"records", counters.records},
        {"recognised", counters.recognised},
        {"nobodys", counters.records - counters.recognised - counters.partial - counters.raw},
        {"partial", counters.partial},
        {"raw", counters.raw},
        {"limited", counters.limited},
        {"limits", limits_json(counters)},
        {"times_stated", counters.skew.stated()},
        {"times_clamped", counters.clamped},
        {"clock_off", source.clock_off},
        {"state", source_state_name(source.state)}};
    if (const auto skew = counters.skew.percentile_ns(kMedian))
      one["skew_seconds"] = seconds(*skew);
    json.push_back(std::move(one));
  }
  return json;
}

std::string source_metrics(const SourceReport& report) {
  return clock_metrics(report) + reading_metrics(report) + state_metrics(report);
}

std::string sources_text(const Json& sources) {
  std::string text;
  for (const Json& source : sources) {
    const std::string name = source.value("name", "");
    if (source.value("clock_off", false)) {
      const double skew = source.value("skew_seconds", 0.0);
      text += skew_text(static_cast<std::int64_t>(skew * 1e9), name) + "\n";
    }
    if (const std::string state = source.value("state", "normal"); state != "normal")
      text += say("status.source_state", {{"source", visible(name, kNameColumns)}, {"state", word("source_state", state)}}) + "\n";
    const std::uint64_t limited = source.value("limited", 0ULL);
    if (limited > 0) {
      text += say("status.limited", {{"n", limited},
                                     {"source", visible(name, kNameColumns)},
                                     {"reasons", reasons_text(source)}}) +
              "\n";
    }
    const std::uint64_t clamped = source.value("times_clamped", 0ULL);
    if (clamped > 0)
      text +=
          say("status.clamped", {{"n", clamped}, {"source", visible(name, kNameColumns)}}) + "\n";
  }
  return text + reading_text(sources);
}

}  // namespace picket::app
