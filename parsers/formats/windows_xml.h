// A Windows event as XML (schemas.microsoft.com/win/2004/08/events/event), as wevtutil,
// Get-WinEvent and NXLog's xm_xml render it, to the names that the JSON shapes have
// (docs/formats/sources.md).
//
// Elements of System have their own name, their attributes "Provider_Name"; Data of EventData the
// name that its Name says, without blanks, or "Data" and "param1", "param2" ... if it has none;
// elements of UserData below the first their own; of RenderingInfo the message is "Message", the
// rest "RenderingInfo.Level" and so on. Any thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "parsers/formats/pair.h"

namespace picket::parsers {

// Is it worth trying?
bool looks_like_windows_xml(std::string_view text);

// Appends the fields of the first Event in `text`, those of System first: `system_count` says how
// many. False, and nothing appended, when there is none with an EventID. A record that was cut off
// gives what stands before the cut, and so does one that nests deeper than XmlWalk goes, which
// `too_deep` is told.
bool read_windows_xml(std::string_view text, Arena& arena, std::vector<Pair>& out,
                      std::size_t& system_count, bool* too_deep = nullptr);

}  // namespace picket::parsers
