// Lazy<T>: a value made at its first use, by whichever thread comes first; immutable afterwards.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

namespace picket {

template <class T>
class Lazy {
 public:
  // make() gives a std::unique_ptr<const T>; other threads wait while it runs. Afterwards one load.
  template <class Make>
  const T& get(Make make) const {
    if (const T* made = ready_.load(std::memory_order_acquire)) return *made;
    std::call_once(once_, [&] {
      value_ = make();
      ready_.store(value_.get(), std::memory_order_release);
    });
    return *value_;
  }
  // nullptr while it is not made.
  const T* get_if() const { return ready_.load(std::memory_order_acquire); }

 private:
  mutable std::once_flag once_;
  mutable std::unique_ptr<const T> value_;
  mutable std::atomic<const T*> ready_{nullptr};
};

}  // namespace picket
