// HealthRecord: what Picket says about its sources, as a record like any other: stored, matched by rules
// (logsource product picket, service health), searched and proven. docs/formats/health-records.md describes it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/source_watch.h"

namespace picket::app {

// The source that these records come from, and the definition that reads them: no other source is read by
// it, so nobody else can speak in its name.
inline constexpr std::string_view kHealthSource = "picket";
inline constexpr std::string_view kHealthDefinition = "picket-health";
inline constexpr std::size_t kBlindNamesMax = 50;  // of rules, in one record

// `blind`: names of the rules that see nothing now; the first kBlindNamesMax are named. One line of JSON.
std::string health_record(const SourceChange& change, std::string_view source, std::string_view system,
                          const std::vector<std::string>& blind, Nanos now);

}  // namespace picket::app
