#include "storage/repair/chain_names.h"

#include <algorithm>
#include <memory>

#include "storage/encoding.h"
#include "storage/repair/damaged_scan.h"

namespace picket::storage {

Family family_of(Evidence evidence) {
  switch (evidence) {
    case Evidence::kBlock:
      return Family::kEvents;
    case Evidence::kHits:
      return Family::kHits;
    case Evidence::kAlert:
      return Family::kAlerts;
    case Evidence::kIncident:
      return Family::kIncidents;
    case Evidence::kDocument:
      return Family::kDocuments;
    case Evidence::kLedger:
      return Family::kLedger;
    case Evidence::kSource:
      return Family::kSources;
    case Evidence::kOffset:
      return Family::kOffsets;
  }
  return Family::kMeta;
}

void ChainNames::broken(std::string why) {
  if (whole_) problem_ = std::move(why);
  whole_ = false;
}

void ChainNames::note(std::uint64_t number, const Link& link) {
  if (link.kind == LinkKind::kBegin && link.had_before) commits_before_ = link.commit;
  for (const ChainEntry& entry : link.entries) {
    const std::pair key(entry.evidence, std::string(entry.key));
    if (entry.removed) {
      last_.erase(key);
      if (entry.evidence != Evidence::kBlock) removed_.insert(key);
    } else {
      removed_.erase(key);
      last_.insert_or_assign(key,
                             Last{std::string(entry.digest), number, link.commit, link.time_ns});
    }
  }
}

Result<void> ChainNames::read() {
  if (store_.family(Family::kChain) == nullptr) return {};
  DamagedScan links(store_.iterate(Family::kChain));
  std::uint64_t last = 0;
  while (links.next()) {
    Reader key(links.key());
    const std::uint64_t number = key.big64();
    const Result<Link> link = read_link(number, links.value());
    ++links_;
    if (!key.done() || !link) {
      broken("link " + std::to_string(number) + ": " + (link ? "a bad key" : link.error().what));
      continue;
    }
    if (number != last + 1)
      broken("links " + std::to_string(last + 1) + " to " + std::to_string(number - 1) +
             " are missing");
    last = number;
    note(number, *link);
  }
  if (links.places() > 0) broken(links.problem());
  return {};
}

void ChainNames::for_each(const std::function<void(const Name&)>& name) const {
  for (const auto& [key, last] : last_)
    name({key.first, key.second, last.digest, last.link, last.commit, last.time_ns});
}

std::string_view ChainNames::digest_of(Evidence evidence, std::string_view key) const {
  const auto found = last_.find(std::pair(evidence, std::string(key)));
  return found == last_.end() ? std::string_view() : found->second.digest;
}

bool ChainNames::was_removed(Evidence evidence, std::string_view key) const {
  const std::pair name(evidence, std::string(key));
  if (evidence != Evidence::kBlock) return removed_.contains(name);
  return whole_ && links_ > 0 && !last_.contains(name) && Reader(key).big64() > commits_before_;
}

std::set<std::pair<Evidence, std::string>> ChainNames::were_right(const Digests& digests) const {
  std::set<std::pair<Evidence, std::string>> right;
  if (digests.empty()) return right;
  DamagedScan links(store_.iterate(Family::kChain));
  while (links.next()) {
    const Result<Link> link = read_link(Reader(links.key()).big64(), links.value());
    if (!link) continue;
    for (const ChainEntry& entry : link->entries) {
      const auto found = digests.find({entry.evidence, std::string(entry.key)});
      if (found != digests.end() && !entry.removed && found->second == entry.digest)
        right.insert(found->first);
    }
  }
  return right;
}

}  // namespace picket::storage
