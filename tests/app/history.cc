#include "history.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "app/known_sources.h"
#include "app/source_formats.h"
#include "base/time.h"

namespace picket::app {

const std::int64_t kBegin = parse_time("2026-03-01T00:00:00Z")->time_ns;

const char* const kRules = R"(title: Failed
id: 6f4a3a5e-0000-4000-8000-000000000001
name: failed
level: low
logsource: {product: linux}
detection:
  sel: {message|contains: ' failed '}
  condition: sel
---
title: Odd
id: 6f4a3a5e-0000-4000-8000-000000000002
level: low
logsource: {product: linux}
detection:
  sel: {message|contains: ' odd '}
  condition: sel
picket:
  suppress: {for: 10m, by: [host.hostname]}
---
title: Backup began
id: 6f4a3a5e-0000-4000-8000-000000000003
name: began
level: low
logsource: {product: linux}
detection:
  sel: {message|contains: 'backup began'}
  condition: sel
---
title: Backup ended
id: 6f4a3a5e-0000-4000-8000-000000000004
name: ended
level: low
logsource: {product: linux}
detection:
  sel: {message|contains: 'backup ended'}
  condition: sel
---
title: Many failed
id: 6f4a3a5e-0000-4000-8000-000000000005
name: many
level: high
correlation:
  type: event_count
  rules: [failed]
  group-by: [host.hostname]
  timespan: 5m
  condition: {gte: 4}
  generate: true
---
title: Many hosts
id: 6f4a3a5e-0000-4000-8000-000000000006
level: medium
correlation:
  type: value_count
  rules: [failed]
  timespan: 10m
  condition: {field: host.hostname, gte: 4}
picket:
  suppress: {for: 30m}
---
title: Many twice
id: 6f4a3a5e-0000-4000-8000-000000000007
level: critical
correlation:
  type: event_count
  rules: [many]
  timespan: 1h
  condition: {gte: 3}
  generate: true
---
title: Backup not ended
id: 6f4a3a5e-0000-4000-8000-000000000008
level: medium
correlation:
  type: event_count
  rules: [began]
  group-by: [host.hostname]
  timespan: 20m
  condition: {gte: 1}
  generate: true
picket:
  absence: ended
---
title: New host fails
id: 6f4a3a5e-0000-4000-8000-000000000009
level: medium
correlation:
  type: value_count
  rules: [failed]
  timespan: 2h
  condition: {field: host.hostname, gte: 1}
  generate: true
picket:
  first_seen: {learn: 10m}
---
title: Few failed
id: 6f4a3a5e-0000-4000-8000-000000000010
level: low
correlation:
  type: event_count
  rules: [failed]
  group-by: [host.hostname]
  timespan: 2m
  condition: {lt: 2}
  generate: true
)";

History::History(const std::string& which) {
  folder_ = std::filesystem::temp_directory_path() /
            ("picket-backtest-" + std::to_string(::getpid()) + "-" + which);
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
  for (const auto& [name, format] : {std::pair("auth", "syslog"), std::pair("edge", "syslog"),
                                     std::pair("windows", "ndjson")}) {
    SourceConfig& source = config_.sources.emplace_back();
    source.name = name;
    source.format = format;
  }
  config_.sources.front().system = "portal";
  response::System system;
  system.name = "laboratory";
  system.hosts = {"host-3"};
  systems_ = response::Systems({system});
  auto store = storage::Store::open(
      {.path = (folder_ / "store").string(), .sync = false, .pack_rows = 300, .reserve_bytes = 0});
  EXPECT_TRUE(store) << store.error().what;
  store_ = *std::move(store);
  for (const SourceConfig& source : config_.sources) {
    EXPECT_TRUE(store_->source_id(source.name));
    EXPECT_TRUE(keep_source_format(*store_, source.name, config_.format_of(source.name)));
  }
}

History::~History() {
  engine_.reset();
  store_.reset();
  std::filesystem::remove_all(folder_);
}

Detection History::load(const std::vector<std::string>& paths) {
  auto detection =
      load_detection({PICKET_SOURCE_DIR "/content"}, {.rules = paths, .keep_texts = true});
  EXPECT_TRUE(detection) << detection.error().what;
  for (const rules::Finding& one : detection->refused) ADD_FAILURE() << one.reason;
  return *std::move(detection);
}

Detection History::load_text(const std::string& text) {
  const std::string path = (folder_ / "rules.yml").string();
  std::ofstream(path) << text;
  return load({path});
}

