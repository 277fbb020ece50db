// SourceWatch: learns what a source usually sends in each hour of the week, and says when it falls
// silent, slows down or floods, and when it is as usual again.
//
// It counts records by arrival, so it says something about sources, whatever their clocks say. Hours are
// those of UTC; only hours that were watched whole are learned, and none of a silence or a flood. One
// thread; reads no clock. docs/configuration.md says to people what the bounds below mean.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/world.h"

namespace picket::app {

enum class SourceState : std::uint8_t { kNormal, kSilent, kSlow, kFlood };
std::string_view source_state_name(SourceState state);  // "normal", "silent", "slow", "flood"

struct SourceChange {
  std::size_t source = 0;  // its id
  SourceState before = SourceState::kNormal;
  SourceState now = SourceState::kNormal;
  Nanos last_record{0};         // arrival; kSilent and what ends it
  double usual_per_hour = 0;    // at this hour of the week
  double current_per_hour = 0;  // of the last minutes; kSlow: of the last hour
};

class SourceWatch {
 public:
  static constexpr Nanos kSilentMin = std::chrono::minutes(5);
  static constexpr double kSilentIntervals = 5;  // usual intervals between two records, and
  static constexpr double kSilentGaps = 3;       // usual longest gaps, whatever takes longest
  static constexpr double kSlowShare = 0.2;      // of what is usual in an hour
  static constexpr double kSlowUsualMin = 60;    // records an hour: fewer say nothing
  static constexpr double kFloodTimes = 10;      // of what is usual
  static constexpr double kFloodMin = 5000;      // records in kFloodMinutes
  static constexpr std::size_t kFloodMinutes = 5;
  static constexpr std::size_t kLearnedHours = 24;  // before slow and flood are spoken of

  // `watched` by id: the others are never spoken of.
  explicit SourceWatch(std::vector<bool> watched);

  // `records`: received so far by source id, since the start of this process. Call it once a second or so:
  // a longer pause counts as a minute, because then it is us who were not there.
  std::vector<SourceChange> look(std::span<const std::uint64_t> records, Nanos now);

  // What was learned of a source. restore() before the first look(); what it cannot read it leaves out.
  Json save(std::size_t source) const;
  void restore(std::size_t source, const Json& saved);
  // Sources of which there is something new to save, since the last call.
  std::vector<std::size_t> take_changed();

  SourceState state(std::size_t source) const { return sources_[source].state; }

 private:
  static constexpr std::size_t kHours = 168;  // of a week

  struct Usual {
    double records = 0;  // in an hour
    double gap_s = 0;    // the longest between two records
    std::uint32_t learned = 0;
  };
  struct Source {
    bool watched = false;
    bool changed = false;
    SourceState state = SourceState::kNormal;
    std::array<Usual, kHours> hours;
    Usual any;  // hour of those that were learned
    Nanos last{0};
    std::uint64_t records = 0;  // at the last look
    double quiet = 0;           // since the last record: 1 is too long
    std::uint64_t hour_began_at = 0;
    double hour_gap_s = 0;
    std::array<std::uint64_t, kFloodMinutes> minutes = {};  // records in each of the last minutes
  };

  const Usual& usual(const Source& source) const;
  void take(Source& source, std::uint64_t records, Nanos now);
  void close_hour(Source& source, Nanos now);
  SourceState judge(const Source& source, const Usual& usual) const;
  double last_minutes(const Source& source) const;

  std::vector<Source> sources_;
  std::optional<Nanos> before_;  // the last look
  std::size_t hour_ = 0;         // of the week
  bool whole_ = false;           // this hour was watched from its beginning
};

}  // namespace picket::app
