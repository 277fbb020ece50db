// Event and Batch: what flows through the house.
//
// A Batch owns an Arena; records, events and fields point into it and all die together at clear().
// Keeping an Event past its Batch is a bug; what must live longer is copied out with own(). A batch
// belongs to one thread at a time and moves between threads whole.
//
// The life of a batch: a door add()s records; a parser appends fields and finishes one event per
// record, in the same order (events()[i] is of records()[i]); rules append hits.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/check.h"
#include "event/field.h"
#include "event/kind.h"
#include "event/record.h"

namespace picket {

enum class ParseStatus : std::uint8_t {
  kParsed,   // recognised and taken apart
  kPartial,  // the envelope was understood, the content was not
  kRaw,      // nothing was understood; raw bytes only
};
std::string_view parse_status_name(ParseStatus status);  // "parsed", "partial", "raw"

struct Event {
  std::int64_t time_ns = 0;  // event time; the receive time when the record has none
  std::uint32_t first_field = 0;
  std::uint32_t field_count = 0;
  KindId kind = kUnknownKind;
  ParseStatus status = ParseStatus::kRaw;
  Layer layer = Layer::kNone;  // of its source, or of its kind
  bool plain = false;  // no "\\u", and only ASCII folds to ASCII: that stands there as it is
};

// A detection rule true on one event. `rule` indexes the rule set that made it.
struct Hit {
  std::uint32_t event;  // index into the batch
  std::uint32_t rule;
};

class Batch {
 public:
  // Every record is followed by this many readable bytes, so that SIMD may read past its end.
  static constexpr std::size_t kPadding = 64;

  // Copies `raw` into the arena.
  Record& add(std::string_view raw, SourceId source, std::uint64_t seq, std::int64_t received_ns);

  // Copies `heading` into the arena, once for neighbours that have the same. Empty: the record has
  // none.
  void set_heading(Record& record, std::string_view heading);

  Arena& arena() { return arena_; }
  std::vector<Record>& records() { return records_; }
  const std::vector<Record>& records() const { return records_; }
  std::vector<Event>& events() { return events_; }
  const std::vector<Event>& events() const { return events_; }
  std::vector<Hit>& hits() { return hits_; }
  const std::vector<Hit>& hits() const { return hits_; }

  // For parsers: start an event, append its fields, and it is complete.
  Event& begin_event() {
    PICKET_CHECK(events_.size() < records_.size());
    const Record& record = records_[events_.size()];
    Event& event = events_.emplace_back();
    event.time_ns = record.received_ns;
    event.first_field = static_cast<std::uint32_t>(fields_.size());
    return event;
  }
  const Record& record_of(const Event& event) const {
    return records_[static_cast<std::size_t>(&event - events_.data())];
  }
  // Only for the event begun last. The value must live in the record or in the arena.
  void push(const Field& field) {
    fields_.push_back(field);
    ++events_.back().field_count;
  }
  void push(FieldId id, std::string_view text, ValueKind kind = ValueKind::kString) {
    push(Field{text.data(), static_cast<std::uint32_t>(text.size()), id, kind, false});
  }
  void push_all(std::span<const Field> fields) {
    fields_.insert(fields_.end(), fields.begin(), fields.end());
    events_.back().field_count += static_cast<std::uint32_t>(fields.size());
  }
  void push(FieldId, std::string&&) = delete;  // would dangle
  // Drops the fields that the event begun last has behind its first `keep`: its format was not what
  // it seemed.
  void drop_fields(std::uint32_t keep = 0) {
    PICKET_CHECK(keep <= events_.back().field_count);
    fields_.resize(events_.back().first_field + keep);
    events_.back().field_count = keep;
  }

  // Those of the event begun last, to be changed in place. Until the next push.
  std::span<Field> last_fields() {
    return {fields_.data() + events_.back().first_field, events_.back().field_count};
  }

  std::span<const Field> fields(const Event& event) const {
    return {fields_.data() + event.first_field, event.field_count};
  }
  // The first field of that very id.
  const Field* find(const Event& event, FieldId id) const;
  // By ECS name: that very id, or the original fields that the event's kind names for it and that
  // can_stand_for() it.
  const Field* find_ecs(const Event& event, FieldId ecs) const;
  // The same as text, with the kind's constants and observer.layer answered too; nullopt if absent.
  std::optional<std::string_view> text(const Event& event, FieldId ecs);

  std::size_t bytes() const { return bytes_; }  // of all raw records
  void clear();

 private:
  Arena arena_{256 * 1024};
  std::vector<Record> records_;
  std::vector<Event> events_;
  std::vector<Field> fields_;
  std::vector<Hit> hits_;
  std::size_t bytes_ = 0;
  std::string_view heading_;  // given last
};

using BatchPtr = std::unique_ptr<Batch>;

// The one way out of a batch's lifetime.
inline std::string own(std::string_view text) {
  return std::string(text);
}

}  // namespace picket
