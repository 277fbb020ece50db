// Cache files: sealed bytes that can be made again at any time.
//
// A seal names what the file is, who made it and a checksum over all of it, so that a torn, damaged
// or foreign file is told from a good one and is simply not used. A checksum does not stop a
// forger: files are used only if they belong to this user (or root) and nobody else may write them.
// Format: docs/formats/rule-cache.md. Any thread, any process; the last writer wins.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace picket::rules {

inline constexpr std::size_t kCacheFileBytesMax = 256 * 1024 * 1024;

// `what`: eight characters. `key`: who can read the body (program, version, options).
std::string seal(std::string_view what, std::string_view key, std::string_view body);
// The body, a view into `bytes`. kCorrupt when the file is damaged, kNotFound when another key made
// it.
Result<std::string_view> unseal(std::string_view what, std::string_view key,
                                std::string_view bytes);

// kNotFound when there is none; kInvalid when somebody else may have written it.
Result<std::string> read_cache_file(const std::string& path);
// Makes the folder (mode 0700) if it is missing. Not synced: what is lost is made again.
Result<void> write_cache_file(const std::string& path, std::string_view bytes);
// Removes the oldest files of the folder named "<prefix>*" beyond so many files or bytes, and what
// writers left behind that were interrupted.
struct CacheLimits {
  std::size_t files_max = 8;
  std::size_t bytes_max = 512 * 1024 * 1024;
};
void prune_cache(const std::string& folder, std::string_view prefix, CacheLimits limits = {});

}  // namespace picket::rules
