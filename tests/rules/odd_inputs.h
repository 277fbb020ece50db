// Odd rules and odd events, made from choices: by seed for a property test, from bytes for a
// fuzzer.
//
// An event is made twice, as the JSON text that a source would send and as the PlainEvent that the
// text means, so nothing of Picket's own reading is trusted. Owns what it returns. One thread.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "tests/rules/reference.h"

namespace picket::rules {

class Choices {
 public:
  explicit Choices(unsigned seed) : random_(seed) {}
  // One byte a choice, two for large ones; zeros when they are used up.
  explicit Choices(std::string_view bytes) : bytes_(bytes), from_bytes_(true) {}

  std::size_t below(std::size_t bound);
  bool one_in(std::size_t n) { return below(n) == n - 1; }  // never, once the bytes are used up
  bool used_up() const { return from_bytes_ && at_ >= bytes_.size(); }

 private:
  std::mt19937 random_;
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool from_bytes_ = false;
};

Node odd_rule(Choices& choices, int depth);

struct OddEvent {
  std::string json;
  PlainEvent plain;
};
OddEvent odd_event(Choices& choices);

}  // namespace picket::rules
