// ChainNames: every value that should be in the store, as the links of its chain say.
//
// Memory: about 60 bytes a block and 150 bytes for each alert, incident and document. Links that
// cannot be read are passed over, and whole() is false then. Private to storage/; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "storage/integrity/chain.h"
#include "storage/rocks_store.h"

namespace picket::storage {

Family family_of(Evidence evidence);

class ChainNames {
 public:
  struct Name {
    Evidence evidence;
    std::string_view key;
    std::string_view digest;
    std::uint64_t link;  // that said it last
    std::uint64_t commit;
    std::int64_t time_ns;
  };

  explicit ChainNames(const RocksStore& store) : store_(store) {}
  // kIo, kCorrupt: the chain cannot be read at all.
  Result<void> read();
  // By kind, and in the order of keys.
  void for_each(const std::function<void(const Name&)>& name) const;
  // What the last link that names it says; empty: none does, or it was removed.
  std::string_view digest_of(Evidence evidence, std::string_view key) const;
  // It was there once and was removed, as links say. Of blocks: no link names it.
  bool was_removed(Evidence evidence, std::string_view key) const;
  // Which of these values were right once: their digests, by kind and key.
  using Digests = std::map<std::pair<Evidence, std::string>, std::string>;
  std::set<std::pair<Evidence, std::string>> were_right(const Digests& digests) const;

  bool exists() const { return links_ > 0; }  // there is a chain
  bool whole() const { return whole_; }       // from the first link on, without a gap
  const std::string& problem() const { return problem_; }
  std::uint64_t commits_before() const { return commits_before_; }

 private:
  struct Last {
    std::string digest;
    std::uint64_t link = 0;
    std::uint64_t commit = 0;
    std::int64_t time_ns = 0;
  };
  void note(std::uint64_t number, const Link& link);
  void broken(std::string why);

  const RocksStore& store_;
  std::map<std::pair<Evidence, std::string>, Last, std::less<>> last_;
  std::set<std::pair<Evidence, std::string>, std::less<>> removed_;  // but blocks
  std::uint64_t commits_before_ = 0;  // the chain: it does not name what they wrote
  std::uint64_t links_ = 0;
  bool whole_ = true;
  std::string problem_;
};

}  // namespace picket::storage
