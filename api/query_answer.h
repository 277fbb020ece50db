// What the API says of queries: what is wrong with one, what one found, and what one may be made of.
// Pure functions, any thread.
#pragma once

#include "api/ports.h"
#include "base/http_server.h"
#include "base/json.h"
#include "storage/query.h"

namespace picket::api {

// 400 with "offset" (in bytes of q), "key", "expected" and "nearest" beside the members of a problem.
HttpResponse query_problem(const storage::QueryError& error);

Json search_json(SearchPage page);

// Operators, keywords, commands and functions: what completion offers besides fields.
Json query_words();

}  // namespace picket::api
