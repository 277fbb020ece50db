#include "rules/payload.h"

#include <algorithm>

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
void for_each_payload(Batch& batch, const Event& event, const PayloadFields& fields, F f) {
  for (const FieldId id : fields.whole()) {
    if (const Field* field = batch.find_ecs(event, id)) f(Payload{field->id, field_text(*field, batch.arena()), false});
  }
  for (const FieldId id : fields.decoded()) {
    const Field* field = batch.find_ecs(event, id);
    if (field == nullptr) continue;
    const std::string_view text = field_text(*field, batch.arena());
    if (!may_hold_base64(text)) continue;
    for (const Base64Payload& payload : decode_base64_payloads(text)) f(Payload{field->id, payload.text, true});
  }
}

std::vector<FieldId> ids_of(const std::vector<std::string>& names) {
  std::vector<FieldId> ids;
  for (const std::string& name : names) {
    if (const auto id = intern_field(name)) ids.push_back(*id);  // no room for the name: no event has it
  }
  return ids;
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

PayloadFields::PayloadFields(const PayloadOptions& options)
    : whole_(ids_of(options.fields)), decoded_(ids_of(options.decoded)) {}

std::vector<FieldId> PayloadFields::names_in(const EventKind& kind) const {
  std::vector<FieldId> names;
  for (const std::vector<FieldId>* fields : {&whole_, &decoded_}) {
    for (const FieldId field : *fields) {
      names.push_back(field);
      for (const auto& [ecs, original] : kind.originals(field)) names.push_back(original);
    }
  }
  return names;
}

void PayloadCounters::add(YaraStatus status) {
  switch (status) {
    case YaraStatus::kDone: ++scanned; break;
    case YaraStatus::kTimedOut: ++timed_out; break;
    case YaraStatus::kTooLarge: ++too_large; break;
    case YaraStatus::kFailed: ++failed; break;
  }
}

void PayloadCounters::add(const PayloadCounters& more) {
  scanned += more.scanned;
  timed_out += more.timed_out;
  too_large += more.too_large;
  failed += more.failed;
}

PayloadScan scan_payloads(Batch& batch, const Event& event, const PayloadFields& fields, YaraScanner& scanner) {
  PayloadScan result;
  for_each_payload(batch, event, fields, [&](const Payload& payload) {
    const YaraScan scan = scanner.scan(payload.text);
    result.counters.add(scan.status);
    for (const YaraMatch& match : scan.matches) result.rules.push_back(match.rule);
  });
  for (const FieldId id : fields.decoded()) {  // what lies behind is not decoded
    const Field* field = batch.find_ecs(event, id);
    if (field != nullptr && field->size > Base64Limits{}.input_bytes_max) result.counters.add(YaraStatus::kTooLarge);
  }
  std::sort(result.rules.begin(), result.rules.end());
  result.rules.erase(std::unique(result.rules.begin(), result.rules.end()), result.rules.end());
  return result;
}

std::vector<Match> explain_payload(Batch& batch, const Event& event, const PayloadFields& fields, std::uint32_t rule,
                                   const YaraRules& rules, YaraScanner& scanner) {
  std::vector<Match> matches;
  const EventKind& kind = kind_of(event.kind);
  for_each_payload(batch, event, fields, [&](const Payload& payload) {
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
