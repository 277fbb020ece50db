// What came of a backtest, as one JSON document (docs/formats/backtest.md) and as text for people.
//
// Sample events are read from the store. One thread.
#pragma once

#include <string>

#include "app/backtest.h"
#include "app/backtest_diff.h"
#include "app/detection.h"
#include "base/json.h"
#include "storage/store.h"

namespace picket::app {

// `diff` may be nullptr. The document holds no more than so many days and rules; the newest days
// and the rules with the most alerts.
inline constexpr std::size_t kDaysListed = 1000;
inline constexpr std::size_t kRulesListed = 1000;

// Parses a stored record for people: every field has its name.
class SampleReader {
 public:
  SampleReader(const storage::Store& store, const Detection& detection,
               const std::vector<parsers::SourceFormat>& formats);
  // null when the record is not stored any more.
  Json event(const EventRef& ref);

 private:
  const storage::Store& store_;
  std::vector<std::string> sources_;
  parsers::Parser parser_;
};

Json backtest_json(const BacktestResult& result, const BacktestDiff* diff,
                   const Detection& detection, SampleReader& samples);
std::string backtest_text(const BacktestResult& result, const BacktestDiff* diff,
                          const Detection& detection);

}  // namespace picket::app
