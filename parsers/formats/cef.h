// ArcSight Common Event Format (Micro Focus, "Implementing ArcSight Common Event Format", 25).
//
// "CEF:0|vendor|product|version|class id|name|severity|extension". In the header \| and \\ are
// escapes; in the extension \= \\ \n \r. A value ends before the blanks before the next "key=", so
// it may hold blanks. Senders forget escapes: an "=" whose key does not stand behind a blank is
// part of the value. Any thread.
#pragma once

#include <string_view>
#include <vector>

#include "base/arena.h"
#include "parsers/formats/pair.h"

namespace picket::parsers {

// Appends the header as cef.version, cef.device.vendor, cef.device.product, cef.device.version,
// cef.class_id, cef.name and cef.severity, then the extension under its own keys. False, and
// nothing appended, for what does not begin with "CEF:" and the seven parts of a header (the last
// may be without its "|").
bool read_cef(std::string_view text, Arena& arena, std::vector<Pair>& out);

// For every label among `pairs` ("cs1Label=rule name") appends the labelled value under that label
// ("rule name=..."): cs1 to cs6, cn1 to cn3, cfp1 to cfp4, c6a1 to c6a4, flexString1 to
// flexDate1, deviceCustomDate1 and deviceCustomDate2.
void add_cef_labels(std::vector<Pair>& pairs);

}  // namespace picket::parsers
