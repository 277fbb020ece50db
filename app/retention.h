// Retention: how long records of each source are kept.
//
// What the configuration says for the source, else for the level of its system, else for all. No source may be
// kept for less than the level of its system asks for (TCVN 14423:2026, x.8.2.1); one without a system may have
// records of any, so the strictest of all systems counts. Plain values; read once, then any thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/world.h"
#include "response/systems.h"

namespace picket::app {

inline constexpr std::int64_t kDayNs = 24LL * 3600 * 1'000'000'000;
inline constexpr std::int64_t kForever = INT64_MAX;
inline constexpr std::size_t kSystemLevels = 5;

struct RetentionConfig {
  std::int64_t usual_ns = 365 * kDayNs;
  std::array<std::int64_t, kSystemLevels + 1> of_level{};         // 0: not said
  std::map<std::string, std::int64_t, std::less<>> of_source = {};
  std::string archive = {};  // folder into which goes what is removed; empty: nowhere
};

// A source and its system; empty: none.
struct RetainedSource {
  std::string name;
  std::string system;
};

class Retention {
 public:
  // What is kept for too short a time is told in `problems`, sentences for people.
  Retention(const RetentionConfig& config, const std::vector<RetainedSource>& sources,
            const response::Systems& systems, std::vector<std::string>& problems);

  // Records that were stored before this are not kept (ns since 1970); INT64_MIN: all are.
  std::int64_t since(std::string_view source, Nanos now) const;

 private:
  std::map<std::string, std::int64_t, std::less<>> times_;  // by source
  std::int64_t usual_ns_;
};

}  // namespace picket::app
