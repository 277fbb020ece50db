// Interner: names to small numbers, once and for ever.
//
// Append-only and bounded. intern() and find() take a lock, so they belong to loading and to cold
// paths; name() does not. Names live as long as the interner. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/check.h"

namespace picket {

class Interner {
 public:
  static constexpr std::size_t kNamesMax = 65'535;

  Interner() = default;
  Interner(const Interner&) = delete;
  Interner& operator=(const Interner&) = delete;

  // nullopt when the interner is full; what is in it stays.
  std::optional<std::uint16_t> intern(std::string_view name) {
    const std::lock_guard lock(mutex_);
    if (const auto found = ids_.find(name); found != ids_.end()) return found->second;
    const std::size_t id = size_.load(std::memory_order_relaxed);
    if (id == kNamesMax) return std::nullopt;
    std::unique_ptr<Chunk>& chunk = chunks_[id / kChunk];
    if (!chunk) chunk = std::make_unique<Chunk>();
    std::string& slot = (*chunk)[id % kChunk];
    slot = name;
    ids_.emplace(slot, static_cast<std::uint16_t>(id));
    size_.store(id + 1, std::memory_order_release);
    return static_cast<std::uint16_t>(id);
  }

  std::optional<std::uint16_t> find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = ids_.find(name);
    return found == ids_.end() ? std::nullopt : std::optional(found->second);
  }

  std::string_view name(std::uint16_t id) const {
    PICKET_CHECK(id < size_.load(std::memory_order_acquire));
    return (*chunks_[id / kChunk])[id % kChunk];
  }

  std::size_t size() const { return size_.load(std::memory_order_acquire); }

 private:
  static constexpr std::size_t kChunk = 256;
  using Chunk = std::array<std::string, kChunk>;

  mutable std::mutex mutex_;
  std::unordered_map<std::string_view, std::uint16_t> ids_;
  std::array<std::unique_ptr<Chunk>, kNamesMax / kChunk + 1> chunks_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace picket
