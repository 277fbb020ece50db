// TableFile: one file of the database, and whether all of it can be read.
//
// A file is looked at by itself: that it is there, that it has the size that the database recorded,
// that it opens, and every checksum in it. Private to storage/; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace rocksdb {
class Env;
}

namespace picket::storage {

class RocksStore;

struct TableFile {
  std::string name;         // "000012.sst"
  std::string family;       // its column family; empty: not known
  std::uint64_t bytes = 0;  // as the database recorded them; 0: not known
  std::string first_key;    // of its entries; both empty: not known
  std::string last_key;
  bool opens = false;   // so what is sound in it can be read
  std::string problem;  // in English; empty: it is sound
  bool may_have(std::string_view family_name, std::string_view key) const {
    if (!family.empty() && family != family_name) return false;
    return (first_key.empty() && last_key.empty()) || (first_key <= key && key <= last_key);
  }
};

// What to look at: the files that `store` has, or all of the folder where it cannot be opened.
Result<std::vector<TableFile>> list_table_files(const std::string& folder, const RocksStore* store);

using FileProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;  // bytes
// Reads each of them and says what is wrong.
void check_table_files(const std::string& folder, std::vector<TableFile>& files,
                       const FileProgress& progress);

}  // namespace picket::storage
