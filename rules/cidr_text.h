// Networks as rules write them: "10.0.0.0/8", "2001:db8::/32", or one address. Pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace picket::rules {

// The network in canonical form, bits behind the prefix cleared; nullopt if it is none.
std::optional<std::string> cidr_text(std::string_view text);

}  // namespace picket::rules
