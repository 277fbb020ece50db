#include "correlator/sla.h"

#include "base/time.h"
#include "correlator/codec.h"

namespace picket::correlator {
namespace {

SlaClock clock_of(std::int64_t start_ns, std::int64_t allowed_ns, std::int64_t met_ns, Nanos now) {
  SlaClock clock;
  clock.due_ns = add_ns(start_ns, allowed_ns);
  clock.met_ns = met_ns;
  clock.breached = (met_ns != 0 ? met_ns : now.count()) > clock.due_ns;
  return clock;
}

Json clock_json(const SlaClock& clock) {
  Json json = {{"due", format_time(clock.due_ns)}, {"breached", clock.breached}};
  if (clock.met_ns != 0) json["met"] = format_time(clock.met_ns);
  return json;
}

}  // namespace

SlaState sla_of(const Incident& incident, const Sla& sla, Nanos now) {
  const SlaTimes& times = sla.of_level[static_cast<std::size_t>(incident.level)];
  // One that closed because its alerts were withdrawn has no instants: nobody was late.
  const bool over = is_over(incident.status);
  const auto met = [&](std::int64_t at_ns) {
    return at_ns == 0 && over ? incident.created_ns : at_ns;
  };
  return {clock_of(incident.created_ns, times.acknowledge_ns, met(incident.acknowledged_ns), now),
          clock_of(incident.created_ns, times.resolve_ns, met(incident.resolved_ns), now)};
}

Json to_json(const SlaState& state) {
  return {{"acknowledge", clock_json(state.acknowledge)}, {"resolve", clock_json(state.resolve)}};
}

}  // namespace picket::correlator
