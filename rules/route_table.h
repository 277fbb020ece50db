// RouteTable: the routes of one rule set, one a kind of event.
//
// prepare() builds the routes of the kinds that are expected, off the hot path and on several
// threads. A kind that nobody expected gets its route at its first event; whoever else wants that
// kind waits for it, and nobody else does. Owns the rules that routes point into. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/interner.h"
#include "base/lazy.h"
#include "event/kind.h"
#include "rules/matcher_cache.h"
#include "rules/payload.h"
#include "rules/route.h"
#include "rules/rule.h"
#include "rules/taxonomy.h"

namespace picket::rules {

class RouteTable {
 public:
  // `stored` as for MatcherCache; may be null.
  RouteTable(std::vector<DetectionRule> rules, std::shared_ptr<const Taxonomy> taxonomy,
             const PayloadOptions& payloads, std::shared_ptr<const StoredDatabases> stored);

  const std::vector<DetectionRule>& rules() const { return rules_; }
  const Taxonomy& taxonomy() const { return *taxonomy_; }
  const PayloadFields& payloads() const { return payloads_; }
  MatcherCache& matchers() const { return matchers_; }

  const Route& of(KindId kind) const {
    return (*routes_)[static_cast<std::size_t>(kind)].get(
        [&] { return build(kind, admitted(kind)); });
  }
  // Builds what is not built yet, those with the most rules first.
  void prepare(std::span<const KindId> kinds, unsigned threads) const;
  // The kinds whose routes are built, in order.
  std::vector<KindId> kinds() const;

 private:
  static constexpr std::size_t kKindsMax = Interner::kNamesMax;

  std::unique_ptr<const Route> build(KindId kind, const std::vector<std::uint32_t>& rules) const;
  // Rules whose log source admits the kind, in order.
  std::vector<std::uint32_t> admitted(KindId kind) const;

  std::vector<DetectionRule> rules_;
  std::shared_ptr<const Taxonomy> taxonomy_;
  PayloadFields payloads_;
  std::vector<Taxonomy::Admission> sources_;  // each log source once
  std::vector<std::uint32_t> source_of_;      // by rule: index into sources_
  mutable MatcherCache matchers_;
  std::unique_ptr<std::array<Lazy<Route>, kKindsMax>> routes_;  // by kind
};

}  // namespace picket::rules
