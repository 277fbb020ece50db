// SharedText: an immutable text that many hits hold and that is there once; 8 bytes where it is
// held. TextShare: gives out the same one for equal texts, as far as it remembers. Both belong to
// one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace picket::correlator {

class SharedText {
 public:
  SharedText() = default;  // none, which is not the empty one
  SharedText(std::string_view text) : SharedText(text, hash_of(text)) {}
  SharedText(const SharedText& other) : body_(other.body_) {
    if (body_ != nullptr) ++body_->holders;
  }
  SharedText(SharedText&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
  SharedText& operator=(SharedText other) noexcept {
    std::swap(body_, other.body_);
    return *this;
  }
  ~SharedText() {
    if (body_ != nullptr && --body_->holders == 0) release();
  }

  explicit operator bool() const { return body_ != nullptr; }
  // Empty where there is none. Lives as long as somebody holds the text.
  std::string_view operator*() const { return view(); }
  std::string_view view() const {
    if (body_ == nullptr) return {};
    return {reinterpret_cast<const char*>(body_ + 1), body_->size};
  }
  std::uint64_t hash() const { return body_ == nullptr ? 0 : body_->hash; }
  void reset() { *this = SharedText(); }

  // Held by itself; how often it is held makes no difference, so that sums of sizes stay right.
  std::size_t bytes() const { return body_ == nullptr ? 0 : sizeof(Body) + body_->size; }

  friend bool operator==(const SharedText& a, const SharedText& b) {
    if (a.body_ == b.body_) return true;
    return a.body_ != nullptr && b.body_ != nullptr && a.hash() == b.hash() && a.view() == b.view();
  }

 private:
  friend class TextShare;
  struct Body {
    std::uint64_t hash;
    std::uint32_t holders;
    std::uint32_t size;
  };

  SharedText(std::string_view text, std::uint64_t hash);
  static std::uint64_t hash_of(std::string_view text);
  void release();

  Body* body_ = nullptr;
};

class TextShare {
 public:
  TextShare() : slots_(kSlots) {}
  SharedText share(std::string_view text);
  // The same text held apart from `other`, which another thread may hold: it is only read.
  SharedText share_apart(const SharedText& other);

 private:
  static constexpr std::size_t kSlots = 1
                                        << 15;  // a text is remembered until another takes its slot

  std::vector<SharedText> slots_;
};

// Equal texts have equal hashes: for tables of them.
struct SharedTextHash {
  std::size_t operator()(const SharedText& text) const noexcept { return text.hash(); }
};

// How often each text is there. Open addressing: a text costs one slot and, where it is shared, no
// look at it.
class TextCounts {
 public:
  TextCounts() : slots_(kSmallest) {}
  void clear() {
    slots_.assign(kSmallest, {});
    size_ = 0;
  }
  std::size_t size() const { return size_; }  // of distinct ones
  void add(const SharedText& text);
  void remove(const SharedText& text);  // one that is there

 private:
  static constexpr std::size_t kSmallest = 16;
  struct Slot {
    std::uint64_t hash = 0;
    SharedText text;
    std::size_t count = 0;  // 0: free
  };

  std::size_t mask() const { return slots_.size() - 1; }
  Slot& slot_of(const SharedText& text, std::uint64_t hash);  // its own, or the free one for it
  void grow();

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace picket::correlator
