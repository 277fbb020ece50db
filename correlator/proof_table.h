// ProofTable: what a hit says of its event in an alert, packed; that of events which look the same
// is made once. Reads batches, keeps nothing of them. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "correlator/member.h"
#include "event/event.h"

namespace picket::correlator {

class ProofTable {
 public:
  ProofTable() : slots_(kSlots) {}

  // A new batch: what was looked at last was of another one.
  void begin_batch() { event_ = SIZE_MAX; }
  // Entities and layer of the event with this number.
  SharedText bare(Batch& batch, std::uint32_t event) { return look(batch, event).packed; }
  // And what made a rule true.
  std::string with(Batch& batch, std::uint32_t event, std::vector<Match> matches);

 private:
  static constexpr std::size_t kSlots =
      1 << 12;  // an event is remembered until another takes its slot
  static constexpr std::size_t kKeyMax = 4096;  // longer ones are made anew each time

  struct Slot {
    std::uint64_t hash = 0;  // of the key
    std::string key;
    MemberProof proof;
    SharedText packed;
  };

  const Slot& look(Batch& batch, std::uint32_t event);

  std::vector<Slot> slots_;
  Slot large_;
  std::string key_;
  std::size_t event_ = SIZE_MAX;
  const Slot* last_ = nullptr;  // that of event_
};

}  // namespace picket::correlator
