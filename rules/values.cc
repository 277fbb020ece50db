#include "rules/values.h"

#include "rules/fold.h"

namespace picket::rules {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

// Calls f(Field) for every string and number of a JSON text that is a value, not a key. The text
// was checked when it was parsed; on anything else this reads tokens and stops at the end.
template <class F>
void for_each_leaf(std::string_view json, F f) {
  std::size_t at = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (c == '"') {
      const std::size_t begin = ++at;
      bool escaped = false;
      while (at < json.size() && json[at] != '"') {
        if (json[at] == '\\') {
          escaped = true;
          ++at;
        }
        ++at;
      }
      const std::size_t end = std::min(at, json.size());
      at = skip_space(json, end + 1);
      const bool is_key = at < json.size() && json[at] == ':';
      if (!is_key) {
        f(Field{json.data() + begin, static_cast<std::uint32_t>(end - begin), FieldId{},
                ValueKind::kString, escaped});
      }
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      const std::size_t begin = at;
      while (at < json.size() && json[at] != ',' && json[at] != '}' && json[at] != ']' &&
             !is_space(json[at]))
        ++at;
      f(Field{json.data() + begin, static_cast<std::uint32_t>(at - begin), FieldId{},
              ValueKind::kNumber, false});
    } else {
      ++at;
    }
  }
}

}  // namespace

void EventValues::begin(Batch& batch, const Event& event) {
  batch_ = &batch;
  event_ = &event;
  raw_ = batch.record_of(event).raw;
  folded_.clear();
  folded_texts_.reset();
}

void EventValues::load(const Route& route) {
  values_.clear();
  for (const std::uint16_t column : filled_) {
    if (column < heads_.size()) heads_[column] = Head{};
  }
  filled_.clear();
  if (heads_.size() < route.columns.size()) heads_.resize(route.columns.size());
  heads_[0] = Head{};
  keywords_loaded_ = false;
  for (const Field& field : batch_->fields(*event_)) {
    for (const Route::Place& place : route.places.of(field.id))
      add(place.column, place.rank, field);
  }
}

void EventValues::add(std::uint16_t column, std::uint16_t rank, const Field& field) {
  Head& head = heads_[column];
  if (!head.present) filled_.push_back(column);
  head.present = true;
  for_each_value(field, [&](const Field& value) {
    if (value.kind == ValueKind::kNull) return;
    if (head.first != kEnd && rank > head.rank) return;  // a preferred field has the word
    if (head.first == kEnd || rank < head.rank) {
      head = Head{.first = kEnd, .last = kEnd, .rank = rank, .present = true};
    }
    append(head, value);
  });
}

void EventValues::append(Head& head, const Field& field) {
  const auto index = static_cast<std::uint32_t>(values_.size());
  values_.push_back({.field = field, .text = {}, .folded = {}});
  if (head.first == kEnd) {
    head.first = index;
  } else {
    values_[head.last].next = index;
  }
  head.last = index;
}

std::string_view EventValues::text(std::uint32_t index) {
  Value& value = values_[index];
  if (!value.has_text) {
    value.text = field_text(value.field, batch_->arena());
    value.has_text = true;
  }
  return value.text;
}

std::string_view EventValues::folded(std::uint32_t index) {
  Value& value = values_[index];
  if (!value.has_folded) {
    value.folded = folded(value.field);
    value.has_folded = true;
  }
  return value.folded;
}

// An event has few fields that anybody folds.
std::string_view EventValues::folded(const Field& value) {
  for (const auto& [token, text] : folded_) {
    if (token.data() == value.data && token.size() == value.size) return text;
  }
  return folded_.emplace_back(value.token(), fold_value(value)).second;
}

std::string_view EventValues::fold_value(const Field& field) {
  if (!field.escaped) return fold_text(field.token());
  char* const out = folded_texts_.allocate(folded_size_max(field.size));
  if (const auto size = unescape_fold_into(field.token(), out)) return {out, *size};
  return fold_text(field_text(field, batch_->arena()));
}

std::string_view EventValues::fold_text(std::string_view text) {
  char* const out = folded_texts_.allocate(folded_size_max(text.size()));
  return {out, fold_into(text, out)};
}

void EventValues::load_keywords() {
  if (keywords_loaded_) return;
  keywords_loaded_ = true;
  Head& head = heads_[0];
  if (raw_.starts_with('{')) {
    for_each_leaf(raw_, [&](const Field& leaf) { append(head, leaf); });
    return;
  }
  append(head, {raw_.data(), static_cast<std::uint32_t>(raw_.size()), FieldId{}, ValueKind::kString,
                false});
}

}  // namespace picket::rules
