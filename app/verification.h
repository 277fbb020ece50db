// Verification: what came of deciding a stored alert again (verifier.h), for people and as JSON.
// Owns everything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "event/alert.h"

namespace picket::app {

// kCannot: what it takes is not there any more, and nothing that is there differs.
enum class Outcome : std::uint8_t { kSame, kDiffers, kCannot };
std::string_view outcome_name(Outcome outcome);  // "same", "differs", "cannot"

struct Remark {
  std::string code;               // "match", "count", ...; its words are verify.<code>
  std::optional<EventRef> event;  // of which event
  std::string name = {};          // of a field, a rule, a file
  std::string was = {};           // as the alert says
  std::string is = {};            // as it is decided now
};

struct Verification {
  std::string alert;  // id
  AlertKind kind = AlertKind::kDetection;
  RuleIdentity rule;
  std::size_t events = 0;           // that were decided again
  std::vector<Remark> differences;  // at most kRemarksMax, like the others
  std::vector<Remark> cannot;       // what could not be decided again
  std::vector<Remark> notes;        // what is good to know, and no difference

  static constexpr std::size_t kRemarksMax = 200;
  Outcome outcome() const;
};

Json to_json(const Verification& verification);
std::string show_verification(const Verification& verification);

}  // namespace picket::app
