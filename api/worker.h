// Worker: a thread that runs jobs one after another. Its queue is bounded; a full one refuses.
//
// submit() belongs to one thread (the server's); the destructor to whoever owns the worker, after
// that thread has gone. Jobs that are queued are finished first.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <thread>

#include "base/spsc_queue.h"
#include "base/wakeup.h"

namespace picket::api {

class Worker {
 public:
  using Job = std::function<void()>;

  // `begin` runs first, `idle` after every job and about once a second, both on the worker's
  // thread; both may be empty.
  Worker(std::size_t capacity, std::function<void()> begin, std::function<void()> idle);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // False when the queue is full; the job is untouched then.
  [[nodiscard]] bool submit(Job&& job);

 private:
  void run();

  SpscQueue<Job> jobs_;
  Wakeup wakeup_;
  std::function<void()> begin_;
  std::function<void()> idle_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace picket::api
