#include "app/source_watch.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace picket::app {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kPauseMax = 1min;
constexpr double kWeekShare = 0.3;  // of a new week in what is usual
constexpr double kGapFades = 0.8;   // of a longest gap, with every week that has none like it
constexpr double kHourGapFades = 0.99;
constexpr double kRateMin = 0.01;       // records an hour: below, silence says nothing
constexpr double kEndsAt = 0.5;         // of the bound: so a state does not flutter
constexpr double kNumberMax = 1e15;     // of what is restored
constexpr std::array<std::string_view, 4> kStates = {"normal", "silent", "slow", "flood"};

double seconds(Nanos time) { return std::chrono::duration<double>(time).count(); }

std::int64_t hours_since_epoch(Nanos time) { return std::chrono::floor<std::chrono::hours>(time).count(); }

// Hour 0 is the first of a Monday.
std::size_t hour_of_week(Nanos time) {
  constexpr std::int64_t kThursday = 3 * 24;  // 1970-01-01
  return static_cast<std::size_t>((hours_since_epoch(time) + kThursday) % 168);
}

// How long a source may be quiet.
double patience_s(double records, double gap_s) {
  return std::max({seconds(SourceWatch::kSilentMin), SourceWatch::kSilentIntervals * 3600 / records,
                   SourceWatch::kSilentGaps * gap_s});
}

Json numbers(double records, double gap_s, std::uint32_t learned) {
  return Json::array({std::round(records * 100) / 100, std::round(gap_s * 10) / 10, learned});
}

}  // namespace

std::string_view source_state_name(SourceState state) { return kStates[static_cast<std::size_t>(state)]; }

SourceWatch::SourceWatch(std::vector<bool> watched) : sources_(watched.size()) {
  for (std::size_t i = 0; i < watched.size(); ++i) sources_[i].watched = watched[i];
}

std::vector<SourceChange> SourceWatch::look(std::span<const std::uint64_t> records, Nanos now) {
  std::vector<SourceChange> changes;
  const bool first = !before_ || *before_ > now;  // or the clock was set back: begin anew
  const Nanos before = first ? now : *before_;
  before_ = now;
  const bool new_hour = hours_since_epoch(before) != hours_since_epoch(now);
  const bool new_minute = std::chrono::floor<std::chrono::minutes>(before) !=
                          std::chrono::floor<std::chrono::minutes>(now);
  const double pause_s = std::min(seconds(now - before), seconds(kPauseMax));
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    Source& source = sources_[i];
    if (!source.watched) continue;
    if (source.last == Nanos(0)) source.last = now;
    const SourceState state = source.state;
    const Nanos last = source.last;
    const double in_hour = static_cast<double>(source.records - source.hour_began_at);
    if (new_hour) close_hour(source, now);
    if (new_minute) {
      std::rotate(source.minutes.rbegin(), source.minutes.rbegin() + 1, source.minutes.rend());
      source.minutes[0] = 0;
    }
    if (first) source.hour_began_at = source.records = i < records.size() ? records[i] : 0;
    if (i < records.size()) take(source, records[i], now);
    const Usual& is_usual = usual(source);
    if (is_usual.records >= kRateMin && source.last != now)
      source.quiet += pause_s / patience_s(is_usual.records, is_usual.gap_s);
    source.state = judge(source, is_usual);
    if (source.state == state) continue;
    source.changed = true;
    const bool slow = source.state == SourceState::kSlow || state == SourceState::kSlow;
    changes.push_back({i, state, source.state, source.state == SourceState::kNormal ? last : source.last,
                       is_usual.records, slow ? in_hour : last_minutes(source) * 60 / kFloodMinutes});
  }
  if (first || new_hour) {
    hour_ = hour_of_week(now);
    whole_ = new_hour && now - before <= kPauseMax;
  }
  return changes;
}

const SourceWatch::Usual& SourceWatch::usual(const Source& source) const {
  const Usual& hour = source.hours[hour_];
  return hour.learned > 0 ? hour : source.any;
}

void SourceWatch::take(Source& source, std::uint64_t records, Nanos now) {
  const std::uint64_t more = records - std::exchange(source.records, records);
  if (more == 0) return;
  source.hour_gap_s = std::max(source.hour_gap_s, seconds(now - source.last));
  source.minutes[0] += more;
  source.last = now;
  source.quiet = 0;
}

