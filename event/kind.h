// EventKind: what sort of event this is, decided once per event by its parser.
//
// A kind stands for one dataset, and within Windows for one channel and event id. It carries what is
// the same for all its events: the constants (event.category, observer.layer, ...) and the ECS names
// of original fields. So the hot path stores original fields only, and everybody else (rules,
// correlation, search, output) asks for ECS names through the kind. Rules are routed by kind: one
// table look-up an event.
//
// Kinds are made by parsers from source definitions, never changed and never freed. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/field.h"
#include "event/record.h"

namespace picket {

enum class KindId : std::uint16_t {};
inline constexpr KindId kUnknownKind{0};  // nothing recognised: no dataset, no names

struct EventKind {
  KindId id{};
  std::string dataset;   // event.dataset: "sshd.auth", "windows.sysmon"; empty if unknown
  std::string product;   // Sigma log source it is: "windows", "linux", ...
  std::string service;   // "sshd", "sysmon", ...
  std::string category;  // "webserver", "firewall", ...
  std::string channel;   // Windows: winlog.channel, as in the event
  std::string provider;  // Windows: event.provider where a definition needs it, else empty
  std::int64_t code = -1;  // Windows: event id; -1: any other
  std::string variant;     // what else tells kinds of one dataset apart: its definition, a value
  Layer layer = Layer::kNone;
  // ECS constants of every such event, in output order: {"event.category", "process"}.
  std::vector<std::pair<FieldId, std::string>> constants;
  // ECS name -> original field that holds it, several in order of preference.
  std::vector<std::pair<FieldId, FieldId>> aliases;  // {ecs, original}, sorted by ecs

  // The original fields that stand for an ECS name in events of this kind.
  std::span<const std::pair<FieldId, FieldId>> originals(FieldId ecs) const;
  // The ECS name of an original field; the field itself when it has none.
  FieldId ecs_of(FieldId original) const;
  const std::string* constant(FieldId ecs) const;
};

// The id of a kind equal in (dataset, channel, provider, code, variant), made if it is new. When 65,535 kinds
// exist, kUnknownKind. Takes a lock: parsers keep the answer.
KindId intern_kind(EventKind kind);
const EventKind& kind_of(KindId id);  // no lock
std::size_t kind_count();

}  // namespace picket
