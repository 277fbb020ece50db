// Links and exported heads, from a disk that may be damaged or forged.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "storage/integrity/chain.h"

using picket::storage::Link;

namespace {

void check_link(std::string_view bytes) {
  const picket::Result<Link> link = picket::storage::read_link(7, bytes);
  if (!link) return;
  PICKET_CHECK(link->body.size() + link->hash.size() == bytes.size());
  std::size_t size = 0;
  for (const picket::storage::ChainEntry& entry : link->entries) {
    PICKET_CHECK(!picket::storage::evidence_name(entry.evidence).empty());
    PICKET_CHECK(entry.removed
                     ? entry.digest.empty()
                     : entry.digest.size() == picket::storage::digest_bytes(entry.evidence));
    size += 2 + entry.key.size() + entry.digest.size();
  }
  PICKET_CHECK(size <= link->body.size());
}

void check_head(std::string_view text) {
  const picket::Result<picket::Json> json = picket::parse_json(text);
  if (!json) return;
  const auto head = picket::storage::signed_head_from_json(*json);
  if (!head) return;
  const auto again = picket::storage::signed_head_from_json(picket::storage::to_json(*head));
  PICKET_CHECK(again && to_json(*again) == to_json(*head));
  PICKET_CHECK(!head->is_genuine() || again->is_genuine());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_link(bytes);
  check_head(bytes);
  return 0;
}
