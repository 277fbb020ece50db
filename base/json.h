// JSON for the cold paths: alerts, incidents, API answers, configuration of peers. The hot path
// reads events with simdjson (parsers/) and never comes here.
//
// parse_json() bounds size and nesting, so that a hostile document costs nothing; dump_json() never
// fails: bytes that are not UTF-8 are written as U+FFFD. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace picket {

using Json = nlohmann::ordered_json;  // keys stay in the order in which they were written

struct JsonLimits {
  std::size_t bytes_max = 16 * 1024 * 1024;
  std::size_t depth_max = 64;
};

Result<Json> parse_json(std::string_view text, JsonLimits limits = {});
std::string dump_json(const Json& json);                // one line
std::string dump_json_indented(const Json& json);       // for people, two spaces
// `text` between quotes, with everything escaped that JSON wants escaped; U+FFFD for bad UTF-8.
std::string json_quoted(std::string_view text);

}  // namespace picket
