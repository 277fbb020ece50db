// Finding: one place where a store is not what its chain, its roots or its exported heads say.
//
// Findings keeps the first of them whole and counts the rest. Plain values; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace picket::storage {

inline constexpr std::size_t kFindingsMax = 1000;     // are named, all are counted
inline constexpr std::size_t kFindingRangesMax = 16;  // of sequence numbers in one finding

enum class Difference : std::uint8_t {
  kEdited,     // not the value that the chain recorded
  kDeleted,    // the chain recorded it, and it is gone
  kAdded,      // the chain knows nothing of it
  kDamaged,    // it cannot be read
  kTruncated,  // an exported head knows of later links
  kRewritten,  // an exported head knows of other links
  kUnsigned,   // a root was due, and there is none
  kForged,     // a signature is wrong, or by another key
  kUnchained,  // there is no chain at all
};
std::string_view difference_name(Difference difference);  // "edited"

struct SeqRange {
  std::string source;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

struct Finding {
  Difference difference = Difference::kDamaged;
  std::string kind;            // "block", "alert", ..., "link", "event_index", "head", "store"
  std::string key;             // as people read it: "commit 7, part 0", an id, a name
  std::uint64_t link = 0;      // 0: not known
  std::uint64_t commit = 0;    // 0: not known
  std::int64_t time_ns = 0;    // of the link; 0: not known
  std::vector<SeqRange> rows;  // records that are concerned, the first few
  std::string detail;          // in English, for whoever repairs it
};
Json to_json(const Finding& finding);

class Findings {
 public:
  // Where it was kept, or -1 when it was only counted.
  int add(Finding finding);
  Finding& at(int index) { return kept_[static_cast<std::size_t>(index)]; }
  const std::vector<Finding>& kept() const { return kept_; }
  std::uint64_t total() const { return total_; }

 private:
  std::vector<Finding> kept_;
  std::uint64_t total_ = 0;
};

}  // namespace picket::storage
