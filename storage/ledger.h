// The ledger line of one source, as it is stored: its counts and the next sequence number.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/store.h"

namespace picket::storage {

// Reasons are named by code, so there are few; past this many they are counted as "other".
inline constexpr std::size_t kReasonsMax = 64;

struct LedgerLine {
  Ledger ledger;  // `source` and `in_flight` are not stored here
  std::uint64_t next_seq = 0;
};

void count_reason(std::map<std::string, std::uint64_t>& reasons, std::string_view reason,
                  std::uint64_t n);
// Adds the counts of `more`; the next seq is the larger one.
void add(LedgerLine& line, const LedgerLine& more);

std::string encode(const LedgerLine& line);
Result<LedgerLine> decode_ledger_line(std::string_view value, std::string_view source);

}  // namespace picket::storage
