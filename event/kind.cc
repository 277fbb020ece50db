#include "event/kind.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>

#include "base/check.h"
#include "base/interner.h"

namespace picket {
namespace {

constexpr std::array<std::string_view, 5> kLayers = {"", "network", "server", "application", "endpoint"};

std::string identity(const EventKind& kind) {
  std::string text = kind.dataset;
  for (const std::string_view part : {std::string_view(kind.channel), std::string_view(kind.provider)}) {
    text += '\x1f';
    text += part;
  }
  text += '\x1f';
  text += std::to_string(kind.code);
  if (!kind.variant.empty()) {
    text += '\x1f';
    text += kind.variant;
  }
  return text;
}

// Kinds are published under the interner's ids; a slot is written once, before its id is given out.
struct Kinds {
  Interner identities;
  std::array<std::atomic<const EventKind*>, Interner::kNamesMax> all{};

  Kinds() {
    identities.intern(identity(EventKind{}));
    all[0] = new EventKind;
  }
};

Kinds& kinds() {
  static auto* made = new Kinds;  // lives as long as the process
  return *made;
}

}  // namespace

std::string_view layer_name(Layer layer) { return kLayers[static_cast<std::size_t>(layer)]; }

Layer layer_of(std::string_view name) {
  const auto* found = std::find(kLayers.begin() + 1, kLayers.end(), name);
  return found == kLayers.end() ? Layer::kNone : static_cast<Layer>(found - kLayers.begin());
}

std::span<const std::pair<FieldId, FieldId>> EventKind::originals(FieldId ecs) const {
  const auto [first, last] = std::equal_range(
      aliases.begin(), aliases.end(), std::pair(ecs, FieldId{}),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  return {first, last};
}

FieldId EventKind::ecs_of(FieldId original) const {
  for (const auto& [ecs, name] : aliases) {
    if (name == original) return ecs;
  }
  return original;
}

const std::string* EventKind::constant(FieldId ecs) const {
  for (const auto& [name, value] : constants) {
    if (name == ecs) return &value;
  }
  return nullptr;
}

KindId intern_kind(EventKind kind) {
  Kinds& table = kinds();
  const auto id = table.identities.intern(identity(kind));
  if (!id) return kUnknownKind;
  std::atomic<const EventKind*>& slot = table.all[*id];
  if (slot.load(std::memory_order_acquire) != nullptr) return KindId{*id};
  kind.id = KindId{*id};
  std::stable_sort(kind.aliases.begin(), kind.aliases.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const EventKind* expected = nullptr;
  auto made = std::make_unique<const EventKind>(std::move(kind));
  if (slot.compare_exchange_strong(expected, made.get(), std::memory_order_acq_rel)) made.release();
  return KindId{*id};
}

const EventKind& kind_of(KindId id) {
  const EventKind* kind = kinds().all[static_cast<std::size_t>(id)].load(std::memory_order_acquire);
  PICKET_CHECK(kind != nullptr);
  return *kind;
}

std::size_t kind_count() { return kinds().identities.size(); }

}  // namespace picket
