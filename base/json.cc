#include "base/json.h"

#include <algorithm>

namespace picket {
namespace {

// The deepest nesting of brackets outside strings. A document that is not JSON may give any number.
std::size_t nesting(std::string_view text) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') deepest = std::max(deepest, ++depth);
    if ((c == '}' || c == ']') && depth > 0) --depth;
  }
  return deepest;
}

}  // namespace

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.bytes_max) {
    return fail(Errc::kLimit, "JSON document of " + std::to_string(text.size()) +
                                  " bytes is longer than " + std::to_string(limits.bytes_max));
  }
  if (nesting(text) > limits.depth_max) {
    return fail(Errc::kLimit,
                "JSON document is nested deeper than " + std::to_string(limits.depth_max) + " levels");
  }
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return fail(Errc::kInvalid, "not a JSON document");
  return json;
}

std::string dump_json(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string dump_json_indented(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string json_quoted(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace picket
