// verify_store(): is the store what was written to it?
//
// Opens the folder read-only, beside a running server too, and compares all evidence with the
// chain, the chain with its signed roots and with the heads that were exported. Every block is
// inflated and decoded on the way. What is wrong is a finding, not an error: an error means that
// nothing could be looked at. Memory grows with the number of alerts, incidents and documents
// (about 200 bytes each), and by 24 bytes for each block that was packed. Runs on the calling thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/ed25519.h"
#include "base/json.h"
#include "base/result.h"
#include "storage/integrity/chain.h"
#include "storage/integrity/finding.h"

namespace rocksdb {
class Env;
}

namespace picket::storage {

// Documents of this space say what repairs of the store found damaged and lost (storage/repair/).
inline constexpr const char* kRepairSpace = "repairs";

struct VerifyOptions {
  std::string path;                       // of the store
  std::string head_file;                  // empty: tails that were cut off are not found
  std::uint64_t head_bytes = UINT64_MAX;  // no more of it is read
  std::optional<PublicKey> key = {};      // whose roots count; else that of the first root
  rocksdb::Env* env = nullptr;            // tests
  bool check_chain = true;                // false only for the negative control of the tests
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
};

struct VerifyReport {
  std::string store;  // id; empty: there is no chain
  std::uint64_t links = 0;
  std::uint64_t roots = 0;
  std::uint64_t commits = 0;         // the number of the last one
  std::uint64_t unsigned_links = 0;  // behind the last root
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;
  std::optional<PublicKey> key;  // by which the roots were checked
  std::uint64_t heads = 0;       // of this store in the head file
  std::uint64_t rows = 0;
  std::uint64_t raw_bytes = 0;
  std::array<std::uint64_t, kEvidences> values{};  // looked at, by kind (Evidence - 1)
  std::uint64_t before_chain = 0;  // values older than the chain: nothing proves them
  Findings findings;
  std::vector<Json> repairs;  // what is missing and known, by time; no findings

  bool is_clean() const { return findings.total() == 0; }
  bool has_values() const {
    return std::any_of(values.begin(), values.end(), [](std::uint64_t n) { return n > 0; });
  }
};
Json to_json(const VerifyReport& report);  // without the findings

Result<VerifyReport> verify_store(const VerifyOptions& options);
// Of one that is open; nobody may write meanwhile.
class RocksStore;
Result<VerifyReport> verify_store(const RocksStore& store, const VerifyOptions& options);

}  // namespace picket::storage
