// Payloads of an event: the texts that YARA looks at. Fields as they are (PowerShell script blocks, unless
// told otherwise), and what the Base64 in fields decodes to (command lines and script blocks).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "rules/yara.h"

namespace picket::rules {

// What YARA looks at. Names are ECS names.
struct PayloadOptions {
  std::vector<std::string> fields = {"powershell.file.script_block_text"};
  std::vector<std::string> decoded = {"process.command_line", "powershell.file.script_block_text"};
  YaraScanLimits limits;
};

// The fields of PayloadOptions, as events know them. Immutable; any thread.
class PayloadFields {
 public:
  explicit PayloadFields(const PayloadOptions& options);

  const std::vector<FieldId>& whole() const { return whole_; }
  const std::vector<FieldId>& decoded() const { return decoded_; }
  // Every name that an event of this kind may have one of them under. Asked once a kind.
  std::vector<FieldId> names_in(const EventKind& kind) const;

 private:
  std::vector<FieldId> whole_;
  std::vector<FieldId> decoded_;
};

struct Payload {
  FieldId field{};        // as in the event
  std::string_view text;  // lives as long as the batch, or as `decoded` below
  bool is_decoded = false;
};

// Payloads by what became of them. One that was not scanned to the end is not clean.
struct PayloadCounters {
  std::uint64_t scanned = 0;    // to the end
  std::uint64_t timed_out = 0;  // YARA did not finish
  std::uint64_t too_large = 0;  // YARA did not look
  std::uint64_t failed = 0;     // libyara could not

  void add(YaraStatus status);
  void add(const PayloadCounters& more);
  std::uint64_t unscanned() const { return timed_out + too_large + failed; }
};

// What YARA found in one event.
struct PayloadScan {
  std::vector<std::uint32_t> rules;  // YARA rules that matched, sorted, each once
  PayloadCounters counters;
};

PayloadScan scan_payloads(Batch& batch, const Event& event, const PayloadFields& fields, YaraScanner& scanner);

// Why `rule` matched: one Match for each string that was found, in the payload where it was.
std::vector<Match> explain_payload(Batch& batch, const Event& event, const PayloadFields& fields, std::uint32_t rule,
                                   const YaraRules& rules, YaraScanner& scanner);

}  // namespace picket::rules
