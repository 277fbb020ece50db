// EventField: a name of a query, and its values in an event.
//
// By ECS name or original name; a name that stands for several original fields has the values of
// all of them, those of addresses only where it is one. What is not a field of the event itself has
// a value too: @timestamp, event.original, event.dataset, event.ingested, observer.layer,
// picket.source, picket.seq, picket.parse_status and the constants of the event's kind. Belongs to
// one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "event/ecs.h"
#include "event/ecs_type.h"
#include "event/event.h"

namespace picket::storage {

class EventField {
 public:
  enum class Special : std::uint8_t {
    kNone,
    kTimestamp,
    kOriginal,
    kIngested,
    kStatus,
    kSource,
    kSeq
  };

  explicit EventField(std::string name);

  const std::string& name() const { return name_; }
  Special special() const { return special_; }
  // Decided by the record alone: no need to parse it.
  bool is_of_record() const {
    return special_ == Special::kOriginal || special_ == Special::kSource ||
           special_ == Special::kSeq;
  }

  // Calls f(text) for each value until it answers true; so does this, then. The views die with the
  // batch or at the end of the call.
  template <class F>
  bool any_of_record(const Record& record, std::string_view source, F f) const {
    switch (special_) {
      case Special::kOriginal:
        return f(record.raw);
      case Special::kSource:
        return !source.empty() && f(source);
      case Special::kSeq:
        return f(std::string_view(std::to_string(record.seq)));
      default:
        return false;
    }
  }

  template <class F>
  bool any(Batch& batch, const Event& event, std::string_view source, F f) {
    const Record& record = batch.record_of(event);
    switch (special_) {
      case Special::kNone:
        return any_field(batch, event, f);
      case Special::kTimestamp:
        return f(std::string_view(format_time(event.time_ns)));
      case Special::kIngested:
        return f(std::string_view(format_time(record.received_ns)));
      case Special::kStatus:
        return f(parse_status_name(event.status));
      default:
        return any_of_record(record, source, f);
    }
  }

 private:
  template <class F>
  bool any_field(Batch& batch, const Event& event, F f) {
    // A name that no parser has met yet may come up with the next event.
    if (!id_) id_ = find_field(name_);
    if (!id_) return false;
    const EventKind& kind = kind_of(event.kind);
    const auto originals = kind.originals(*id_);
    bool found = false;
    for (const Field& field : batch.fields(event)) {
      const bool own = field.id == *id_;
      bool named = own;
      for (const auto& [ecs, original] : originals) named = named || field.id == original;
      if (!named) continue;
      const bool addresses = !own && of_addresses_;  // what is none does not stand for one
      for_each_value(field, [&](const Field& value) {
        if (addresses && !is_address(value)) return;
        found = found || f(field_text(value, batch.arena()));
      });
      if (found) return true;
    }
    if (*id_ == ecs::kObserverLayer)
      return event.layer != Layer::kNone && f(layer_name(event.layer));
    if (*id_ == ecs::kEventDataset && !kind.dataset.empty() && f(std::string_view(kind.dataset)))
      return true;
    for (const auto& [name, value] : kind.constants) {
      if (name == *id_ && f(std::string_view(value))) return true;
    }
    return false;
  }

  std::string name_;
  Special special_ = Special::kNone;
  bool of_addresses_ = false;
  std::optional<FieldId> id_;
};

}  // namespace picket::storage
