// The nouns of indicators of compromise: which feeds there are, what a feed says of one indicator,
// and whom a reader of a feed tells about it.
//
// A feed is one file: a list, a CSV file or a STIX bundle. Readers (list.h, csv.h, stix.h) take its
// bytes in pieces and hand each indicator to a sink; an IndicatorSet (set.h) is what comes of all.
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "event/alert.h"

namespace picket::rules {

enum class IndicatorType : std::uint8_t {
  kAddress,  // 4 or 16 bytes; an IPv4 address written as IPv6 is IPv4
  kNetwork,  // the same with the bits behind the prefix cleared
  kDomain,   // and everything under it
  kUrl,      // value.h says how it is written
  kMd5,
  kSha1,
  kSha256,
  kSha512,
  kImphash,
  kMd5OrImphash,  // 32 digits in a list: nobody says which
};
std::string_view indicator_type_name(IndicatorType type);  // "ip", "cidr", "domain", ...

inline constexpr std::int64_t kSinceEver = INT64_MIN;
inline constexpr std::int64_t kForEver = INT64_MAX;
inline constexpr int kConfidenceUnknown = -1;

// The rules of a feed have an id that begins so; its name follows.
inline constexpr std::string_view kIndicatorRulePrefix = "indicators.";

// One feed as configuration names it.
struct IndicatorFeed {
  std::string path = {};                    // a file; or a folder, whose files are a feed each
  std::string name = {};                    // empty: the file's name without its ending
  std::string format = "auto";              // list, csv, stix; auto: by the file's ending
  std::string source = {};                  // of indicators that name none
  int confidence = kConfidenceUnknown;      // likewise, 0..100
  std::optional<Level> level = {};          // of its alerts; without one the confidence decides
  std::int64_t valid_from_ns = kSinceEver;  // likewise
  std::int64_t expires_ns = kForEver;       // likewise
  std::int64_t valid_for_ns = 0;  // > 0: no longer than so after valid_from, where there is one
};

// An indicator in the form in which it is compared. Bytes are of the reader and live until its next
// one.
struct IndicatorKey {
  IndicatorType type = IndicatorType::kDomain;
  std::uint8_t bits = 0;  // of a network, within its family
  std::string bytes = {};
};

// What a feed says of an indicator besides its value. Views live during the call they are given to.
struct IndicatorNote {
  std::uint32_t line = 1;
  int confidence = kConfidenceUnknown;
  std::int64_t valid_from_ns = kSinceEver;  // inclusive
  std::int64_t valid_until_ns = kForEver;   // exclusive (STIX 2.1, section 4.7)
  std::string_view source = {};
  std::string_view description = {};
  std::string_view reference = {};  // id in the feed, such as that of STIX
};

class IndicatorSink {
 public:
  virtual ~IndicatorSink() = default;
  virtual void add(const IndicatorKey& key, const IndicatorNote& note) = 0;
  // One line or object that was not accepted; the others are. `code` is stable, `reason` a
  // sentence.
  virtual void refuse(std::uint32_t line, std::string_view code, std::string reason) = 0;
  // The feed itself took it back.
  virtual void revoked() = 0;
  // From now on, and for what was added before, the source with this id has this name.
  virtual void name_source(std::string_view id, std::string_view name) = 0;
};

}  // namespace picket::rules
