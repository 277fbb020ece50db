// RuleTry: one rule over stored events while it is being written: what it would hit, which of its
// fields there are, and what it missed by one line.
//
// A rule decides here as in the server, but raises nothing: of a correlation, try the rules that it
// counts and then `picket backtest`. Detection (with keep_trees, of that file alone) and store must
// outlive it. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cause.h"
#include "app/detection.h"
#include "app/field_report.h"
#include "base/json.h"
#include "base/result.h"
#include "event/alert.h"
#include "parsers/parser.h"
#include "rules/truth.h"
#include "storage/store.h"

namespace picket::app {

struct TryOptions {
  storage::ScanOptions scan = {};
  std::size_t limit = 5;  // hits, and near misses, shown of each rule
  // Of the shown events as JSON, together; those past it are null.
  std::size_t sample_bytes_max = SIZE_MAX;
  bool hits_alone = false;  // neither fields nor near misses: scan.needs may leave records out
  // Asked behind every batch and block, may be empty: true ends it with what was found.
  std::function<bool()> cancelled = {};
  // The same once an event was looked at, so that going on behind TryResult::last comes to an end.
  std::function<bool()> enough = {};
  std::function<void(std::uint64_t bytes)> progress = {};
};

struct TryEvent {
  EventRef ref;
  Json event;                  // as people read it; null: not stored any more, or no room
  std::vector<Match> matches;  // of a hit
  std::string cause;           // of a near miss, for people: visible()
  Json cause_json = {};        // the same for machines
};

// Events that missed by this line alone.
struct MissedLine {
  std::string selection;
  int line = 0;
  std::string field;
  std::string test;  // "contains"
  std::string wanted;
  bool excludes = false;  // the line was true, and should not have been
  std::uint64_t events = 0;
};

struct TriedRule {
  const rules::DetectionRule* rule = nullptr;
  std::uint64_t hits = 0;
  std::uint64_t admitted = 0;     // events of its log source
  std::uint64_t looked_into = 0;  // of them, for near misses: the newest kLookedInto
  std::uint64_t near_misses = 0;
  std::vector<TryEvent> samples;  // hits, the newest first
  std::vector<TryEvent> missed;   // near misses, likewise
  std::vector<MissedLine> lines;  // the most first
  static constexpr std::uint64_t kLookedInto = 50'000;
  static constexpr std::size_t kLinesMax = 100;
};

struct TryResult {
  std::vector<TriedRule> rules;
  std::unique_ptr<FieldTally> fields;  // never nullptr
  storage::ScanTotals scan;
  std::uint64_t events = 0;
  double seconds = 0;
  bool interrupted = false;                       // cancelled
  bool complete = false;                          // all of the range was looked at
  std::optional<storage::RowPosition> last = {};  // looked at; nullopt: none was
  // Times of the events looked at; not in order, for a store has them as they came.
  std::int64_t oldest_ns = INT64_MAX;
  std::int64_t newest_ns = INT64_MIN;
};

// The one test that keeps a rule from being true on an event where something else of it is;
// nullopt: it is true, or more is missing, or nothing is there. Points into the truth.
std::optional<Cause> near_miss(const rules::DetectionRule& rule, const rules::Truth& truth);

// Newest first, so that what is found first is what is wanted. Fails when the store cannot be read.
Result<TryResult> try_rules(const storage::Store& store, const Detection& detection,
                            const std::vector<parsers::SourceFormat>& formats,
                            const TryOptions& options);

}  // namespace picket::app
