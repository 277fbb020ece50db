// How HTTP/1.1 is spelt: targets of requests, heads of answers, events of a stream. Pure but for the date;
// any thread. What clients sent is bounded by who read it.
#pragma once

#include <string>
#include <string_view>

#include "base/http_server.h"

namespace picket {

// Fills target, path and query; false when the target cannot be read. RFC 9112 3.2.2: a server
// takes the absolute form too.
bool read_http_target(std::string_view target, HttpRequest& request);

// Status line and headers, with the date and the empty line behind them. A header whose value would split
// the answer is left out.
std::string http_answer_head(const HttpResponse& response, bool keep_alive, bool with_length);

// WHATWG HTML 9.2.5: one "data:" per line of the data.
std::string http_event_text(std::string_view event, std::string_view data);

}  // namespace picket
