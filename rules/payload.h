// Payloads of an event: the texts that YARA looks at. PowerShell script blocks as they are, and what the
// Base64 in command lines and script blocks decodes to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "rules/yara.h"

namespace picket::rules {

struct Payload {
  FieldId field{};        // as in the event
  std::string_view text;  // lives as long as the batch, or as `decoded` below
  bool is_decoded = false;
};

// What YARA found in one event, and what it could not look at.
struct PayloadScan {
  std::vector<std::uint32_t> rules;  // YARA rules that matched, sorted, each once
  std::uint64_t timed_out = 0;
  std::uint64_t too_large = 0;
};

// Could events of this kind have a payload? Asked once a kind.
bool may_have_payload(const EventKind& kind);

PayloadScan scan_payloads(Batch& batch, const Event& event, YaraScanner& scanner);

// Why `rule` matched: one Match for each string that was found, in the payload where it was.
std::vector<Match> explain_payload(Batch& batch, const Event& event, std::uint32_t rule,
                                   const YaraRules& rules, YaraScanner& scanner);

}  // namespace picket::rules
