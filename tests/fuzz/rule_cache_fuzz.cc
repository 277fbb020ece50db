// Any bytes as a file of the cache of rules: no crash, no hang, bounded memory; and what is
// accepted can be written again and is the same then. The first byte chooses which part reads the
// rest: the seal, the list of what is cached, one file's rules, or a database.
#include <hs/hs.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "rules/cache_file.h"
#include "rules/hyperscan_bytes.h"
#include "rules/rule_cache.h"
#include "rules/rule_codec.h"

namespace {

using namespace picket::rules;

void check_file(std::string_view bytes) {
  const auto file = decode_rule_file(bytes, "fuzz.yml", "hash");
  if (!file) return;
  const std::string again = encode_rule_file(*file);
  const auto same = decode_rule_file(again, "fuzz.yml", "hash");
  PICKET_CHECK(same && encode_rule_file(*same) == again);
}

void check_list(std::string_view bytes) {
  const auto contents = decode_cache(bytes);
  if (!contents) return;
  const auto same = decode_cache(encode_cache(*contents));
  PICKET_CHECK(same && same->files.size() == contents->files.size() &&
               same->databases == contents->databases);
  for (const CacheContents::File& file : contents->files) check_file(file.bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      if (const auto body = unseal("picketR1", "key", bytes)) check_list(*body);
      break;
    case 1:
      check_list(bytes);
      break;
    case 2:
      check_file(bytes);
      break;
    default:
      if (hs_database* database = database_of(std::string(bytes))) hs_free_database(database);
  }
  return 0;
}
