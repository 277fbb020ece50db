// The body of an Elasticsearch bulk request: a line with an action, then a line with the document.
//
// Only `create` and `index` store something. A malformed or unsupported action is an item of its
// own with status 400 and costs nothing but itself: the line after it is taken for its document,
// unless that line is an action. Documents are not looked into: what is no JSON is a record all the
// same. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace picket::collector {

enum class BulkAction : std::uint8_t { kCreate, kIndex, kUpdate, kDelete, kUnknown };

struct BulkItem {
  BulkAction action = BulkAction::kUnknown;
  bool accepted = false;
};

struct BulkRequest {
  std::vector<BulkItem> items;
  std::vector<std::string_view> documents;  // of the accepted items, in order; views into the body
  bool too_many = false;                    // more than items_max; nothing else is valid then
};

BulkRequest parse_bulk(std::string_view body, std::size_t items_max);

// {"took":..,"errors":..,"items":[{"create":{"_index":..,"status":201}}, ...]}
std::string bulk_answer(const std::vector<BulkItem>& items, std::string_view index,
                        std::uint64_t took_ms);

}  // namespace picket::collector
