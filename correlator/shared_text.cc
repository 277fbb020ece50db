#include "correlator/shared_text.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "base/check.h"
#include "base/hash.h"

namespace picket::correlator {

SharedText::SharedText(std::string_view text, std::uint64_t hash) {
  PICKET_CHECK(text.size() <= UINT32_MAX);
  void* const bytes = std::malloc(sizeof(Body) + text.size());
  if (bytes == nullptr) throw std::bad_alloc();
  body_ = new (bytes) Body{hash, 1, static_cast<std::uint32_t>(text.size())};
  if (!text.empty()) std::memcpy(body_ + 1, text.data(), text.size());
}

std::uint64_t SharedText::hash_of(std::string_view text) {
  return hash64(text);
}

void SharedText::release() {
  std::free(body_);
}

SharedText TextShare::share(std::string_view text) {
  const std::uint64_t hash = SharedText::hash_of(text);
  SharedText& slot = slots_[hash % kSlots];
  if (!slot || slot.hash() != hash || slot.view() != text) slot = SharedText(text, hash);
  return slot;
}

SharedText TextShare::share_apart(const SharedText& other) {
  if (!other) return {};
  SharedText& slot = slots_[other.hash() % kSlots];
  if (!(slot == other)) slot = SharedText(other.view(), other.hash());
  return slot;
}

TextCounts::Slot& TextCounts::slot_of(const SharedText& text, std::uint64_t hash) {
  std::size_t at = hash & mask();
  while (slots_[at].count != 0 && !(slots_[at].hash == hash && slots_[at].text == text))
    at = (at + 1) & mask();
  return slots_[at];
}

void TextCounts::add(const SharedText& text) {
  const std::uint64_t hash = text.hash();
  Slot* slot = &slot_of(text, hash);
  if (slot->count == 0) {
    if (2 * ++size_ > slots_.size()) {
      grow();
      slot = &slot_of(text, hash);
    }
    slot->hash = hash;
    slot->text = text;
  }
  ++slot->count;
}

void TextCounts::remove(const SharedText& text) {
  Slot& slot = slot_of(text, text.hash());
  if (slot.count == 0 || --slot.count > 0) return;
  --size_;
  auto hole = static_cast<std::size_t>(&slot - slots_.data());
  slots_[hole] = {};
  // What would not be found behind the hole moves into it.
  for (std::size_t at = (hole + 1) & mask(); slots_[at].count != 0; at = (at + 1) & mask()) {
    if (((at - slots_[at].hash) & mask()) < ((at - hole) & mask())) continue;
    slots_[hole] = std::exchange(slots_[at], {});
    hole = at;
  }
}

void TextCounts::grow() {
  std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(2 * slots_.size()));
  for (Slot& slot : old) {
    if (slot.count != 0) slot_of(slot.text, slot.hash) = std::move(slot);
  }
}

}  // namespace picket::correlator