// Learns from the hour that is over, and says whether it was slow.
void SourceWatch::close_hour(Source& source, Nanos now) {
  const double seen = static_cast<double>(source.records - source.hour_began_at);
  const double gap_s = std::max(source.hour_gap_s, seconds(now - source.last));
  source.hour_began_at = source.records;
  source.hour_gap_s = 0;
  const bool odd = source.state == SourceState::kSilent || source.state == SourceState::kFlood;
  if (!whole_ || odd) return;
  const Usual before = usual(source);
  if (source.any.learned >= kLearnedHours && before.records >= kSlowUsualMin) {
    if (seen < before.records * kSlowShare) source.state = SourceState::kSlow;
    if (seen >= before.records * kEndsAt && source.state == SourceState::kSlow)
      source.state = SourceState::kNormal;
  }
  Usual& hour = source.hours[hour_];
  const double share = hour.learned == 0 ? 1 : kWeekShare;
  hour.records += (seen - hour.records) * share;
  hour.gap_s = std::max(hour.gap_s * kGapFades, gap_s);
  ++hour.learned;
  Usual& any = source.any;
  ++any.learned;
  any.records += (seen - any.records) / std::min<double>(any.learned, kHours);
  any.gap_s = std::max(any.gap_s * kHourGapFades, gap_s);
  source.changed = true;
}

SourceState SourceWatch::judge(const Source& source, const Usual& usual) const {
  if (source.quiet >= 1) return SourceState::kSilent;
  const double many = std::max(kFloodMin, usual.records / 60 * kFloodMinutes * kFloodTimes);
  const bool flooding = source.state == SourceState::kFlood;
  if (source.any.learned >= kLearnedHours && last_minutes(source) > many * (flooding ? kEndsAt : 1))
    return SourceState::kFlood;
  return source.state == SourceState::kSlow ? SourceState::kSlow : SourceState::kNormal;
}

double SourceWatch::last_minutes(const Source& source) const {
  return static_cast<double>(std::accumulate(source.minutes.begin(), source.minutes.end(), std::uint64_t{0}));
}

std::vector<std::size_t> SourceWatch::take_changed() {
  std::vector<std::size_t> changed;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (std::exchange(sources_[i].changed, false)) changed.push_back(i);
  }
  return changed;
}

Json SourceWatch::save(std::size_t source) const {
  const Source& from = sources_[source];
  Json hours = Json::array();
  for (const Usual& hour : from.hours) hours.push_back(numbers(hour.records, hour.gap_s, hour.learned));
  return {{"version", 1},
          {"state", source_state_name(from.state)},
          {"last_record_ns", from.last.count()},
          {"any", numbers(from.any.records, from.any.gap_s, from.any.learned)},
          {"hours", std::move(hours)}};
}

void SourceWatch::restore(std::size_t source, const Json& saved) {
  const auto usual_of = [](const Json& json, Usual& to) {
    if (!json.is_array() || json.size() != 3 || !json[0].is_number() || !json[1].is_number() ||
        !json[2].is_number_unsigned())
      return;
    to.records = std::clamp(json[0].get<double>(), 0.0, kNumberMax);
    to.gap_s = std::clamp(json[1].get<double>(), 0.0, kNumberMax);
    to.learned = static_cast<std::uint32_t>(std::min<std::uint64_t>(json[2].get<std::uint64_t>(), 1'000'000));
  };
  if (!saved.is_object() || source >= sources_.size()) return;
  Source& to = sources_[source];
  if (const auto any = saved.find("any"); any != saved.end()) usual_of(*any, to.any);
  if (const auto hours = saved.find("hours"); hours != saved.end() && hours->size() == kHours) {
    for (std::size_t i = 0; i < kHours; ++i) usual_of((*hours)[i], to.hours[i]);
  }
  const auto state = saved.find("state");
  const bool silent = state != saved.end() && *state == "silent";
  if (!silent) return;
  to.state = SourceState::kSilent;  // it was told of, and is not told of again
  to.quiet = 1;
  if (const auto last = saved.find("last_record_ns"); last != saved.end() && last->is_number_integer())
    to.last = Nanos(last->get<std::int64_t>());
}

}  // namespace picket::app
