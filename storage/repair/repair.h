// check_store(), repair_store(): what of a store is damaged, and a store that goes on without it.
//
// Both want the store for themselves: kBusy while a server has it. A check changes nothing. A
// repair keeps every damaged byte: where files of the database are damaged, what can be read is
// written into a new store, which takes the place of the old one in one step, and the old one lies
// in the quarantine folder as it was; values that cannot be decoded are put there one by one. What
// is lost is removed in a link of the chain and named in a document of the space "repairs", so
// verification tells it from what somebody deleted. What is missing though no damage explains it
// stays a finding. Indexes are made anew, and lost counts from the records that are there.
// docs/backup.md says more for people. Runs on the calling thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/world.h"
#include "storage/integrity/finding.h"
#include "storage/integrity/verify.h"

namespace picket::storage {

inline constexpr std::size_t kLossesNamedMax = 1000;  // of each kind; all are counted

struct DamagedFile {
  std::string name;    // "000012.sst"
  std::string family;  // column family; empty: not known
  std::uint64_t bytes = 0;
  std::string problem;  // in English
};
Json to_json(const std::vector<DamagedFile>& files);

enum class RepairStep : std::uint8_t { kFiles, kValues, kCopy, kBlocks };
// Bytes (kFiles, kCopy), links (kValues) or blocks (kBlocks); total 0: not known.
using RepairProgress =
    std::function<void(RepairStep step, std::uint64_t done, std::uint64_t total)>;

struct CheckStoreOptions {
  VerifyOptions verify;  // of which store, by which key and heads
  RepairProgress progress = {};
};
struct CheckReport {
  std::string open_problem;  // why a server cannot open it; empty: it can
  std::uint64_t files = 0;   // looked at
  std::uint64_t file_bytes = 0;
  std::vector<DamagedFile> damaged;
  bool could_read = true;             // false: nothing but the files could be looked at
  VerifyReport values;                // decoded and compared with the chain
  std::vector<std::string> residual;  // sources whose counts do not add up
  bool is_sound() const {
    return open_problem.empty() && damaged.empty() && could_read && values.is_clean() &&
           residual.empty();
  }
};
Json to_json(const CheckReport& report);  // without the findings among the values
Result<CheckReport> check_store(const CheckStoreOptions& options);

struct RepairOptions {
  std::string path;        // of the store
  std::string quarantine;  // folder; made when there is something to put into it
  std::string actor;       // who repairs, for the record
  std::string key_file;
  std::string head_file;
  Clock* clock = nullptr;  // nullptr: the real one
  RepairProgress progress = {};
};

// Records that are gone, side by side.
struct LostRecords {
  SeqRange rows;
  std::int64_t from_ns = 0;  // when they were stored, as the chain says; 0: not known
  std::int64_t to_ns = 0;    // not after that
};
struct RepairReport {
  bool changed = false;  // false: there was nothing to repair
  std::int64_t time_ns = 0;
  std::string actor;
  std::string quarantine;    // empty: nothing was put there
  std::string open_problem;  // why a server could not open it
  std::vector<DamagedFile> damaged;
  bool new_store = false;    // all that can be read was written anew
  bool new_chain = false;    // links were lost: a new chain begins, the old one is in quarantine
  std::uint64_t blocks = 0;  // lost
  std::uint64_t records = 0;
  std::uint64_t blocks_unknown = 0;           // of those: nobody knows which records they had
  std::vector<LostRecords> ranges;            // the first of them, like all below
  std::map<std::string, std::uint64_t> lost;  // by kind: hits, alerts, ...
  std::map<std::string, std::vector<std::string>> names;  // likewise
  // Values of which only an earlier version is there, which counts again.
  std::map<std::string, std::uint64_t> earlier;
  std::map<std::string, std::vector<std::string>> earlier_names;
  std::uint64_t index_entries = 0;     // made anew or removed
  std::vector<std::string> recounted;  // sources whose counts were made from what is there
  bool state_damaged = false;          // it is dropped: correlation begins anew
};
Json to_json(const RepairReport& report);

// kFull: a new store needs as much space as the old one takes. kCorrupt: nothing can be read.
// kInvalid: a newer version wrote it. Then nothing was changed.
Result<RepairReport> repair_store(const RepairOptions& options);

}  // namespace picket::storage
