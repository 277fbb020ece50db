// IBM QRadar Log Event Extended Format 1.0 and 2.0 ("LEEF Event Components").
//
// "LEEF:1.0|vendor|product|version|event id|" and attributes between tabs; in 2.0 one more part of
// the header names the delimiter, as a character or as xHH or 0xHH. Senders that write blanks for
// tabs are understood: a value then ends before the next "key=". Any thread.
#pragma once

#include <string_view>
#include <vector>

#include "base/arena.h"
#include "parsers/formats/pair.h"

namespace picket::parsers {

// Appends the header as leef.version, leef.vendor, leef.product, leef.device_version and
// leef.event_id, then the attributes under their own keys. False, and nothing appended, for what
// has no such header.
bool read_leef(std::string_view text, Arena& arena, std::vector<Pair>& out);

}  // namespace picket::parsers
