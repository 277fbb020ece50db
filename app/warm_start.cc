#include "app/warm_start.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/background.h"

namespace picket::app {
namespace {

using namespace std::chrono_literals;

// Commits that are left to the engine. More after each round in which as many came as were read, so
// that it ends.
constexpr std::uint64_t kLeftFirst = 4;
constexpr std::uint64_t kLeftMax = 1024;

}  // namespace

WarmStart::WarmStart(const storage::Store& store, const correlator::SourceNames& sources,
                     std::vector<parsers::SourceFormat> formats, correlator::Options options,
                     std::function<bool(WarmResult&)> post)
    : store_(store),
      sources_(sources),
      formats_(std::move(formats)),
      options_(std::move(options)),
      post_(std::move(post)) {}

WarmStart::~WarmStart() {
  stop();
}

void WarmStart::start() {
  thread_ = std::thread([this] { run(); });
}

void WarmStart::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  wakeup_.notify();
  thread_.join();
}

void WarmStart::use(WarmRules rules, std::uint64_t epoch) {
  WarmStatus status;
  for (const correlator::ColdRule& rule : rules.cold) status.rules.push_back(rule.id);
  status.last_commit = store_.last_commit();
  status_.with([&](WarmStatus& now) { now = std::move(status); });
  epoch_.store(epoch, std::memory_order_release);
  task_.with([&](Task& task) {
    const bool taken = rules.cold.empty();
    task = {std::move(rules), epoch, taken};
  });
  wakeup_.notify();
}

void WarmStart::done() {
  status_.with([](WarmStatus& now) { now = {}; });
}

WarmStatus WarmStart::status() const {
  return status_.with([](const WarmStatus& now) { return now; });
}

bool WarmStart::given_up(std::uint64_t epoch) const {
  return stopping_.load(std::memory_order_acquire) ||
         epoch_.load(std::memory_order_acquire) != epoch;
}

void WarmStart::run() {
  work_in_background("warm-start");
  while (!stopping_.load(std::memory_order_acquire)) {
    if (std::optional<Task> task = next()) {
      fill(*std::move(task));
    } else {
      wakeup_.wait(500ms);
    }
  }
}

std::optional<WarmStart::Task> WarmStart::next() {
  return task_.with([](Task& task) -> std::optional<Task> {
    if (task.taken) return std::nullopt;
    task.taken = true;
    return Task{std::exchange(task.rules, {}), task.epoch, true};
  });
}

void WarmStart::fill(Task task) {
  WarmResult result;
  result.epoch = task.epoch;
  result.rules = task.rules.cold;
  result.filling = read(task);
  while (!given_up(task.epoch) && !post_(result)) wakeup_.wait(20ms);
}

Result<std::unique_ptr<WarmFilling>> WarmStart::read(const Task& task) {
  PICKET_TRY(std::unique_ptr<WarmFilling> filling,
             WarmFilling::begin(task.rules, store_, sources_, formats_, options_));
  const auto cancelled = [this, &task, &filling] {
    status_.with([&](WarmStatus& now) {
      now.commit = filling->reading();
      now.last_commit = store_.last_commit();
    });
    return given_up(task.epoch);
  };
  for (std::uint64_t left = kLeftFirst;; left = std::min(2 * left, kLeftMax)) {
    PICKET_TRY(const bool whole, filling->read_to(store_.last_commit(), cancelled));
    if (!whole || cancelled() || store_.last_commit() - filling->commit() <= left) return filling;
  }
}

}  // namespace picket::app
