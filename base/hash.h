// Hashes: XXH3 for tables and deterministic ids, SHA-256 where somebody may want to forge.
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace picket {

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);  // XXH3-64
std::string hash128_hex(std::string_view bytes);                       // XXH3-128, 32 digits
std::string sha256_hex(std::string_view bytes);                        // 64 digits

// SHA-256 of what comes in pieces. One thread.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view piece);
  std::string hex();  // of all pieces; nothing may be added behind it

 private:
  struct Context;
  struct Free {
    void operator()(Context* context) const;
  };
  std::unique_ptr<Context, Free> context_;
};

}  // namespace picket
