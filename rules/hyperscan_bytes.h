// Hyperscan databases as bytes, for the cache of rules, and the name of what can read them.
//
// Databases hold code for one version of Hyperscan on one sort of processor. Hyperscan checks the
// version, the platform and a checksum when it reads one, which finds damage but no forgery: bytes
// come from files that only this user may write. Pure, any thread.
#pragma once

#include <string>
#include <string_view>

struct hs_database;

namespace picket::rules {

// Empty if Hyperscan cannot write it.
std::string bytes_of(const hs_database* database);
// nullptr for bytes that are damaged, or of another version or platform. The caller owns the
// database.
hs_database* database_of(std::string_view bytes);
// Version and platform: databases of one process can be read by another where this is the same.
std::string hyperscan_info();

}  // namespace picket::rules
