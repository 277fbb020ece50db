#include "rules/hyperscan_bytes.h"

#include <hs/hs.h>

#include <cstdlib>

namespace picket::rules {

std::string bytes_of(const hs_database* database) {
  char* bytes = nullptr;
  std::size_t size = 0;
  if (hs_serialize_database(database, &bytes, &size) != HS_SUCCESS) return {};
  std::string text(bytes, size);
  std::free(bytes);  // made by Hyperscan's allocator, which is malloc
  return text;
}

hs_database* database_of(std::string_view bytes) {
  hs_database* database = nullptr;
  if (hs_deserialize_database(bytes.data(), bytes.size(), &database) != HS_SUCCESS) return nullptr;
  return database;
}

std::string hyperscan_info() {
  hs_platform_info platform{};
  if (hs_populate_platform(&platform) != HS_SUCCESS) platform = {};
  return std::string("hyperscan ") + hs_version() + " tune " + std::to_string(platform.tune) +
         " features " + std::to_string(platform.cpu_features);
}

}  // namespace picket::rules
