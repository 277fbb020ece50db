// A string value of a Sigma rule as parts: text, '*' and '?' (Sigma specification 2.1, "String
// Wildcard" and "Escape Character"). Adjacent texts are always joined and runs of '*' are one, so
// equal values have equal parts. Pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/rule.h"

namespace picket::rules {

using Parts = std::vector<PatternPart>;

// A backslash escapes '*', '?' and itself; before anything else it is plain.
Parts parse_parts(std::string_view text);
// Exactly this text; "" has no parts.
Parts literal_parts(std::string text);

void append_text(Parts& parts, std::string_view text);
void append_wildcard(Parts& parts, PatternPart::Kind kind);
void append_parts(Parts& parts, const Parts& more);
// '*' before everything.
void prepend_any_run(Parts& parts);

bool has_wildcard(const Parts& parts);
// The text of parts without wildcards.
std::string plain_text(const Parts& parts);

}  // namespace picket::rules
