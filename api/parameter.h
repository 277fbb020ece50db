// Parameters: what stands behind the question mark of a request. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/http_server.h"
#include "base/result.h"

namespace picket::api {

// Empty when it is missing. Lives as long as the request.
std::string_view parameter(const HttpRequest& request, const char* name);
// At most `max`; `otherwise` when it is missing. kInvalid: it is no number.
Result<std::size_t> number_parameter(const HttpRequest& request, const char* name,
                                     std::size_t otherwise, std::size_t max);

}  // namespace picket::api
