// Fifty rules of every type against the reference, with lateness up to a day: shuffled inside it,
// with duplicates and restarts at random points, each with one partition or with four. Small here;
// the large run is by hand:
//
//   PICKET_REFERENCE_EVENTS=1000000 reference_large_test      (PICKET_SEED: another world)
//
// which takes some minutes and some GB, and says what it did.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>

#include "tests/correlator/reference.h"
#include "tests/correlator/reference_rules.h"

namespace picket::correlator {
namespace {

using Random = std::mt19937_64;

constexpr std::int64_t kHour = 3600;         // seconds
constexpr std::int64_t kActive = 1200;       // of each hour, in which there are events
constexpr std::int64_t kSecondsOfEvent = 3;  // on average, with the hours' quiet parts
constexpr std::int64_t kDelayMax = 24 * kHour;

std::int64_t pick(Random& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

std::uint64_t asked(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// In each hour other addresses are busy, and one other user.
std::vector<Scripted> make_events(Random& random, std::size_t count) {
  const std::int64_t hours = static_cast<std::int64_t>(count) * kSecondsOfEvent / kHour + 1;
  std::vector<Scripted> events(count);
  std::uint64_t seqs[3] = {0, 0, 0};
  for (Scripted& event : events) {
    const std::int64_t hour = pick(random, 0, hours - 1);
    event.time_ns = (hour * kHour + pick(random, 0, kActive - 1)) * kSecond;
    event.source = static_cast<std::uint32_t>(pick(random, 0, 2));
    event.seq = seqs[event.source]++;
    for (std::uint32_t rule = 0; rule < 4; ++rule) {
      if (pick(random, 0, 2) == 0) event.rules.push_back(rule);
    }
    const std::int64_t host = (hour * 3 + pick(random, 0, 4)) % 250;
    if (pick(random, 0, 15) != 0) event.fields["source.ip"] = "192.0.2." + std::to_string(host);
    const std::int64_t user = pick(random, 0, 2);
    if (pick(random, 0, 5) != 0)
      event.fields["user.name"] = user == 0   ? "ann"
                                  : user == 1 ? "bob"
                                              : "user-" + std::to_string(hour % 40);
    if (pick(random, 0, 5) != 0)
      event.fields["value"] =
          std::to_string(pick(random, 1, 9)) + (pick(random, 0, 3) == 0 ? ".25" : "");
  }
  return events;
}

struct Arrival {
  std::int64_t time_ns = 0;
  std::size_t event = 0;
};

// Most events come soon, one in ten up to a day late; one in ten comes again.
std::vector<Arrival> arrivals(Random& random, const std::vector<Scripted>& events) {
  const auto delay_ns = [&] {
    return pick(random, 0, pick(random, 0, 9) == 0 ? kDelayMax : 90) * kSecond;
  };
  std::vector<Arrival> order;
  for (std::size_t i = 0; i < events.size(); ++i) {
    order.push_back({events[i].time_ns + delay_ns(), i});
    if (pick(random, 0, 9) == 0) order.push_back({events[i].time_ns + delay_ns(), i});
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const Arrival& a, const Arrival& b) { return a.time_ns < b.time_ns; });
  return order;
}

// A server and what it has raised, as lines: a million alerts are too many to keep.
class Engine {
 public:
  Engine(std::shared_ptr<const rules::RuleSet> rules, Options options)
      : rules_(std::move(rules)), options_(std::move(options)) {
    restart(4);
  }

  void restart(std::size_t threads) {
    correlator_.reset();
    options_.threads = threads;
    correlator_.emplace(rules_, options_, state_);
    ++starts_;
  }
  void process(const std::vector<const Scripted*>& events) {
    Batch batch;
    for (const Scripted* event : events) append(batch, *event);
    correlator_->process(batch, sources_, out_);
    take();
  }
  void tick(std::int64_t watermark_ns) {
    correlator_->tick(Nanos(watermark_ns), out_);
    take();
  }
  void finish() {
    correlator_->finish(out_);
    take();
  }
  std::size_t starts() const { return starts_; }
  std::vector<std::string> take_lines() {
    std::vector<std::string> lines;
    for (auto& [id, line] : lines_) lines.push_back(std::move(line));
    lines_.clear();
    std::sort(lines.begin(), lines.end());
    return lines;
  }

 private:
  void take() {
    for (const Alert& alert : out_) {
      const bool suppressed = alert.kind == AlertKind::kDetection && alert.rule.id > "rule-1";
      if (alert.kind == AlertKind::kCorrelation || suppressed)
        lines_.insert_or_assign(alert.id, line_of(alert));
    }
    for (const std::string& id : correlator_->take_withdrawn()) lines_.erase(id);
    out_.clear();
  }

  std::shared_ptr<const rules::RuleSet> rules_;
  Options options_;
  MapState state_;
  ScriptedSources sources_;
  std::optional<Correlator> correlator_;
  std::vector<Alert> out_;
  std::map<std::string, std::string> lines_;  // by id of the alert
  std::size_t starts_ = 0;
};

void run(Engine& engine, Random& random, const std::vector<Scripted>& events) {
  const std::vector<Arrival> order = arrivals(random, events);
  const std::int64_t batch_max = std::clamp<std::int64_t>(std::ssize(events) / 30, 8, 3000);
  for (std::size_t begin = 0; begin < order.size();) {
    const auto size =
        static_cast<std::size_t>(pick(random, 1, pick(random, 1, batch_max)));  // mostly small
    const std::size_t end = std::min(order.size(), begin + size);
    std::vector<const Scripted*> batch;
    for (std::size_t i = begin; i < end; ++i) batch.push_back(&events[order[i].event]);
    engine.process(batch);
    begin = end;
    if (pick(random, 0, 2) == 0) engine.tick(order[end - 1].time_ns);
    if (pick(random, 0, 9) == 0) engine.restart(pick(random, 0, 1) == 0 ? 1 : 4);
  }
  engine.finish();
}

void show_differences(const std::vector<std::string>& got, const std::vector<std::string>& right) {
  std::vector<std::string> missing;
  std::vector<std::string> wrong;
  std::set_difference(right.begin(), right.end(), got.begin(), got.end(),
                      std::back_inserter(missing));
  std::set_difference(got.begin(), got.end(), right.begin(), right.end(),
                      std::back_inserter(wrong));
  EXPECT_EQ(missing.size() + wrong.size(), 0U) << "differences";
  for (std::size_t i = 0; i < std::min<std::size_t>(5, missing.size()); ++i)
    ADD_FAILURE() << "missing " << missing[i];
  for (std::size_t i = 0; i < std::min<std::size_t>(5, wrong.size()); ++i)
    ADD_FAILURE() << "wrong " << wrong[i];
}

TEST(LargeReference, NoDifferences) {
  const std::size_t count = asked("PICKET_REFERENCE_EVENTS", 3000);
  const std::uint64_t seed = asked("PICKET_SEED", 1);
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const auto rules = fifty_rules();
  ASSERT_EQ(rules->correlations().size(), 50U);
  const std::vector<Scripted> events = make_events(random, count);
  const std::vector<std::string> right = reference_lines(*rules, events);
  EXPECT_GT(right.size(), count / 10);
  Options options;
  options.lateness_ns = kDelayMax * kSecond;
  options.group_hits_max = 1 << 20;  // none may go
  options.hand_over_min = 16;
  Engine engine(rules, options);
  run(engine, random, events);
  const std::vector<std::string> got = engine.take_lines();
  show_differences(got, right);
  std::printf("%zu events, %zu rules, %zu starts: %zu alerts\n", count,
              rules->correlations().size(), engine.starts(), got.size());
}

}  // namespace
}  // namespace picket::correlator
