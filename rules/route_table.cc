#include "rules/route_table.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <tuple>
#include <utility>

namespace picket::rules {
namespace {

constexpr unsigned kThreadsMax = 16;

}  // namespace

RouteTable::RouteTable(std::vector<DetectionRule> rules, std::shared_ptr<const Taxonomy> taxonomy,
                       const PayloadOptions& payloads,
                       std::shared_ptr<const StoredDatabases> stored)
    : rules_(std::move(rules)),
      taxonomy_(std::move(taxonomy)),
      payloads_(payloads),
      matchers_(std::move(stored)),
      routes_(std::make_unique<std::array<Lazy<Route>, kKindsMax>>()) {
  std::map<std::tuple<std::string, std::string, std::string>, std::uint32_t> known;
  for (const DetectionRule& rule : rules_) {
    const LogSource& source = rule.log_source;
    const auto [found, is_new] =
        known.try_emplace({source.product, source.category, source.service},
                          static_cast<std::uint32_t>(sources_.size()));
    if (is_new) sources_.push_back(taxonomy_->admission(source));
    source_of_.push_back(found->second);
  }
}

std::vector<std::uint32_t> RouteTable::admitted(KindId kind) const {
  std::vector<bool> admits;
  for (const Taxonomy::Admission& source : sources_) {
    admits.push_back(taxonomy_->lets_in(source, kind_of(kind)));
  }
  std::vector<std::uint32_t> all;
  for (std::uint32_t i = 0; i < rules_.size(); ++i) {
    if (admits[source_of_[i]]) all.push_back(i);
  }
  return all;
}

std::unique_ptr<const Route> RouteTable::build(KindId kind,
                                               const std::vector<std::uint32_t>& rules) const {
  return build_route(rules_, rules, *taxonomy_, kind_of(kind), payloads_, matchers_);
}

void RouteTable::prepare(std::span<const KindId> kinds, unsigned threads) const {
  struct Wanted {
    KindId kind{};
    std::vector<std::uint32_t> rules;
  };
  std::vector<Wanted> wanted;
  for (const KindId kind : kinds) {
    if ((*routes_)[static_cast<std::size_t>(kind)].get_if() != nullptr) continue;
    wanted.push_back({kind, admitted(kind)});
  }
  std::sort(wanted.begin(), wanted.end(), [](const Wanted& a, const Wanted& b) {
    return std::pair(a.rules.size(), a.kind) > std::pair(b.rules.size(), b.kind);
  });
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next.fetch_add(1); i < wanted.size(); i = next.fetch_add(1)) {
      const Wanted& each = wanted[i];
      (*routes_)[static_cast<std::size_t>(each.kind)].get(
          [&] { return build(each.kind, each.rules); });
    }
  };
  std::vector<std::thread> others;
  const std::size_t useful =
      std::min<std::size_t>(std::clamp(threads, 1U, kThreadsMax), wanted.size());
  for (std::size_t i = 1; i < useful; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
}

std::vector<KindId> RouteTable::kinds() const {
  std::vector<KindId> all;
  for (std::size_t i = 0; i < kKindsMax; ++i) {
    if ((*routes_)[i].get_if() != nullptr) all.push_back(KindId{static_cast<std::uint16_t>(i)});
  }
  return all;
}

}  // namespace picket::rules
