// Locked<T>: a value that several threads may touch on cold paths, one at a time. Hot paths send values
// through SpscQueue instead.
#pragma once

#include <mutex>
#include <utility>

namespace picket {

template <class T>
class Locked {
 public:
  template <class F>
  decltype(auto) with(F f) {
    const std::lock_guard lock(mutex_);
    return f(value_);
  }
  template <class F>
  decltype(auto) with(F f) const {
    const std::lock_guard lock(mutex_);
    return f(std::as_const(value_));
  }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

}  // namespace picket
