// Is it UTF-8? Strictly: no surrogates, nothing over-long, nothing above U+10FFFF. Pure, any
// thread.
#pragma once

#include <string_view>

namespace picket {

bool is_utf8(std::string_view text);

}  // namespace picket
