// ValueTester: one test of a query on one value, as text. What holds for fields of events holds for
// columns of results.
//
// Keeps a reference to its node; immutable, any thread.
#pragma once

#include <string>
#include <string_view>

#include "storage/query.h"

namespace picket::storage {

class ValueTester {
 public:
  explicit ValueTester(const QueryNode& node);
  ValueTester(QueryNode&&) = delete;

  bool matches(std::string_view value) const;
  // Does free text stand somewhere in `raw`? As it is, or as JSON writes it.
  bool stands_in(std::string_view raw) const;

 private:
  const QueryNode* node_;
  std::string folded_;          // the value in lower case; wildcards of free text between stars
  std::string folded_escaped_;  // free text as JSON writes it, if that is different
};

}  // namespace picket::storage
