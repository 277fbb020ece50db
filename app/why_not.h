// WhyNot: why a rule did not fire on one event, or that it did.
//
// Decides with the rules of today. With a store it knows which alerts tell of the event, and what a
// correlation had in its window: the stored hits of the rules that it counts, at most kHitsMax of
// them. Detection (with keep_trees) and store must outlive it. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cause.h"
#include "app/detection.h"
#include "app/members.h"
#include "base/json.h"
#include "parsers/parser.h"
#include "storage/store.h"

namespace picket::app {

struct WhyAnswer {
  std::string result;  // "fired", "counted", "no-alert", "log-source", "false", "not-counted",
                       // "ungrouped", "below"
  std::string text;    // for people, lines
  Json json;           // an object
};

class WhyNot {
 public:
  static constexpr std::size_t kHitsMax = 20'000;
  static constexpr std::size_t kAlertsMax = 10'000;  // of the rule, looked through

  // `store` may be nullptr.
  WhyNot(const Detection& detection, const storage::Store* store);

  // batch.events()[index] is the event, parsed; `ref` says which it is.
  WhyAnswer of_detection(const rules::DetectionRule& rule, Batch& batch, std::uint32_t index,
                         const EventRef& ref);
  WhyAnswer of_correlation(const rules::Correlation& correlation, Batch& batch, std::uint32_t index,
                           const EventRef& ref);
  // YARA rules and feeds of indicators.
  WhyAnswer of_other(std::uint32_t rule, Batch& batch, std::uint32_t index, const EventRef& ref);

  // The stored record, parsed. kNotFound.
  Result<void> fetch(EventRef& ref, Batch& batch);

 private:
  struct Window {
    std::size_t hits = 0;     // of the group, in it
    std::int64_t end_ns = 0;  // at which hit it was fullest
    double quantity = 0;
    bool holds = false;  // at some hit, the condition did
    bool bounded = false;
  };

  std::optional<std::string> alert_of(const std::string& rule_id, const EventRef& ref) const;
  std::vector<std::string> counted_by(const rules::DetectionRule& rule) const;
  std::string mapping_text(const rules::DetectionRule& rule, const std::string& field,
                           Json& json) const;
  void add_causes(const rules::DetectionRule& rule, const rules::Truth& truth,
                  WhyAnswer& answer) const;
  WhyAnswer not_counted(const Members& members, Batch& batch, std::uint32_t index);
  Window window_of(const rules::Correlation& correlation, const Members& members,
                   const Member& member);
  parsers::Parser& parser();

  const Detection& detection_;
  const storage::Store* store_;
  std::vector<std::string> sources_;
  std::optional<parsers::Parser> parser_;
};

// ">= 10 and < 20"; what a temporal correlation without a condition asks for.
std::string condition_text(const rules::CorrelationRule& rule);

}  // namespace picket::app
