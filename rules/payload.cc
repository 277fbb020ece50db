#include "rules/payload.h"

#include <algorithm>

#include "event/ecs.h"
#include "rules/base64_decode.h"

namespace picket::rules {
namespace {

constexpr std::size_t kBefore = 1024;     // of a payload, shown before a match
constexpr std::size_t kValueMax = 4096;   // shown in all
constexpr std::size_t kRunMin = 24;       // shorter runs of Base64 letters hide nothing

// Cheap look before decoding: a run of Base64 letters that is long enough, or an encoded command.
bool may_hold_base64(std::string_view text) {
  std::size_t run = 0;
  for (const char c : text) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                        c == '+' || c == '/' || c == '=';
    run = letter ? run + 1 : 0;
    if (run >= kRunMin) return true;
  }
  return false;
}

// Calls f(Payload) for each; what it is given lives during the call.
template <class F>
void for_each_payload(Batch& batch, const Event& event, F f) {
  const Field* script = batch.find_ecs(event, ecs::kPowershellScriptBlock);
  const Field* command = batch.find_ecs(event, ecs::kProcessCommandLine);
  if (script != nullptr) f(Payload{script->id, field_text(*script, batch.arena()), false});
  for (const Field* field : {command, script}) {
    if (field == nullptr) continue;
    const std::string_view text = field_text(*field, batch.arena());
    if (!may_hold_base64(text)) continue;
    for (const Base64Payload& payload : decode_base64_payloads(text)) f(Payload{field->id, payload.text, true});
  }
}

Match match_of(const Payload& payload, const YaraStringMatch& found, const YaraRule& rule, const EventKind& kind) {
  Match match;
  match.selection = found.identifier;
  match.line = rule.line;
  match.field = field_name(kind.ecs_of(payload.field));
  match.rule_field = payload.is_decoded ? "decoded payload" : "payload";
  const std::size_t from = found.offset > kBefore ? found.offset - kBefore : 0;
  match.value = payload.text.substr(from, kValueMax);
  match.begin = static_cast<std::uint32_t>(std::min(found.offset - from, match.value.size()));
  match.end = static_cast<std::uint32_t>(std::min(found.offset - from + found.length, match.value.size()));
  return match;
}

}  // namespace

bool may_have_payload(const EventKind& kind) {
  return !kind.originals(ecs::kPowershellScriptBlock).empty() || !kind.originals(ecs::kProcessCommandLine).empty();
}

PayloadScan scan_payloads(Batch& batch, const Event& event, YaraScanner& scanner) {
  PayloadScan result;
  for_each_payload(batch, event, [&](const Payload& payload) {
    const YaraScan scan = scanner.scan(payload.text);
    if (scan.status == YaraStatus::kTimedOut) ++result.timed_out;
    if (scan.status == YaraStatus::kTooLarge) ++result.too_large;
    for (const YaraMatch& match : scan.matches) result.rules.push_back(match.rule);
  });
  std::sort(result.rules.begin(), result.rules.end());
  result.rules.erase(std::unique(result.rules.begin(), result.rules.end()), result.rules.end());
  return result;
}

std::vector<Match> explain_payload(Batch& batch, const Event& event, std::uint32_t rule,
                                   const YaraRules& rules, YaraScanner& scanner) {
  std::vector<Match> matches;
  const EventKind& kind = kind_of(event.kind);
  for_each_payload(batch, event, [&](const Payload& payload) {
    for (const YaraMatch& match : scanner.scan(payload.text).matches) {
      if (match.rule != rule) continue;
      for (const YaraStringMatch& found : match.strings) {
        matches.push_back(match_of(payload, found, rules.rule(rule), kind));
      }
      if (match.strings.empty()) matches.push_back(match_of(payload, {}, rules.rule(rule), kind));
    }
  });
  return matches;
}

}  // namespace picket::rules
