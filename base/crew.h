// Crew: so many parts of one job, each done by a thread of its own; for work that a stage deals out
// and waits for, between two of its steps. The threads are made once and wait in between.
//
// One thread owns it and calls run(); it does the first part itself. What the caller wrote before
// run() the others see, and what they wrote the caller sees when it returns.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace picket {

class Crew {
 public:
  // `size` >= 1, the caller of run() among them: a crew of one starts no thread.
  explicit Crew(std::size_t size) {
    for (std::size_t part = 1; part < size; ++part) {
      threads_.emplace_back([this, part] { work(part); });
    }
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    begun_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  std::size_t size() const { return threads_.size() + 1; }

  // Calls job(0) to job(size() - 1), each on its thread; returns when all have returned. `job` must
  // not throw and must not call run().
  void run(const std::function<void(std::size_t part)>& job) {
    {
      const std::lock_guard lock(mutex_);
      job_ = &job;
      left_ = threads_.size();
      ++round_;
    }
    begun_.notify_all();
    job(0);
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return left_ == 0; });
    job_ = nullptr;
  }

 private:
  void work(std::size_t part) {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex_);
    while (true) {
      begun_.wait(lock, [&] { return closed_ || round_ != seen; });
      if (closed_) return;
      seen = round_;
      const auto& job = *job_;
      lock.unlock();
      job(part);
      lock.lock();
      if (--left_ == 0) done_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable begun_;
  std::condition_variable done_;
  const std::function<void(std::size_t)>* job_ = nullptr;
  std::uint64_t round_ = 0;
  std::size_t left_ = 0;  // that have not returned
  bool closed_ = false;
  std::vector<std::thread> threads_;  // last: they use what is above
};

}  // namespace picket
