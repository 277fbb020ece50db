// Mailbox<T>: many threads post, one thread takes. For commands of people, which are rare; data
// flows through SpscQueue.
//
// Bounded: post() answers false when it is full or closed, and the caller says so to whoever asked.
// A post wakes the consumer through the Wakeup that it was given, which must outlive it.
#pragma once

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "base/wakeup.h"

namespace picket {

template <class T>
class Mailbox {
 public:
  Mailbox(std::size_t capacity, Wakeup& wakeup) : capacity_(capacity), wakeup_(wakeup) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // Any thread. On false `value` is untouched.
  [[nodiscard]] bool post(T&& value) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || letters_.size() == capacity_) return false;
      letters_.push_back(std::move(value));
    }
    wakeup_.notify();
    return true;
  }

  // Any thread. What was posted before can still be taken; nothing is accepted any more.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    wakeup_.notify();
  }

  struct Letters {
    std::vector<T> letters;  // in the order in which they were posted
    bool closed = false;     // and these are the last ones
  };
  // The consumer only. Everything posted so far.
  Letters take() {
    const std::lock_guard lock(mutex_);
    return {std::exchange(letters_, {}), closed_};
  }

 private:
  const std::size_t capacity_;
  Wakeup& wakeup_;
  std::mutex mutex_;
  std::vector<T> letters_;
  bool closed_ = false;
};

}  // namespace picket
