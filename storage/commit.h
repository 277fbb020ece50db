// What a Commit holds until the store writes it. Private to storage/.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/block.h"
#include "storage/ledger.h"
#include "storage/store.h"

namespace picket::storage {

// The key of a document; kInvalid for a space that cannot be one.
Result<std::string> document_key(std::string_view space, std::string_view key);

struct EncodedBlock {
  std::string bytes;      // without its checksum
  std::vector<Run> runs;  // of its rows
};

struct HitRow {
  std::uint32_t rule;  // index into rules
  SourceId source;
  std::uint64_t seq;
  std::int64_t time_ns;
};

struct Commit::Contents {
  std::vector<EncodedBlock> blocks;
  RowBlockBuilder rows;  // not yet in a block
  std::vector<std::string> rules;
  std::vector<HitRow> hits;
  std::map<SourceId, LedgerLine>
      counts;  // to be added to the stored lines; next_seq: one past the last
  std::map<std::string, Alert> alerts;
  std::set<std::string, std::less<>> deleted_alerts;
  std::map<std::string, Incident, std::less<>> incidents;
  State state;
  std::map<std::string, std::string> offsets;
  std::map<std::string, std::string> documents;  // by document_key()
};

}  // namespace picket::storage
