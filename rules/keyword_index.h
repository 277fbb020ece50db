// KeywordIndex: which rules may be true, given a whole record.
//
// Keywords stand anywhere in a record, so all its bytes are looked at: by a filter where they are
// few, and by one caseless Hyperscan literal database, shared by the routes that have the same
// keywords. Built once, immutable; look-ups need a HyperscanScratch per thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/literal_filter.h"
#include "rules/literal_index.h"
#include "rules/regex.h"

namespace picket::rules {

// Finds texts in any ASCII case. Their indexes are those of `texts`.
class KeywordDatabase {
 public:
  // From the bytes of an earlier one of the same texts, if they are given and good.
  explicit KeywordDatabase(const std::vector<std::string>& texts,
                           const std::string* stored = nullptr);
  KeywordDatabase(const KeywordDatabase&) = delete;
  KeywordDatabase& operator=(const KeywordDatabase&) = delete;
  ~KeywordDatabase();

  void prepare(HyperscanScratch& scratch) const { scratch.prepare(database_); }
  // False: scan() would find nothing.
  bool may_find(std::string_view record) const { return filter_.may_pass(record); }
  std::string bytes() const;
  using OnText = void (*)(void* context, unsigned index);
  void scan(std::string_view record, const HyperscanScratch& scratch, void* context,
            OnText on) const;

 private:
  hs_database* database_ = nullptr;
  LiteralFilter filter_;
};

class KeywordIndex {
 public:
  // Of kind kContains or kPresent.
  void add(const Anchor& anchor, std::uint32_t rule);
  // In ascending order: what the database of build() is to find.
  std::vector<std::string> texts() const;
  // Once, after the last add(). `database` is of texts(); not needed without texts.
  void build(std::shared_ptr<const KeywordDatabase> database);
  void prepare(HyperscanScratch& scratch) const;

  bool empty() const { return always_.empty() && rules_.empty(); }
  // Calls wake(rule) for every rule that a record wakes. The record is plain, or folded.
  template <class Wake>
  void look_up(std::string_view record, const HyperscanScratch& scratch, Wake wake) const {
    for (const std::uint32_t rule : always_) wake(rule);
    if (!database_ || !database_->may_find(record)) return;
    struct Call {
      const KeywordIndex* index;
      Wake* wake;
    } call{this, &wake};
    database_->scan(record, scratch, &call, [](void* context, unsigned text) {
      const Call& c = *static_cast<Call*>(context);
      for (const std::uint32_t rule : c.index->rules_[text]) (*c.wake)(rule);
    });
  }

 private:
  using Rules = std::vector<std::uint32_t>;
  std::map<std::string, Rules> by_text_;  // empty after build()
  std::vector<Rules> rules_;              // by text
  Rules always_;
  std::shared_ptr<const KeywordDatabase> database_;
};

}  // namespace picket::rules
