// IndicatorSet: an immutable snapshot of all indicators of all feeds, and their look-up on events.
//
// Made off the hot path (IndicatorSetBuilder, or loader.h from files), shared by shared_ptr,
// swapped whole with the rule set that holds it. To the rest of the house a feed is a rule: one for
// each level that its indicators have, so that hits, alerts, search and the ledger need to know
// nothing of indicators. Whether an indicator counts is judged by the time of the event, never by a
// clock: the same events give the same hits, whenever they are read. Const functions: any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "rules/indicators/fields.h"
#include "rules/indicators/indicator.h"
#include "rules/indicators/memo.h"
#include "rules/indicators/table.h"
#include "rules/rule.h"

namespace picket::rules {

class IndicatorSet {
 public:
  static std::shared_ptr<const IndicatorSet> none();

  std::size_t size() const { return table_.size(); }    // indicators
  std::size_t bytes() const { return table_.bytes(); }  // of memory
  std::size_t repeated() const { return table_.repeated(); }

  // Rules by number: one for each feed and level.
  std::size_t rule_count() const { return rules_.size(); }
  const RuleIdentity& identity(std::uint32_t rule) const { return rules_[rule].identity; }
  const std::vector<std::string>& tags() const { return tags_; }
  const std::string& feed_of(std::uint32_t rule) const { return feeds_[rules_[rule].feed]; }
  // Of all feeds the names, also of those that hold nothing.
  const std::vector<std::string>& feeds() const { return feeds_; }
  std::size_t indicators_of(std::uint32_t rule) const { return rules_[rule].indicators; }

  // Appends `first_rule` + the number of each rule that has an indicator in the event, each once.
  // The memo is the thread's, for this set.
  void match(Batch& batch, const Event& event, std::uint32_t first_rule, IndicatorMemo& memo,
             std::vector<std::uint32_t>& rules) const;
  // One Match for each indicator of the rule in the event, at most kMatchesMax.
  static constexpr std::size_t kMatchesMax = 100;
  std::vector<Match> explain(Batch& batch, const Event& event, std::uint32_t rule) const;

  // What holds a value that a person typed: an address, domain, URL or hash.
  struct Holding {
    std::uint32_t rule = 0;
    int line = 1;
    Indicator indicator;
  };
  std::vector<Holding> holding(std::string_view value) const;

 private:
  friend class IndicatorSetBuilder;
  struct Rule {
    RuleIdentity identity;
    std::size_t indicators = 0;
    std::size_t feed = 0;  // in feeds_
  };
  IndicatorSet() = default;
  template <class F>
  void look(Batch& batch, const Event& event, IndicatorMemo* memo, F f) const;
  Indicator indicator_of(const IndicatorTable::Entry& entry) const;

  IndicatorTable table_;
  std::unique_ptr<const IndicatorFields> fields_;  // none while there is no indicator
  std::vector<Rule> rules_;
  std::vector<std::string> tags_;
  std::vector<std::string> feeds_;
};

// Builds one set. Feeds one after the other: begin_feed(), what readers give, end_feed().
class IndicatorSetBuilder final : public IndicatorSink {
 public:
  static constexpr std::size_t kFindingsMax = 100;  // of one feed, kept; all are counted
  static constexpr std::size_t kFeedsMax = 4096;

  struct FeedReport {
    std::string name = {};
    std::string path = {};
    std::string format = {};
    std::size_t indicators = 0;
    std::size_t refused = 0;
    std::size_t revoked = 0;
    std::vector<Finding> findings = {};
  };

  IndicatorSetBuilder();
  void begin_feed(const IndicatorFeed& feed, std::string_view format);
  void end_feed(std::string hash);  // SHA-256 of the file

  void add(const IndicatorKey& key, const IndicatorNote& note) override;
  void refuse(std::uint32_t line, std::string_view code, std::string reason) override;
  void revoked() override;
  void name_source(std::string_view id, std::string_view name) override;

  std::vector<FeedReport> take_reports() { return std::move(reports_); }
  std::shared_ptr<const IndicatorSet> finish();

 private:
  std::shared_ptr<IndicatorSet> set_;
  std::vector<IndicatorFeed> feeds_;
  std::vector<FeedReport> reports_;
  std::vector<std::string> hashes_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>>
      names_;                    // of this feed: text of an id, text of its name
  std::size_t first_about_ = 0;  // of this feed
  bool full_ = false;
};

}  // namespace picket::rules
