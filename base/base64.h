// Base64 (RFC 4648, section 4) as our own files have it: with its padding, and nothing else taken.
// What is found in logs is rules/base64_decode.h's. Pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace picket {

std::string to_base64(std::string_view bytes);
// nullopt: not what to_base64() writes of anything.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace picket
