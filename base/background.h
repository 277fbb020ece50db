// Work that can wait: packing, backtests, searches, filling windows. Where processors are few,
// taking in events goes first.
#pragma once

namespace picket {

// A thread in the background gets about a tenth of a processor that another one wants.
inline constexpr int kBackgroundNice = 10;

// The calling thread works in the background from now on, for good, and is called `name` (up to 15
// characters) by the tools of the system. Linux: the priority is the thread's own. Where the system
// refuses, nothing changes, and no harm is done.
void work_in_background(const char* name);

}  // namespace picket
