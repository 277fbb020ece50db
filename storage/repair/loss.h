// Loss: one thing that the store should have, and does not have any more, or cannot read.
//
// LossSearch finds them in a database all of whose files can be read. Private to storage/; one
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/block.h"
#include "storage/integrity/chain.h"
#include "storage/repair/chain_names.h"
#include "storage/rocks_store.h"

namespace picket::storage {

struct Loss {
  Evidence evidence = Evidence::kBlock;
  std::string key;
  std::uint64_t commit = 0;  // 0: not known
  std::int64_t time_ns = 0;  // when it was stored; 0: not known
  std::string problem;       // of bytes that are there and cannot be read; empty: nothing is there
  std::vector<Run> runs = {};  // of a block, as the index says; empty: not known
};

class LossSearch {
 public:
  // What is missing counts as lost where `may_be_lost`; the rest is left for verification to name.
  // `index_may_be_old`: entries of the index of events may lead to blocks that were packed since.
  LossSearch(const RocksStore& store, const ChainNames& names, bool index_may_be_old,
             std::function<bool(Evidence, std::string_view key)> may_be_lost)
      : store_(store),
        names_(names),
        index_may_be_old_(index_may_be_old),
        may_be_lost_(std::move(may_be_lost)) {}

  Result<void> run(const std::function<void(std::uint64_t blocks)>& progress);

  const std::vector<Loss>& losses() const { return losses_; }
  // Entries of the index of events that are missing or wrong, and such that lead to what is lost.
  const std::map<std::string, std::string>& index_to_put() const { return index_to_put_; }
  const std::vector<std::string>& index_to_remove() const { return index_to_remove_; }
  // Older versions of values whose last one is lost; the chain knew them.
  const std::set<std::pair<Evidence, std::string>>& earlier() const { return earlier_; }
  // What had been removed, and is there again because that was lost.
  const std::vector<std::pair<Evidence, std::string>>& returned() const { return returned_; }
  bool has_column_blocks() const { return has_column_blocks_; }
  std::uint64_t last_commit() const { return last_commit_; }  // of which there is a block

 private:
  Result<void> blocks(const std::function<void(std::uint64_t blocks)>& progress);
  Result<bool> rows_are_elsewhere(std::string_view key, const std::vector<Run>& runs);
  Result<void> check_runs(std::string_view key, const std::vector<Run>& runs);
  Result<void> values(Evidence evidence);
  bool is_old(Evidence evidence, std::string_view key, std::string_view value);
  void sort_out_earlier();
  void missing();
  Result<void> index();
  bool has_block(std::string_view key) const;
  Loss* loss_of_block(std::string_view key);

  const RocksStore& store_;
  const ChainNames& names_;
  bool index_may_be_old_;
  std::function<bool(Evidence, std::string_view key)> may_be_lost_;
  std::vector<Loss> losses_;
  std::map<std::string, std::size_t, std::less<>> lost_blocks_;  // by key: index into losses_
  std::vector<std::string> blocks_;                              // that can be read, in order
  std::map<std::string, std::string> index_to_put_;
  std::vector<std::string> index_to_remove_;
  ChainNames::Digests others_;  // of values that are not what the chain recorded last
  std::set<std::pair<Evidence, std::string>> earlier_;
  std::vector<std::pair<Evidence, std::string>> returned_;
  Digester digester_;
  bool has_column_blocks_ = false;
  std::uint64_t last_commit_ = 0;
};

}  // namespace picket::storage
