// What the body of an order holds: members of a JSON object that somebody sent, read by name. Errors are kInvalid and say
// what is wrong with which. Pure, any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace picket::app {

// It is an object, and has no other members than these.
Result<void> check_members(const Json& body, std::initializer_list<std::string_view> known);
std::string text_of(const Json& body, const char* name);  // empty: it is missing, or no text
// Nanoseconds since 1970; `otherwise` where it is missing.
Result<std::int64_t> time_of(const Json& body, const char* name, std::int64_t otherwise);
// Why it is ordered, in words: needed, at most kHoldTextMax bytes.
Result<std::string> reason_of(const Json& body);

}  // namespace picket::app
