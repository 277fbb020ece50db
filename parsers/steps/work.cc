#include "parsers/steps/work.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "event/ecs.h"

namespace picket::parsers {
Work::Work(JsonNames& names)
    : names_(&names), reader_(names), record_id_(intern_field("record").value_or(FieldId{})) {}

PairNames& Work::names_of(const void* owner, std::string_view prefix) {
  if (owner == last_owner_) return *last_names_;
  std::unique_ptr<PairNames>& found = pair_names_[owner];
  if (found == nullptr) found = std::make_unique<PairNames>(*names_, prefix);
  last_owner_ = owner;
  last_names_ = found.get();
  return *last_names_;
}

void Work::begin(Batch& batch, std::string_view message, std::int32_t zone_offset_s,
                 const Aliases& aliases) {
  batch_ = &batch;
  event_ = &batch.events().back();
  aliases_ = &aliases;
  const Record& record = batch.record_of(batch.events().back());
  record_ = record.raw;
  received_ns_ = record.received_ns;
  heading_ = record.heading;
  message_ = message;
  zone_offset_s_ = zone_offset_s;
  steps_ = 0;
  bytes_ = 0;
  pattern_tries_ = kPatternTriesMax;
  limits_ = {};
  untidy_ = false;
  before_ = event_->field_count;
  kept_all_ = false;
  watch_ = nullptr;
  index();
}

void Work::Watch::add(FieldId id, std::uint32_t place) {
  bits_.set(static_cast<std::size_t>(id) % kBits);
  const auto at = std::lower_bound(places_.begin(), places_.end(), std::pair(id, std::uint32_t{0}));
  if (at == places_.end() || at->first != id) {
    places_.insert(at, {id, place});
  } else {
    at->second = std::max(at->second, place);
  }
}

std::uint32_t Work::Watch::place_of(FieldId id) const {
  const auto at = std::lower_bound(places_.begin(), places_.end(), std::pair(id, std::uint32_t{0}));
  return at == places_.end() || at->first != id ? 0 : at->second;
}

const W3cColumns* Work::columns() {
  if (heading_.empty()) return nullptr;
  if (read_heading_ != heading_) {
    read_heading_ = heading_;
    if (!read_w3c_heading(heading_, columns_)) columns_.names.clear();
  }
  return columns_.names.empty() ? nullptr : &columns_;
}

// A field without data is one that was removed.
void Work::index() {
  if (++number_ == 0) {  // counted once around
    for (Position& place : positions_) place.record = 0;
    number_ = 1;
  }
  const auto fields = batch_->last_fields();
  for (std::uint32_t at = 0; at < fields.size(); ++at) {
    Position& place = position(fields[at].id);
    if (place.record == number_) {
      place.bits |= Position::kRepeated;
      continue;
    }
    place.set(number_, at);
  }
}

bool Work::finish() {
  if (untidy_) {
    const auto fields = batch_->last_fields();
    std::uint32_t kept = 0;
    for (std::uint32_t at = 0; at < fields.size(); ++at) {
      const Field field = fields[at];
      const bool own = at >= before_ && position(field.id).own();
      if (field.data != nullptr && !own) fields[kept++] = field;
    }
    batch_->drop_fields(kept);
  }
  names_->limits().add(limits_);
  return !limits_.empty();
}

void Work::undo() {
  names_->limits().add(limits_);
  batch_->drop_fields(before_);
  if (kept_all_) std::copy(kept_.begin(), kept_.end(), batch_->last_fields().begin());
  untidy_ = false;
  index();
}

void Work::grow(std::size_t at) {
  const std::size_t known = positions_.size();
  positions_.resize(std::max(at + 1, field_count()));
  for (std::size_t i = known; i < positions_.size(); ++i) {
    const bool own = field_name(FieldId{static_cast<std::uint16_t>(i)}).starts_with('_');
    positions_[i].bits = own ? Position::kOwn : 0;
  }
}

Work::Aliases::Aliases(Pairs pairs) : pairs_(std::move(pairs)) {
  std::stable_sort(pairs_.begin(), pairs_.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  if (pairs_.empty()) return;
  starts_.resize(static_cast<std::size_t>(pairs_.back().first) + 2);
  for (const auto& [ecs, original] : pairs_) ++starts_[static_cast<std::size_t>(ecs) + 1];
  for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
}

std::string_view Work::any_text(FieldId id) {
  if (id == ecs::kMessage) return message_;
  const Field* field = find(id);
  if (field == nullptr) return id == record_id_ ? record_ : std::string_view();
  if (field->kind != ValueKind::kArray) return field_text(*field, arena());
  std::size_t at = 0;
  Field first;
  return next_element(field->token(), at, first) ? field_text(first, arena()) : std::string_view();
}

void Work::push(const Field& field, Position& place) {
  const std::uint32_t count = event_->field_count;
  if (count >= before_ + kFieldsMax) [[unlikely]] {
    limit(Limit::kFields);
    return;
  }
  untidy_ |= place.own();
  if (place.record == number_) {
    place.bits |= Position::kRepeated;
  } else {
    place.set(number_, count);
  }
  touch(field.id);
  batch_->push(field);
}

void Work::put(FieldId id, std::string_view text, ValueKind kind) {
  put(Field{text.data(), static_cast<std::uint32_t>(text.size()), id, kind, false});
}

void Work::put(const Field& field) {
  if (field.size == 0 && field.kind != ValueKind::kNull) return;
  if (field.id == ecs::kMessage) message_ = field_text(field, arena());
  Position& place = position(field.id);
  if (place.record != number_) {
    push(field, place);
    return;
  }
  if (place.repeated()) {
    remove(field.id);
    push(field, place);
    return;
  }
  if (place.at() < before_) keep();
  touch(field.id);
  batch_->last_fields()[place.at()] = field;
}

void Work::add(const Field& field) {
  if (field.size != 0) push(field);
}

void Work::put_all(FieldId id, std::span<const Field> fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    Field made = fields[i];
    made.id = id;
    if (i == 0) {
      put(made);
    } else {
      add(made);
    }
  }
}

void Work::put_pair(const Field& field, std::uint32_t start) {
  if (field.size == 0) return;
  Position& place = position(field.id);
  if (place.record == number_ && place.at() < start) {
    put(field);
  } else {
    push(field, place);
  }
}

void Work::put_pairs(std::span<const Field> pairs) {
  const std::uint32_t start = event().field_count;
  if (start + pairs.size() > before_ + kFieldsMax) {
    for (const Field& field : pairs) put_pair(field, start);
    return;
  }
  const std::size_t fresh = watch_ == nullptr ? place_fresh(pairs, start) : 0;
  std::uint32_t count = start + static_cast<std::uint32_t>(fresh);
  std::size_t from = 0;  // pairs before it are put
  for (std::size_t i = fresh; i < pairs.size(); ++i) {
    Position& place = position(pairs[i].id);
    if (place.record == number_) {
      if (place.at() < start) {
        batch_->push_all(pairs.subspan(from, i - from));
        from = i + 1;
        put(pairs[i]);
        count = event().field_count;
        continue;
      }
      place.bits |= Position::kRepeated;
    } else {
      place.set(number_, count);
    }
    touch(pairs[i].id);
    untidy_ |= place.own();
    ++count;
  }
  batch_->push_all(pairs.subspan(from));
}

// Notes the places of those before the first whose name was there. How many these are.
std::size_t Work::place_fresh(std::span<const Field> pairs, std::uint32_t start) {
  bool own = false;
  std::size_t i = 0;
  for (; i < pairs.size(); ++i) {
    Position& place = position(pairs[i].id);
    if (place.record == number_) break;
    own |= place.own();
    place.set(number_, start + static_cast<std::uint32_t>(i));
  }
  untidy_ |= own;
  return i;
}

void Work::remove(FieldId id) {
  Position& place = position(id);
  if (place.record != number_) return;
  touch(id);
  if (place.at() < before_) keep();
  const auto fields = batch_->last_fields();
  for (std::size_t at = place.at(); at < fields.size(); ++at) {
    if (fields[at].id == id) fields[at].data = nullptr;
    if (!place.repeated()) break;
  }
  place.record = number_ - 1;
  untidy_ = true;
}

char* Work::make(std::size_t size) {
  if (size > kBytesMax - bytes_) {
    limit(Limit::kMade);
    return nullptr;
  }
  bytes_ += size;
  return arena().allocate(size);
}

std::string_view Work::copy(std::string_view text) {
  char* const at = make(text.size());
  if (at == nullptr) return {};
  std::memcpy(at, text.data(), text.size());
  return {at, text.size()};
}

std::string_view Work::digits(std::int64_t value) {
  char* const at = make(20);
  if (at == nullptr) return {};
  const auto end = std::to_chars(at, at + 20, value).ptr;
  return {at, static_cast<std::size_t>(end - at)};
}

}  // namespace picket::parsers
