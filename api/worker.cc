#include "api/worker.h"

namespace picket::api {

Worker::Worker(std::size_t capacity, std::function<void()> begin, std::function<void()> idle)
    : jobs_(capacity),
      begin_(std::move(begin)),
      idle_(std::move(idle)),
      thread_([this] { run(); }) {}

Worker::~Worker() {
  // An empty job is the last one.
  while (!submit(Job())) std::this_thread::yield();
  thread_.join();
}

bool Worker::submit(Job&& job) {
  if (!jobs_.try_push(std::move(job))) return false;
  wakeup_.notify();
  return true;
}

void Worker::run() {
  if (begin_) begin_();
  for (;;) {
    if (std::optional<Job> job = jobs_.try_pop()) {
      if (!*job) return;
      (*job)();
    } else {
      wakeup_.wait(std::chrono::seconds(1));
    }
    if (idle_) idle_();
  }
}

}  // namespace picket::api
