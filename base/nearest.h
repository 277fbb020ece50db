// The known name closest to one that is not known, for messages: "did you mean 'contains'?".
// Pure, any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace picket {

// Empty when nothing is close (more than a third of the letters differ, and at least 2).
std::string nearest_name(std::string_view name, std::span<const std::string_view> known);

// "; did you mean 'x'?", or nothing.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> known);

}  // namespace picket
