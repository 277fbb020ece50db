// Inflates gzip (RFC 1952) from peers, bounded. Pure function, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace picket {

struct GzipLimits {
  std::size_t bytes_max = 16 * 1024 * 1024;  // of the result
  std::size_t ratio_max = 100;               // result to input; results up to 64 KiB are exempt
};

// All members of `bytes`, one after the other. kCorrupt for what is no gzip or is cut short, kLimit
// as soon as a limit is passed.
Result<std::string> gunzip(std::string_view bytes, GzipLimits limits = {});

}  // namespace picket
