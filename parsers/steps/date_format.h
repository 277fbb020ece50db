// DateFormat: how a source writes its times, compiled from letters ("dd/MMM/yyyy:HH:mm:ss Z") or
// one of a few names.
//
// docs/formats/sources.md has the letters. Immutable, pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace picket::parsers {

// "+0200", "-08:00", "Z", "UTC", "EST", ...: seconds east of UTC.
std::optional<std::int32_t> zone_offset(std::string_view text);

class DateFormat {
 public:
  static Result<DateFormat> compile(std::string_view text);

  // Nanoseconds since 1970. Times that name no zone are `zone_offset_s` east of UTC; a missing year
  // is the latest that is at most a week ahead of `received_ns`.
  std::optional<std::int64_t> read(std::string_view text, std::int64_t received_ns,
                                   std::int32_t zone_offset_s) const;

  // Is it "yyyy-MM-dd HH:mm:ss"? Then read() is of both joined by a blank what this is of the two,
  // and where this is nullopt, read() may know better.
  bool usual() const { return usual_; }
  static std::optional<std::int64_t> read_usual(std::string_view date, std::string_view clock,
                                                std::int32_t zone_offset_s);

 private:
  enum class Part : std::uint8_t {
    kAuto,
    kEpoch,
    kLiteral,
    kBlanks,
    kYear,
    kShortYear,
    kMonth,
    kMonthName,
    kDay,
    kWeekday,
    kHour,
    kHour12,
    kHalf,
    kMinute,
    kSecond,
    kFraction,
    kZone,
  };
  struct Op {
    Part part = Part::kLiteral;
    std::uint8_t digits = 0;  // exactly, or 0: one or two
    std::string literal;
    std::int64_t scale = 0;  // kEpoch: nanoseconds
  };
  struct Reading;

  Result<void> letters(std::string_view text);
  static bool read_part(const Op& op, std::string_view& rest, Reading& reading);

  std::vector<Op> ops_;
  bool usual_ = false;  // "yyyy-MM-dd HH:mm:ss", which is read quicker
};

}  // namespace picket::parsers
