#include "app/retention.h"

#include <algorithm>

#include "app/words.h"

namespace picket::app {
namespace {

// In days, by level of the system; level 1 states none.
constexpr std::array<std::int64_t, kSystemLevels + 1> kLeastDays = {0, 0, 30, 90, 180, 365};

int level_of(const response::System& system) { return std::clamp(system.level, 1, static_cast<int>(kSystemLevels)); }

}  // namespace

Retention::Retention(const RetentionConfig& config, const std::vector<RetainedSource>& sources,
                     const response::Systems& systems, std::vector<std::string>& problems)
    : usual_ns_(config.usual_ns) {
  for (const auto& [name, time] : config.of_source) {
    const auto known = [&name = name](const RetainedSource& source) { return source.name == name; };
    if (std::none_of(sources.begin(), sources.end(), known))
      problems.push_back(say("retention.no_source", {{"source", name}}));
  }
  int strictest = 1;
  for (const response::System& system : systems.all()) strictest = std::max(strictest, level_of(system));
  for (const RetainedSource& source : sources) {
    const response::System* const system = systems.by_name(source.system);
    const auto level = static_cast<std::size_t>(system != nullptr ? level_of(*system) : strictest);
    std::int64_t time = config.usual_ns;
    if (system != nullptr && config.of_level[level] != 0) time = config.of_level[level];
    if (const auto own = config.of_source.find(source.name); own != config.of_source.end()) time = own->second;
    times_[source.name] = time;
    const bool has_level = system != nullptr || !systems.all().empty();
    if (has_level && time < kLeastDays[level] * kDayNs)
      problems.push_back(say("retention.too_short", {{"source", source.name},
                                                     {"days", time / kDayNs},
                                                     {"level", level},
                                                     {"least", kLeastDays[level]}}));
  }
}

std::int64_t Retention::since(std::string_view source, Nanos now) const {
  const auto own = times_.find(source);
  const std::int64_t time = own != times_.end() ? own->second : usual_ns_;
  return time == kForever ? INT64_MIN : now.count() - time;
}

}  // namespace picket::app
