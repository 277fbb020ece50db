// sort, head, tail, dedup and fields: rows in another order, fewer rows, fewer cells.
//
// Commands and columns must outlive the stages.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/query/pipe.h"

namespace picket::storage {

// Holds the first rows in its order, at most `wanted` and what the limits allow.
std::unique_ptr<PipeStage> make_sort_stage(const QueryCommand& command, std::uint64_t wanted,
                                           const std::vector<std::string>& columns,
                                           PipeState& state, PipeStage& next);
std::unique_ptr<PipeStage> make_head_stage(const QueryCommand& command, PipeStage& next);
std::unique_ptr<PipeStage> make_tail_stage(const QueryCommand& command, PipeState& state,
                                           PipeStage& next);
std::unique_ptr<PipeStage> make_dedup_stage(const QueryCommand& command,
                                            const std::vector<std::string>& columns,
                                            PipeState& state, PipeStage& next);
std::unique_ptr<PipeStage> make_fields_stage(const QueryCommand& command,
                                             const std::vector<std::string>& columns, bool events,
                                             PipeStage& next);

// Where each of these names is among the columns; columns.size() for what is not there.
std::vector<std::size_t> places_of(const std::vector<std::string>& names,
                                   const std::vector<std::string>& columns);
const Cell& cell_at(const ResultRow& row, std::size_t place);  // nothing, for columns.size()

}  // namespace picket::storage
