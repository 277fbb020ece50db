// Is a text in another? For many short texts in one record that mostly lacks them: bytes are
// compared 16 or 32 at a time by the text's first and last byte, so that a first byte that is
// everywhere, as a blank is, costs nothing. Any thread.
#pragma once

#include <string_view>

namespace picket::parsers {

// The same answer as record.find(text) != npos.
bool holds_text(std::string_view record, std::string_view text);

}  // namespace picket::parsers
