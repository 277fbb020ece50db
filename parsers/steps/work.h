// Work: one record while the steps of a definition take it apart.
//
// Gives the fields of the event begun last by id in constant time, puts, replaces and removes them,
// and keeps the bounds: what would go past one is not done, and the record says so. Names that
// begin with '_' and were put by steps go away at finish(). One per thread, begun anew for each
// record; views that it gives die with the batch.
#pragma once

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "event/ecs.h"
#include "event/event.h"
#include "parsers/formats/byte_marks.h"
#include "parsers/formats/pair.h"
#include "parsers/formats/w3c.h"
#include "parsers/json_names.h"
#include "parsers/json_reader.h"
#include "parsers/limits.h"
#include "parsers/steps/bigrams.h"
#include "parsers/steps/pair_names.h"

namespace picket::parsers {

struct StepTrace;

// One value that a pattern took, by the number of the value in its pattern.
struct Capture {
  std::uint32_t value = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

class Work {
 public:
  static constexpr std::size_t kStepsMax = 4000;      // run for one record
  static constexpr std::size_t kFieldsMax = 1000;     // of one event, if steps add any
  static constexpr std::size_t kBytesMax = 1U << 20;  // made for one record
  static constexpr std::uint32_t kPatternTriesMax = 200'000;

  // `names` must outlive it.
  explicit Work(JsonNames& names);

  // Fields that stand for ECS names.
  class Aliases {
   public:
    using Pairs = std::vector<std::pair<FieldId, FieldId>>;  // {ecs, original}

    Aliases() = default;
    explicit Aliases(Pairs pairs);  // of one name, the one to be preferred first
    // Those of one name.
    std::span<const std::pair<FieldId, FieldId>> of(FieldId ecs) const {
      const auto at = static_cast<std::size_t>(ecs);
      if (at + 1 >= starts_.size()) return {};
      return {pairs_.data() + starts_[at], starts_[at + 1] - starts_[at]};
    }

   private:
    Pairs pairs_;                        // sorted by ECS name
    std::vector<std::uint32_t> starts_;  // by ECS name, where its own begin there
  };

  // What is in the event already counts. `message` lies in the record or the arena; `aliases` must
  // live until the next begin().
  void begin(Batch& batch, std::string_view message, std::int32_t zone_offset_s,
             const Aliases& aliases);
  // Takes away what steps only kept for themselves. True if a bound was met; the names have noted
  // which.
  bool finish();
  // Takes away all that was added since begin().
  void undo();

  Batch& batch() { return *batch_; }
  Event& event() { return *event_; }
  Arena& arena() { return batch_->arena(); }
  JsonNames& names() { return *names_; }
  JsonReader& json() { return reader_; }
  std::string_view record() const { return record_; }
  std::string_view message() const { return message_; }
  void set_message(std::string_view text) { message_ = text; }
  // The columns that the heading of the record names; nullptr if it has none.
  const W3cColumns* columns();
  // Have some fields been removed, or have to go at finish()?
  bool is_untidy() const { return untidy_; }
  std::int32_t zone_offset_s() const { return zone_offset_s_; }
  std::int64_t received_ns() const { return received_ns_; }

  // The first of that id, or of the original names that stand for it; nullptr if there is none.
  // Until the next put.
  const Field* find(FieldId id) const {
    const auto at = static_cast<std::size_t>(id);
    if (at >= positions_.size() || positions_[at].record != number_) return find_original(id);
    return &batch_->fields(*event_)[positions_[at].at()];
  }
  // Is its name there more than once?
  bool is_repeated(const Field& found) const {
    return positions_[static_cast<std::size_t>(found.id)].repeated();
  }
  // Its value as text; of a list the first. Empty if there is none. `message` is the text behind
  // the envelope, whatever the record calls so, or what steps made of it.
  std::string_view text(FieldId id) {
    const Field* const field = id == ecs::kMessage ? nullptr : find(id);
    const bool is_text = field != nullptr && field->kind == ValueKind::kString && !field->escaped;
    return is_text ? field->token() : any_text(id);
  }
  // The field, if there is one of that name and its token is its text. nullptr says nothing.
  const Field* only_text(FieldId id) const {
    const auto at = static_cast<std::size_t>(id);
    if (id == ecs::kMessage || at >= positions_.size()) return nullptr;
    const Position& place = positions_[at];
    if (place.record != number_ || place.repeated()) return nullptr;
    const Field& field = batch_->fields(*event_)[place.at()];
    return field.kind == ValueKind::kString && !field.escaped ? &field : nullptr;
  }
  // `record` and `message` always are.
  bool has(FieldId id) const {
    return id == ecs::kMessage ? !message_.empty() : find(id) != nullptr || id == record_id_;
  }
  // Calls f(text) for each value of the name until f answers true. False if none did.
  template <class F>
  bool any_text(FieldId id, F f);

