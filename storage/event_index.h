// Entries of `event_index`: which block has which rows of a source; docs/formats/store.md. Private
// to storage/.
#pragma once

#include <string>
#include <string_view>

#include "storage/block.h"
#include "storage/encoding.h"

namespace picket::storage {

inline std::string index_key(SourceId source, std::uint64_t seq) {
  std::string key;
  put_big32(key, static_cast<std::uint32_t>(source));
  put_big64(key, seq);
  return key;
}

inline std::string index_key(const Run& run) {
  return index_key(run.source, run.first_seq);
}

// `block` is the key of the block.
inline std::string index_value(std::string_view block, const Run& run) {
  std::string value(1, kValueVersion);
  value += block;
  put_big32(value, run.rows);
  return value;
}

}  // namespace picket::storage