void History::start(Detection detection, std::size_t threads) {
  EngineOptions options;
  options.correlation_threads = threads;
  for (const SourceConfig& source : config_.sources)
    options.sources.push_back({source.name, source.system, config_.format_of(source.name)});
  options.systems = &systems_;
  engine_.reset();
  events_before_ = pushed_;
  queue_ = std::make_unique<collector::DeliveryQueue>(64);
  EngineListener listener;
  listener.alert = [](const Alert&) {};
  listener.incident = [](const Incident&) {};
  engine_ = std::make_unique<Engine>(options, std::move(detection), *store_, *queue_, wakeup_,
                                     clock_, listener);
  engine_->start();
}

void History::push(const std::vector<Line>& lines) {
  collector::Delivery delivery;
  delivery.batch = std::make_unique<Batch>();
  for (const auto& [source, line] : lines)
    delivery.batch->add(line, SourceId{source}, 0, clock_.now().count());
  pushed_ += lines.size();
  ASSERT_TRUE(queue_->try_push(std::move(delivery)));
  wakeup_.notify();
  while (engine_->statistics().events < pushed_ - events_before_) std::this_thread::yield();
  clock_.advance(std::chrono::seconds(2));
  wait_for_round();
}

void History::wait_for_round() {
  // That is when an order is answered.
  correlator::IncidentOrder order;
  order.incident = "none";
  EXPECT_FALSE(engine_->change(std::move(order)));
}

std::string History::line(std::int64_t time_ns, int host, const std::string& text) {
  return "<34>1 " + format_time(time_ns) + " host-" + std::to_string(host) + " app - - - " + text;
}

std::vector<std::vector<Line>> History::six_hours(bool with_late) {
  std::vector<std::vector<Line>> deliveries(1);
  std::uint64_t seed = 7;
  const auto random = [&](std::uint64_t n) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (seed >> 33) % n;
  };
  for (int i = 0; i < 600; ++i) {
    const std::int64_t pause = i % 100 > 75 ? 60 : 15;
    std::int64_t time_ns = kBegin + i * pause * kSecond;
    time_ns += static_cast<std::int64_t>(random(120)) * kSecond;
    if (with_late && i > 300 && i % 47 == 0) time_ns -= 40 * kHour;  // beyond the lateness
    const int host = static_cast<int>(random(6));
    const std::uint64_t what = random(10);
    const std::string text = what < 4   ? "login failed for ann"
                             : what < 7 ? "an odd thing"
                             : what < 8 ? "backup began"
                             : what < 9 ? "backup ended"
                                        : "all is well";
    deliveries.back().emplace_back(random(2), line(time_ns, host, text));
    if (deliveries.back().size() == 30) deliveries.emplace_back();
  }
  deliveries.back().emplace_back(0, line(kBegin + 48 * kHour, 1, "all is well"));
  // The watermark passes.
  deliveries.push_back({{0, line(kBegin + 48 * kHour, 1, "all is well")}});
  return deliveries;
}

void History::play() {
  start(load_text(kRules));
  for (const std::vector<Line>& lines : six_hours()) push(lines);
  stop();
}

std::vector<Alert> History::stored() {
  std::vector<Alert> all;
  std::string cursor;
  do {
    auto page = store_->alerts({}, 500, cursor);
    EXPECT_TRUE(page);
    std::move(page->begin(), page->end(), std::back_inserter(all));
  } while (!cursor.empty());
  return all;
}

Alerts History::stored_alerts(std::int64_t from_ns, std::int64_t to_ns) {
  Alerts all;
  for (const Alert& alert : stored()) {
    if (alert.time_ns >= from_ns && alert.time_ns < to_ns)
      all.emplace(alert.id, dump_json(to_json(alert)));
  }
  return all;
}

Result<BacktestResult> History::run(const Detection& detection, BacktestOptions options) {
  const KnownSources sources(*store_, config_, systems_);
  return run_backtest(*store_, detection, sources, kept_source_formats(*store_), options);
}

Alerts History::backtest(const Detection& detection, BacktestOptions options) {
  Alerts all;
  options.alert = [&](const Alert& alert) {
    const auto again = alert_from_json(*parse_json(dump_json(to_json(alert))));  // as stored
    all[alert.id] = dump_json(to_json(*again));
  };
  options.withdrawn = [&](const std::string& id) { all.erase(id); };
  const auto result = run(detection, options);
  EXPECT_TRUE(result) << result.error().what;
  EXPECT_EQ(result->tally->alerts(), all.size());
  return all;
}

std::vector<std::string> History::ids(const Alerts& alerts) {
  std::vector<std::string> all;
  for (const auto& [id, json] : alerts) all.push_back(id);
  return all;
}

std::map<std::string, std::size_t> History::by_rule(const std::vector<Alert>& alerts) {
  std::map<std::string, std::size_t> all;
  for (const Alert& alert : alerts) ++all[alert.rule.name];
  return all;
}

}  // namespace picket::app
