// Reads the commands of a query: what stands behind its '|'.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "storage/query.h"
#include "storage/query/reader.h"

namespace picket::storage {

// At the first '|', or at the end. Appends the filters of `where` to `nodes`.
void read_commands(QueryReader& in, std::vector<QueryNode>& nodes,
                   std::vector<QueryCommand>& commands);

// "1h", "90s": whole seconds up to 366 days; nullopt for everything else.
std::optional<std::int64_t> parse_span(std::string_view text);
std::string show_span(std::int64_t span_ns);

// What completion offers.
std::span<const std::string_view> command_names();
std::span<const std::string_view> function_names();  // of stats, without p1..p99

}  // namespace picket::storage
