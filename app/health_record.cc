#include "app/health_record.h"

#include <algorithm>
#include <cmath>

#include "app/words.h"
#include "base/json.h"
#include "base/time.h"

namespace picket::app {
namespace {

std::string_view action_of(const SourceChange& change) {
  switch (change.now) {
    case SourceState::kSilent:
      return "source-silent";
    case SourceState::kSlow:
      return "source-slow";
    case SourceState::kFlood:
      return "source-flood";
    case SourceState::kNormal:
      break;
  }
  return "source-normal";
}

std::string number_text(double number) { return std::to_string(std::llround(number)); }

std::string message_of(const SourceChange& change, std::string_view source, std::size_t blind) {
  return say("health." + std::string(source_state_name(change.now)),
             {{"source", std::string(source)},
              {"last", format_time(change.last_record.count())},
              {"usual", number_text(change.usual_per_hour)},
              {"current", number_text(change.current_per_hour)},
              {"rules", std::to_string(blind)}});
}

}  // namespace

std::string health_record(const SourceChange& change, std::string_view source, std::string_view system,
                          const std::vector<std::string>& blind, Nanos now) {
  Json names = Json::array();
  for (std::size_t i = 0; i < std::min(blind.size(), kBlindNamesMax); ++i) names.push_back(blind[i]);
  Json about = {{"name", source},
                {"state", source_state_name(change.now)},
                {"state_before", source_state_name(change.before)},
                {"last_record", format_time(change.last_record.count())},
                {"usual_per_hour", std::llround(change.usual_per_hour)},
                {"current_per_hour", std::llround(change.current_per_hour)},
                {"rules_blind", blind.size()},
                {"blind", std::move(names)}};
  if (!system.empty()) about["system"] = system;
  return dump_json({{"@timestamp", format_time(now.count())},
                    {"event", {{"action", action_of(change)}}},
                    {"picket", {{"source", std::move(about)}}},
                    {"message", message_of(change, source, blind.size())}});
}

}  // namespace picket::app
