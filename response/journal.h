// Journal: where runs are written ahead. put() returns only when the document is on disk; what was
// put before a crash is there after it, whole. put() is called by one thread, reading by any.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace picket::response {

class Journal {
 public:
  virtual ~Journal() = default;
  virtual Result<void> put(std::string_view key, const Json& document) = 0;
  virtual Result<Json> get(std::string_view key) const = 0;  // kNotFound
  virtual Result<std::vector<std::pair<std::string, Json>>> all() const = 0;
};

}  // namespace picket::response
