// Hashes: XXH3 for tables and deterministic ids, SHA-256 where somebody may want to forge.
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace picket {

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);  // XXH3-64
std::string hash128_hex(std::string_view bytes);                       // XXH3-128, 32 digits
std::string sha256_hex(std::string_view bytes);                        // 64 digits

}  // namespace picket