  // Replaces what was there. Empty texts are no values and are not put.
  void put(FieldId id, std::string_view text, ValueKind kind = ValueKind::kString);
  void put(const Field& field);
  // Beside what was there.
  void add(const Field& field);
  // All of these, under that name, instead of what was there.
  void put_all(FieldId id, std::span<const Field> fields);
  // One of the pairs of a text, the first of which was put when there were `start` fields: a name
  // that comes again is added, what was there before is replaced.
  void put_pair(const Field& field, std::uint32_t start);
  // All pairs of a text at once. None is empty.
  void put_pairs(std::span<const Field> pairs);
  void remove(FieldId id);
  // Calls f(field) for all of them, in order.
  template <class F>
  void each(F f) const;

  // Bytes of the arena; nullptr when the record has made too many.
  char* make(std::size_t size);
  std::string_view copy(std::string_view text);
  // A number as text.
  std::string_view digits(std::int64_t value);

  // One step more; false when there were too many.
  bool step() {
    if (++steps_ <= kStepsMax) return true;
    limit(Limit::kSteps);
    return false;
  }
  void limit(Limit limit) { limits_.add(limit); }
  // What all patterns of a record may cost.
  std::uint32_t& pattern_tries() { return pattern_tries_; }

  // Scratch for readers, empty when it is asked for.
  std::vector<Pair>& pairs() {
    pairs_.clear();
    return pairs_;
  }
  std::vector<Field>& fields() {
    fields_.clear();
    return fields_;
  }
  std::vector<Capture>& captures() {
    captures_.clear();
    return captures_;
  }
  // Room for kPairsMax fields, as they were left.
  std::span<Field> pair_room() {
    if (pair_room_.empty()) pair_room_.resize(kPairsMax);
    return pair_room_;
  }
  std::string_view heading() const { return heading_; }  // of the record; empty: it has none
  std::vector<std::string_view>& texts() {
    texts_.clear();
    return texts_;
  }

  ByteMarks& marks() { return marks_; }  // as they were left
  std::vector<std::string_view>& items() {
    items_.clear();
    return items_;
  }

  // Of a text of this record.
  const Bigrams& bigrams(std::string_view text) {
    if (bigrams_record_ != number_ || text.data() != bigrams_text_.data() ||
        text.size() != bigrams_text_.size()) {
      bigrams_.read(text);
      bigrams_text_ = text;
      bigrams_record_ = number_;
    }
    return bigrams_;
  }
  // Where the verb `owner` keeps what it knows about names.
  PairNames& names_of(const void* owner, std::string_view prefix);

  // Fields of which it matters that nothing happens to them (step_plan.h) before a place among the
  // steps. Until end_watch() or the next begin(), the first of them that a step before its place
  // puts, adds to or removes is noted; `watch` must live as long.
  class Watch {
   public:
    void add(FieldId id, std::uint32_t place);
    // Does what a step at `step` does to it matter?
    bool matters(FieldId id, std::uint32_t step) const { return step < place_of(id); }
    // Or is it surely no such field?
    bool may_matter(FieldId id) const { return bits_[static_cast<std::size_t>(id) % kBits]; }

   private:
    static constexpr std::size_t kBits = 2048;
    std::uint32_t place_of(FieldId id) const;
    std::vector<std::pair<FieldId, std::uint32_t>> places_;  // sorted
    std::bitset<kBits> bits_;
  };
  void begin_watch(const Watch& watch) {
    watch_ = &watch;
    touched_.reset();
  }
  // The step that is run now.
  void watch_step(std::uint32_t step) { watched_step_ = step; }
  void end_watch() { watch_ = nullptr; }
  const std::optional<FieldId>& touched() const { return touched_; }

  StepTrace* trace = nullptr;  // what the steps do is written there, if it is given

 private:
  // Written as whole words: reading a word of which a byte was written just before is slow.
  struct Position {
    static constexpr std::uint32_t kRepeated = 1;
    static constexpr std::uint32_t kOwn = 2;

