// Reads the filter of a query, which is also what stands behind `where`.
#pragma once

#include <cstdint>
#include <vector>

#include "storage/query.h"
#include "storage/query/reader.h"

namespace picket::storage {

// Appends the nodes of the filter that begins here, children first; it ends at a '|' or at the end.
// Answers the index of its root; what it answers after an error is not used.
std::uint32_t read_filter(QueryReader& in, std::vector<QueryNode>& nodes);

}  // namespace picket::storage
