// One source definition from its file. docs/formats/sources.md is the format.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "parsers/catalog.h"
#include "parsers/steps/geo_database.h"

namespace picket::parsers {

// The error is "path:line: reason". `geo` is where its geoip steps find their databases.
Result<Definition> load_definition(const std::string& path, GeoLibrary& geo);
Result<Definition> load_definition(const std::string& path);  // without any
// The same for a text; files that it names are looked for beside `path`.
Result<Definition> read_definition(std::string_view text, const std::string& path);
Result<Definition> read_definition(std::string_view text, const std::string& path, GeoLibrary& geo);

}  // namespace picket::parsers
