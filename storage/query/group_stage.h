// count, stats, distinct, timechart, top and rare: rows become groups, groups become rows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/query/pipe.h"

namespace picket::storage {

// A row without a field of `by` is of the group that has nothing there; one with several values is
// of several groups. The command must outlive the stage.
std::unique_ptr<PipeStage> make_group_stage(const QueryCommand& command,
                                            const std::vector<std::string>& columns,
                                            PipeState& state, PipeStage& next);

}  // namespace picket::storage