    std::uint32_t record = 0;  // counts records; another one: the field is not there
    std::uint32_t bits = 0;    // the place, and two bits

    std::uint32_t at() const { return bits >> 2U; }
    bool repeated() const { return (bits & kRepeated) != 0; }
    bool own() const { return (bits & kOwn) != 0; }  // its name begins with '_'
    void set(std::uint32_t number, std::uint32_t place) {
      record = number;
      bits = place << 2U | (bits & kOwn);
    }
  };

  Position& position(FieldId id) {
    const auto at = static_cast<std::size_t>(id);
    if (at >= positions_.size()) [[unlikely]]
      grow(at);
    return positions_[at];
  }
  const Field* find_original(FieldId id) const {
    for (const auto& [ecs, original] : aliases_->of(id)) {
      const auto at = static_cast<std::size_t>(original);
      if (at >= positions_.size() || positions_[at].record != number_) continue;
      return &batch_->fields(*event_)[positions_[at].at()];
    }
    return nullptr;
  }
  std::string_view any_text(FieldId id);
  void grow(std::size_t at);
  void index();
  // Before a field that was there at begin() changes.
  void keep() {
    if (!kept_all_) kept_.assign(before_fields().begin(), before_fields().end());
    kept_all_ = true;
  }
  std::span<Field> before_fields() { return batch_->last_fields().first(before_); }
  void push(const Field& field) { push(field, position(field.id)); }
  void push(const Field& field, Position& place);
  std::size_t place_fresh(std::span<const Field> pairs, std::uint32_t start);
  void touch(FieldId id) {
    if (watch_ != nullptr && watch_->may_matter(id)) [[unlikely]]
      touch_watched(id);
  }
  void touch_watched(FieldId id) {
    if (!touched_ && watch_->matters(id, watched_step_)) touched_ = id;
  }

  JsonNames* names_;
  JsonReader reader_;
  FieldId record_id_;
  const Aliases* aliases_ = nullptr;
  std::unordered_map<const void*, std::unique_ptr<PairNames>> pair_names_;
  const void* last_owner_ = nullptr;  // of them
  PairNames* last_names_ = nullptr;   // its own
  Batch* batch_ = nullptr;
  Event* event_ = nullptr;  // the one begun last
  std::string_view record_;
  std::string_view message_;
  std::string_view heading_;
  std::string read_heading_;  // the one that columns_ are of
  W3cColumns columns_;
  std::int32_t zone_offset_s_ = 0;
  std::int64_t received_ns_ = 0;
  std::vector<Position> positions_;  // by field
  std::uint32_t number_ = 0;         // of the record
  std::uint32_t before_ = 0;         // fields that were there at begin()
  std::size_t steps_ = 0;
  std::size_t bytes_ = 0;
  std::uint32_t pattern_tries_ = 0;
  LimitSet limits_;
  const Watch* watch_ = nullptr;
  std::uint32_t watched_step_ = 0;
  std::optional<FieldId> touched_;
  bool untidy_ = false;  // some fields have to go at finish()
  bool kept_all_ = false;
  std::vector<Field> kept_;  // as they were at begin(), if one has changed
  std::vector<Pair> pairs_;
  std::vector<Field> fields_;
  std::vector<Field> pair_room_;
  std::vector<Capture> captures_;
  std::vector<std::string_view> texts_;
  std::vector<std::string_view> items_;
  ByteMarks marks_;
  Bigrams bigrams_;
  std::string_view bigrams_text_;     // of which they are,
  std::uint32_t bigrams_record_ = 0;  // in that record
};

template <class F>
void Work::each(F f) const {
  for (const Field& field : batch_->fields(*event_)) {
    if (field.data != nullptr) f(field);
  }
}

template <class F>
bool Work::any_text(FieldId id, F f) {
  if (id == ecs::kMessage) return f(message_);
  const Field* first = find(id);
  if (first == nullptr) return id == record_id_ && f(record_);
  id = first->id;
  bool found = false;
  const auto look = [&](const Field& field) {
    for_each_value(field, [&](const Field& value) {
      if (!found) found = f(field_text(value, arena()));
    });
  };
  if (!positions_[static_cast<std::size_t>(id)].repeated()) {
    look(*first);
    return found;
  }
  each([&](const Field& field) {
    if (field.id == id) look(field);
  });
  return found;
}

}  // namespace picket::parsers
