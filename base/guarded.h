// Guarded<T>: a value behind a lock, for cold paths where several threads meet (once a batch or a
// request, never once an event). The value can be reached under the lock only.
//
// with() must not call back into the same Guarded, and must not block for long.
#pragma once

#include <mutex>
#include <utility>

namespace picket {

template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  template <class F>
  decltype(auto) with(F&& f) {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }
  template <class F>
  decltype(auto) with(F&& f) const {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace picket
