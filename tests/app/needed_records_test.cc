// What rules say that a record must hold, every record on which they are true does hold: all SigmaHQ
// rules over recorded attacks, each rule by itself.
#include "app/needed_records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "storage/columns/words.h"
#include "tests/conformance/oracle.h"
#include "tests/conformance/records.h"
#include "tests/conformance/shared_data.h"
#include "tests/event/needs_met.h"

namespace picket::app {
namespace {

using conformance::kSanitized;
using conformance::kShared;

struct Counts {
  std::size_t rules = 0;   // that say what they need,
  std::size_t worded = 0;  // with whole words in it
  std::size_t hits = 0;    // of those
  std::size_t spelled = 0;  // on records that may hide text
};

class Recordings {
 public:
  explicit Recordings(const Detection& detection)
      : detection_(detection), parser_(detection.make_parser(false)), evaluation_(detection.rules->make_evaluation()) {
    const NeededRecords needed(detection);
    for (const rules::DetectionRule& rule : detection.routes->rules()) {
      needs_.push_back(needed.of({rule}));
      if (!needs_.back()) continue;
      ++counts_.rules;
      for (const RecordNeeds::AnyOf& any : needs_.back()->any.front()) {
        const auto has_words = [](const NeededText& text) { return !text.words.empty(); };
        if (!std::all_of(any.begin(), any.end(), has_words)) continue;
        ++counts_.worded;
        break;
      }
    }
  }

  void play(const std::vector<std::string>& records) {
    Batch batch;
    for (std::size_t i = 0; i < records.size(); ++i) batch.add(records[i], SourceId{0}, i, 0);
    parser_.parse(batch);
    detection_.rules->evaluate(batch, *evaluation_);
    for (const Hit& hit : batch.hits()) {
      const std::string_view raw = batch.record_of(batch.events()[hit.event]).raw;
      if (!needs_[hit.rule]) continue;
      ++counts_.hits;
      counts_.spelled += hides_text(raw) ? 1U : 0U;
      EXPECT_TRUE(needs_met(*needs_[hit.rule], raw, storage::has_word))
          << detection_.rules->identity(hit.rule).path << " on " << raw;
    }
  }

  const Counts& counts() const { return counts_; }

 private:
  const Detection& detection_;
  parsers::Parser parser_;
  rules::EvaluationPtr evaluation_;
  std::vector<std::optional<RecordNeeds>> needs_;  // by rule
  Counts counts_;
};

TEST(NeededRecords, AreThoseOnWhichRulesAreTrue) {
  PICKET_NEEDS_SHARED_DATA();
  const auto detection = load_detection({PICKET_SOURCE_DIR "/content"}, {.rules = conformance::sigma_folders()});
  ASSERT_TRUE(detection) << detection.error().what;
  Recordings recordings(*detection);
  std::size_t files = 0;
  for (const std::string& path : conformance::files_in(kShared + "/evtx-json/events")) {
    if (!kSanitized || ++files % 10 == 0) recordings.play(conformance::lines_of(path));
  }
  const Counts& counts = recordings.counts();
  std::printf("%zu rules, %zu of them know what they need, %zu with whole words; %zu hits, %zu on records that may hide text\n",
              detection->routes->rules().size(), counts.rules, counts.worded, counts.hits, counts.spelled);
  EXPECT_GT(counts.rules, 2000U);
  EXPECT_GT(counts.hits, kSanitized ? 50U : 2000U);
}

}  // namespace
}  // namespace picket::app
