// Asks the server that runs on a data folder: where it listens is in server.json, who may ask in
// admin-token, both beside its data. One request, five seconds at most (a change: ten). Any thread.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"

namespace picket::app {

inline constexpr const char* kServerFile = "/server.json";  // {"api": "http://127.0.0.1:8440", "config": path}

// What the server answers to GET `path` ("/api/v1/status"). The error says why there is no answer, in
// the words of a complaint.
Result<Json> ask_server(const std::string& folder, const std::string& path);
// Posts a body. What the server refuses is kInvalid or kNotFound, in its own words; kIo: it cannot be reached.
Result<Json> tell_server(const std::string& folder, const std::string& path, const Json& body);

}  // namespace picket::app
