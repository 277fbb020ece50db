// `where`: a filter over rows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/query/pipe.h"

namespace picket::storage {

// Free text is looked for in the raw record of `events`, and in every cell of a table. The query
// must outlive the stage.
std::unique_ptr<PipeStage> make_where_stage(const Query& query, std::uint32_t root,
                                            const std::vector<std::string>& columns, bool events,
                                            PipeStage& next);

}  // namespace picket::storage
