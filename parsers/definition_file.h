// One source definition from its file. docs/formats/sources.md is the format.
#pragma once

#include <string>

#include "base/result.h"
#include "parsers/catalog.h"

namespace picket::parsers {

// The error is "path:line: reason".
Result<Definition> load_definition(const std::string& path);

}  // namespace picket::parsers
