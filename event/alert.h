// Alert: what a detection rule or a correlation rule raises, with its proof.
//
// Owns everything; lives as long as it likes. INTERFACES names its JSON. The id is a pure function of
// the rule and the events, so the same events give the same ids, whatever the order of arrival,
// number of threads or restarts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "event/record.h"

namespace picket {

enum class AlertKind : std::uint8_t { kDetection, kCorrelation, kYara, kIndicator };
std::string_view alert_kind_name(AlertKind kind);

enum class Level : std::uint8_t { kInformational, kLow, kMedium, kHigh, kCritical };
std::string_view level_name(Level level);            // "informational", ...
Level level_of(std::string_view name);               // kMedium for an unknown or missing level

// Identifies a stored event: the seq-th record of a source.
struct EventRef {
  SourceId source_id{};
  std::string source;  // name of the source
  std::uint64_t seq = 0;
  std::int64_t time_ns = 0;

  friend bool operator==(const EventRef& a, const EventRef& b) {
    return a.source == b.source && a.seq == b.seq;
  }
};

// An indicator of compromise, as its feed says it.
struct Indicator {
  std::string type;    // "ip", "cidr", "domain", "url", "md5", ...
  std::string value;
  std::string source;  // who says so
  int confidence = -1;  // 0..100; -1: not said
  std::int64_t valid_from_ns = INT64_MIN;   // inclusive; INT64_MIN: since ever
  std::int64_t valid_until_ns = INT64_MAX;  // exclusive; INT64_MAX: for ever
  std::string reference;    // id in the feed: that of STIX
  std::string description;

  friend bool operator==(const Indicator&, const Indicator&) = default;
};
Json to_json(const Indicator& indicator);  // without what is not said

// One test of a rule that was true, and what made it true.
struct Match {
  EventRef event;           // which event (a correlation has several)
  std::string selection;    // name of the search in the rule: "selection_img"
  int line = 0;             // in the rule file, 1-based
  std::string field;        // ECS name (or the original field, if it has none)
  std::string rule_field;   // as the rule writes it; "" for a keyword
  std::string value;        // the event's value, whole (cut to 4 KiB)
  std::uint32_t begin = 0;  // byte span of the match in `value`; both 0 when it has none (exists, ...)
  std::uint32_t end = 0;
  std::optional<Indicator> indicator = {};  // of a feed: what it says; `selection` is then its type
};

// A user, host, address, ... taken from ECS fields.
struct Entity {
  std::string type;   // "user", "host", "ip", "hash", "process", "domain"
  std::string value;

  friend bool operator==(const Entity&, const Entity&) = default;
  friend auto operator<=>(const Entity&, const Entity&) = default;
};

struct RuleIdentity {
  std::string id;      // Sigma id; for YARA its namespace and name
  std::string name;    // title
  Level level = Level::kMedium;
  std::string hash;    // SHA-256 of the rule's text
  std::string path;    // as loaded
  int risk = -1;       // picket: {risk: N}, 0..100; -1: its level says
};

struct Window {
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  double count = 0;  // the quantity compared
};

struct Alert {
  std::string id;
  AlertKind kind = AlertKind::kDetection;
  std::int64_t time_ns = 0;  // event time of the trigger
  RuleIdentity rule;
  std::vector<std::string> tags;  // of the rule: "attack.t1110"
  Layer layer = Layer::kNone;     // of the trigger
  std::string system;             // of the trigger's source
  std::vector<std::pair<std::string, std::string>> group;  // correlations: group-by field and value
  Window window;                                           // correlations only
  EventRef trigger;
  std::vector<EventRef> events;  // in event time order, the trigger among them; at most kEventsMax
  std::vector<Match> matches;
  std::vector<Entity> entities;  // sorted, distinct
  std::vector<Layer> layers;     // of all its events, sorted, distinct
  std::uint64_t hit_count = 1;   // hits joined so far (correlations grow)
  std::int64_t last_seen_ns = 0;
  // Names the texts of the rules that decided, as the store keeps them (docs/formats/rule-texts.md);
  // empty where there is no store.
  std::string basis = {};

  static constexpr std::size_t kEventsMax = 1000;
};

Json to_json(const Alert& alert);
Result<Alert> alert_from_json(const Json& json);

// Deterministic: rule id and hash, group values, and the trigger's source name and seq.
std::string make_alert_id(const Alert& alert);

}  // namespace picket
