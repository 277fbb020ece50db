// The members of a .zip file of recordings, stored or deflated (APPNOTE.TXT 4.3). Reads the whole
// file at once; no ZIP64, no encryption. Owns what it returns. Free function, any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace picket::conformance {

struct ZipMember {
  std::string name;
  std::string bytes;
};

// In the order of the directory, without folders.
Result<std::vector<ZipMember>> read_zip(const std::string& path);

}  // namespace picket::conformance
