// EventValues: the values of one event, laid out by the columns of its route.
//
// Text and folded text are made when somebody first asks for them, be it to wake rules or to
// evaluate them. Reused from event to event; views of a value die at the next begin(). One per
// evaluating thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "event/event.h"
#include "rules/route.h"

namespace picket::rules {

class EventValues {
 public:
  static constexpr std::uint32_t kEnd = 0xFFFFFFFF;

  // Goes on to `event`; all values of the last one are gone.
  void begin(Batch& batch, const Event& event);
  // Lays it out by the columns of `route`, which is of its kind. Once, after begin().
  void load(const Route& route);

  // f(index) for each value of a column until it answers true; true if it did. A value is named by
  // an index that lives until the next load().
  template <class F>
  bool any(std::uint16_t column, F f) {
    if (column == 0) load_keywords();
    for (std::uint32_t i = heads_[column].first; i != kEnd; i = values_[i].next) {
      if (f(i)) return true;
    }
    return false;
  }
  bool has(std::uint16_t column) const { return heads_[column].first != kEnd; }
  // The field is there, be it null or an empty list.
  bool present(std::uint16_t column) const { return heads_[column].present; }

  const Field& field(std::uint32_t index) const { return values_[index].field; }
  std::string_view text(std::uint32_t index);
  std::string_view folded(std::uint32_t index);
  std::string_view folded(const Field& value);
  const Event& event() const { return *event_; }

 private:
  struct Value {
    Field field;
    std::string_view text;
    std::string_view folded;
    std::uint32_t next = kEnd;
    bool has_text = false;
    bool has_folded = false;
  };
  struct Head {
    std::uint32_t first = kEnd;
    std::uint32_t last = kEnd;
    std::uint16_t rank = 0;
    bool present = false;
  };

  void add(std::uint16_t column, std::uint16_t rank, const Field& field);
  void append(Head& head, const Field& field);
  std::string_view fold_value(const Field& field);
  std::string_view fold_text(std::string_view text);
  void load_keywords();

  Batch* batch_ = nullptr;
  const Event* event_ = nullptr;
  std::string_view raw_;
  std::vector<Value> values_;
  std::vector<Head> heads_;
  std::vector<std::uint16_t> filled_;
  bool keywords_loaded_ = false;
  Arena folded_texts_;
  std::vector<std::pair<std::string_view, std::string_view>> folded_;  // by token, the bytes of it
};

}  // namespace picket::rules
