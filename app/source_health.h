// SourceHealth: what parsing says about each source, published once a second for who asks, and a
// line in the log when a source's clock goes wrong or right again.
//
// publish() is for the engine's thread; report() for any. The functions below it are pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/source_watch.h"
#include "base/guarded.h"
#include "base/json.h"
#include "base/world.h"
#include "parsers/parse_counters.h"

namespace picket::app {

struct SourceReport {
  struct Source {
    std::string name;
    parsers::SourceCounters counters;  // since the start of this process
    bool clock_off =
        false;  // the median of its last records is further from arrival than the bound
    SourceState state = SourceState::kNormal;
  };
  std::vector<Source> sources;  // those that sent something, or ought to have, by id
  std::vector<parsers::DatasetCounters> datasets;
};

class SourceHealth {
 public:
  // `skew_max`: what a clock may be off, either way; 0: no source is ever warned about.
  SourceHealth(std::vector<std::string> names, Nanos skew_max);

  void publish(const parsers::ParseCounters& counters, const SourceWatch& watch, Nanos now);
  // Never null.
  std::shared_ptr<const SourceReport> report() const {
    return report_.with([](const auto& report) { return report; });
  }

 private:
  struct Clock {
    bool off = false;
    std::optional<Nanos> told;  // the last line in the log
    std::uint64_t records = 0;  // when it was looked at last
  };
  bool look(std::size_t source, const parsers::SourceCounters& counters, Nanos now);

  const std::vector<std::string> names_;  // by id
  const Nanos skew_max_;
  std::vector<Clock> clocks_;  // by id
  Guarded<std::shared_ptr<const SourceReport>> report_;
};

// As GET /api/v1/status has it under `sources`; docs/configuration.md describes it.
Json sources_json(const SourceReport& report);
// Prometheus text format 0.0.4.
std::string source_metrics(const SourceReport& report);
// For `picket status`, from that JSON: what is wrong, and how the records of each source were read.
std::string sources_text(const Json& sources);

}  // namespace picket::app
