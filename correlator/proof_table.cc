#include "correlator/proof_table.h"

#include <utility>

#include "base/hash.h"
#include "correlator/entities.h"

namespace picket::correlator {

const ProofTable::Slot& ProofTable::look(Batch& batch, std::uint32_t number) {
  if (event_ == number) return *last_;
  const Event& event = batch.events()[number];
  key_.clear();
  append_entity_texts(key_, batch, event);
  const bool large = key_.size() > kKeyMax;
  const std::uint64_t hash = hash64(key_);
  Slot& slot = large ? large_ : slots_[hash % kSlots];
  event_ = number;
  last_ = &slot;
  if (!large && slot.packed && slot.hash == hash && slot.key == key_) return slot;
  slot.proof = {entities_of(batch, event), {}, {}};
  if (event.layer != Layer::kNone) slot.proof.layers.push_back(event.layer);
  slot.packed = SharedText(pack(slot.proof));
  slot.hash = hash;
  slot.key = large ? std::string() : key_;
  return slot;
}

std::string ProofTable::with(Batch& batch, std::uint32_t event, std::vector<Match> matches) {
  MemberProof proof = look(batch, event).proof;
  proof.matches = std::move(matches);
  return pack(proof);
}

}  // namespace picket::correlator
