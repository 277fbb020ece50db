#include "app/reloader.h"

#include <chrono>
#include <cstdio>
#include <utility>

#include "app/kind_list.h"
#include "app/terminal.h"
#include "app/words.h"

namespace picket::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kKindsEvery = 60'000ms;  // how often the list of kinds is looked at
constexpr auto kEngineEvery = 1ms;      // how often the engine is asked whether it has changed over

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", seconds);
  return text;
}

}  // namespace

Reloader::InUse Reloader::in_use(const Detection& detection) {
  return {detection.rules, detection.routes, detection.catalog, detection.taxonomy};
}

Reloader::Reloader(Load load, const Detection& first, std::string cache, Engine& engine,
                   Clock& clock)
    : load_(std::move(load)),
      cache_(std::move(cache)),
      engine_(engine),
      clock_(clock),
      in_use_(in_use(first)) {
  note(first);
}

Reloader::~Reloader() {
  stop();
}

void Reloader::start() {
  thread_ = std::thread([this] { run(); });
}

void Reloader::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  wakeup_.notify();
  thread_.join();
}

void Reloader::request() {
  wanted_.store(true, std::memory_order_release);
  wakeup_.notify();
}

void Reloader::run() {
  while (!stopping_.load(std::memory_order_acquire)) {
    if (wanted_.exchange(false, std::memory_order_acq_rel)) {
      reload();
    } else {
      save_kinds();
      wakeup_.wait(kKindsEvery);
    }
  }
  save_kinds();
}

void Reloader::reload() {
  status_.with([](ReloadStatus& status) { status.loading = true; });
  Result<Detection> detection = load_(in_use_.routes->kinds());
  if (!detection) {
    refuse(detection.error().what);
  } else if (!detection->errors.empty()) {
    refuse(detection->errors.front());
  } else if (detection->rules->rule_count() == 0) {
    refuse("no rule would be active");
  } else {
    put_to_use(*std::move(detection));
  }
}

void Reloader::put_to_use(Detection detection) {
  tell_cache_problems(detection);
  tell_geoip_problems(*detection.catalog);
  const InUse next = in_use(detection);
  const std::string told =
      say("notice.rules_read",
          {{"active", next.rules->rule_count() + next.rules->correlations().size()},
           {"refused", detection.refused.size()},
           {"warnings", detection.warnings.size()},
           {"seconds", seconds_text(detection.load.seconds)},
           {"cached", detection.load.files_cached},
           {"files", detection.rule_files}});
  Detection light = detection;  // findings are for the status only
  light.refused.clear();
  light.warnings.clear();
  if (!engine_.post_rules(std::move(light))) {
    refuse("the engine is busy, the new rules were not taken");
    return;
  }
  wait_for_engine(next.rules.get());
  in_use_ = next;  // the old rules end here
  note(detection);
  status_.with([](ReloadStatus& status) { ++status.reloads; });
  tell(told);
}

void Reloader::wait_for_engine(const rules::RuleSet* rules) {
  while (engine_.rules().get() != rules && !stopping_.load(std::memory_order_acquire))
    wakeup_.wait(kEngineEvery);
}

void Reloader::refuse(const std::string& reason) {
  status_.with([&](ReloadStatus& status) {
    ++status.failures;
    status.last_failure = reason;
    status.loading = false;
  });
  tell(say("notice.nothing_changed", {{"reason", translated(reason)}}));
}

void Reloader::note(const Detection& detection) {
  status_.with([&](ReloadStatus& status) {
    status.loaded_at = clock_.now();
    status.load = detection.load;
    status.active = detection.rules->rule_count() + detection.rules->correlations().size();
    status.rule_files = detection.rule_files;
    status.refused = detection.refused.size();
    status.warnings = detection.warnings.size();
    status.loading = false;
    status.last_failure.clear();
  });
}

void Reloader::save_kinds() {
  if (cache_.empty()) return;
  const std::vector<KindId> kinds = in_use_.routes->kinds();
  if (kinds.size() == kinds_saved_) return;
  kinds_saved_ = kinds.size();
  const Result<void> saved = write_kinds(cache_, kinds);
  if (!saved) tell(say("notice.cache_not_used", {{"reason", translated(saved.error().what)}}));
}

}  // namespace picket::app
