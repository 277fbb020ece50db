// The matcher against the reference (tests/rules/reference.h): all SigmaHQ rules over recorded
// attacks, the same answer for every pair of rule and event. Of each kind of event a sample, spread
// over the recordings; PICKET_EVENTS_PER_KIND says how many.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "rules/loader.h"
#include "tests/conformance/detector.h"
#include "tests/conformance/recorded_event.h"
#include "tests/conformance/records.h"
#include "tests/conformance/shared_data.h"

namespace picket::conformance {
namespace {

std::size_t events_per_kind() {
  if (const char* text = std::getenv("PICKET_EVENTS_PER_KIND"))
    return std::strtoul(text, nullptr, 10);
  return kSanitized ? 1 : 60;
}

// All records by kind, every n-th kept so that the first recordings are not all of the sample.
std::map<KindId, std::vector<std::string>> sample(Detector& detector, std::size_t wanted) {
  std::map<KindId, std::vector<std::string>> by_kind;
  for (const std::string& path : files_in(kShared + "/evtx-json/events")) {
    std::vector<std::string> records = lines_of(path);
    const std::vector<KindId> kinds = detector.kinds(records);
    for (std::size_t i = 0; i < records.size(); ++i)
      by_kind[kinds[i]].push_back(std::move(records[i]));
  }
  for (auto& [kind, records] : by_kind) {
    std::vector<std::string> kept;
    for (std::size_t i = 0; i < std::min(wanted, records.size()); ++i) {
      kept.push_back(std::move(records[i * records.size() / std::min(wanted, records.size())]));
    }
    records = std::move(kept);
  }
  return by_kind;
}

class Comparison {
 public:
  Comparison(const rules::LoadedRules& loaded, Detector& detector)
      : loaded_(loaded), detector_(detector) {}

  void compare(KindId kind_id, const std::vector<std::string>& records) {
    const EventKind& kind = kind_of(kind_id);
    Batch batch;
    detector_.run(records, batch);
    std::vector<rules::ReferenceEvent> events;
    for (std::size_t i = 0; i < records.size(); ++i) events.emplace_back(plain_event(batch, i));
    std::set<std::pair<std::size_t, std::size_t>> hits;
    for (const Hit& hit : batch.hits()) hits.emplace(hit.event, hit.rule);
    for (std::size_t r = 0; r < loaded_.detections.size(); ++r) {
      const rules::DetectionRule& rule = loaded_.detections[r];
      if (!detector_.taxonomy().admits(rule.log_source, kind)) {
        for (std::size_t e = 0; e < events.size(); ++e)
          judge(rule, records[e], hits.contains({e, r}), false);
        continue;
      }
      const rules::ReferenceRule reference(rule.condition,
                                           names_in(detector_.taxonomy(), rule.log_source, kind));
      for (std::size_t e = 0; e < events.size(); ++e) {
        ++evaluated_;
        judge(rule, records[e], hits.contains({e, r}), reference.holds(events[e]));
      }
    }
  }

  std::size_t evaluated() const { return evaluated_; }
  std::size_t hits() const { return hits_; }
  std::size_t different() const { return different_; }

 private:
  void judge(const rules::DetectionRule& rule, const std::string& record, bool found,
             bool expected) {
    hits_ += found ? 1U : 0U;
    if (found == expected) return;
    constexpr std::size_t kShown = 20;
    if (++different_ > kShown) return;
    ADD_FAILURE() << rule.identity.id << " " << rule.identity.path
                  << (found ? ": a hit" : ": no hit") << ", the reference says otherwise, on "
                  << record;
  }

  const rules::LoadedRules& loaded_;
  Detector& detector_;
  std::size_t evaluated_ = 0;
  std::size_t hits_ = 0;
  std::size_t different_ = 0;
};

TEST(Reference, SameAnswersOnRecordedAttacks) {
  PICKET_NEEDS_SHARED_DATA();
  const auto loaded = rules::load_rules(sigma_folders());
  ASSERT_TRUE(loaded.has_value());
  Detector detector(*loaded, false);
  const auto by_kind = sample(detector, events_per_kind());
  Comparison comparison(*loaded, detector);
  std::size_t events = 0;
  for (const auto& [kind, records] : by_kind) {
    comparison.compare(kind, records);
    events += records.size();
  }
  std::printf(
      "reference: %zu rules over %zu events of %zu kinds, %zu evaluations, %zu hits, %zu "
      "different\n",
      loaded->detections.size(), events, by_kind.size(), comparison.evaluated(), comparison.hits(),
      comparison.different());
  EXPECT_GT(comparison.hits(), 0U);
  EXPECT_EQ(comparison.different(), 0U);
}

}  // namespace
}  // namespace picket::conformance
