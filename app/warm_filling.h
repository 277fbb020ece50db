// WarmFilling: the windows of cold correlations (correlator/warm_table.h), as they would be had the
// rules been in use since ever. Stored records are replayed with these rules alone.
//
// What the rules would have raised up to the commit after which they were in use is passed over:
// that is what a backtest is for. What they raise later is kept, and goes out when the filling is
// poured into the live state. So it does not matter how long the filling takes.
//
// Moves from the thread that reads to the engine's; one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/detection.h"
#include "app/replay.h"
#include "base/result.h"
#include "correlator/state.h"
#include "correlator/warm_table.h"
#include "storage/store.h"

namespace picket::app {

// What the rules are made of: the texts hold them.
struct WarmRules {
  std::vector<correlator::ColdRule> cold;
  std::shared_ptr<const RuleTexts> texts;
  std::shared_ptr<const parsers::Catalog> catalog;
  std::shared_ptr<const rules::Taxonomy> taxonomy;
  rules::PayloadOptions payloads;
};

class WarmFilling {
 public:
  static constexpr std::size_t kStateBytesMax = 256 * 1024 * 1024;

  // Store, sources and formats must outlive it. kInvalid when the texts do not make the rules.
  static Result<std::unique_ptr<WarmFilling>> begin(WarmRules rules, const storage::Store& store,
                                                    const correlator::SourceNames& sources,
                                                    const std::vector<parsers::SourceFormat>& formats,
                                                    correlator::Options options,
                                                    std::size_t state_bytes_max = kStateBytesMax);

  // Reads on, up to and with this commit; false when `cancelled` said so. kLimit when the windows
  // take more than they may.
  Result<bool> read_to(std::uint64_t commit, const std::function<bool()>& cancelled);
  std::uint64_t commit() const { return position_.commit; }  // read to
  std::uint64_t reading() const { return replay_->commit(); }
  std::uint64_t rows() const { return rows_; }
  const std::vector<correlator::ColdRule>& rules() const { return cold_; }

  // All is read: the windows go into `live`, whose watermark is taken over. Returns what the rules
  // have raised since they were in use, by id. Nothing else is to be called after it.
  std::vector<Alert> pour(correlator::StatePort& live);

 private:
  explicit WarmFilling(const storage::Store& store) : store_(store) {}

  Result<void> make_rules(WarmRules rules);
  void pass(std::uint64_t commit);
  void keep(std::vector<Alert>& alerts);

  std::vector<correlator::ColdRule> cold_;  // in the order in which they came into use
  std::size_t passed_ = 0;                  // of them: what these raise is kept
  std::set<std::string, std::less<>> live_;  // their ids
  Detection detection_;
  const storage::Store& store_;
  std::optional<Replay> replay_;
  std::int64_t from_ns_ = INT64_MIN;
  storage::RowPosition position_;
  std::uint64_t rows_ = 0;
  std::size_t state_bytes_max_ = 0;
  std::map<std::string, Alert> raised_;
};

}  // namespace picket::app
