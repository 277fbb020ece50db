// Settling: makes a store whole again that can be read, but lacks things: takes out what cannot be
// decoded, makes indexes, names of sources and counts anew, and records what is lost. Private to
// storage/; one thread.
#pragma once

#include <rocksdb/write_batch.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/repair/chain_names.h"
#include "storage/repair/loss.h"
#include "storage/repair/repair.h"
#include "storage/repair/table_file.h"
#include "storage/rocks_store.h"

namespace picket::storage {

class Settling {
 public:
  // `files`: the damaged ones, which explain what is missing. The report says what was done.
  Settling(const RepairOptions& options, const std::vector<TableFile>& files, RepairReport& report)
      : options_(options), files_(files), report_(report) {}

  // False: there was nothing to do. `path`: of the database.
  Result<bool> run(const std::string& path);

 private:
  Result<void> look();
  Result<void> settle_chain();
  Result<void> settle_numbers();
  Result<void> quarantine_values();
  void remove_losses();
  Result<void> bind_earlier();
  Result<void> settle_state();
  Result<void> settle_sources();
  Result<void> count_again(const std::set<std::uint32_t>& sources);
  Result<void> settle_alerts();
  Result<void> settle_incidents();
  using Index = std::map<std::string, std::string>;
  void settle_index(Family family, Index right);
  void settle_index();
  void tell_losses();
  Result<void> tell_times();
  std::string source_name(SourceId source) const;
  bool lost(Evidence evidence, std::string_view key) const;
  bool is_damaged(Family family) const;
  void put(Family family, std::string_view key, std::string_view value);
  void remove(Family family, std::string_view key);

  const RepairOptions& options_;
  const std::vector<TableFile>& files_;
  RepairReport& report_;
  std::unique_ptr<RocksStore> store_;
  std::optional<ChainNames> names_;
  std::optional<LossSearch> search_;
  std::set<std::pair<Evidence, std::string>> gone_;
  std::vector<std::string> sources_;  // names by id
  rocksdb::WriteBatch raw_;           // what is not bound by the chain, and the chain itself
  rocksdb::WriteBatch bound_;         // with its link
};

}  // namespace picket::storage
