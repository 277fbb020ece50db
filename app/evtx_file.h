// Windows event log files (.evtx), read by libevtx in a process of their own.
//
// libevtx is C code that reads what attackers may have written, so it does not run here: a child
// with limits on memory, time and files writes one XML document after the other into a pipe, each
// ended by a zero byte, and what goes wrong in it ends the child. Format: [MS-EVEN6] 2.2.17,
// libevtx "Windows XML Event Log (EVTX)".
#pragma once

#include <cstddef>
#include <string>

#include <sys/types.h>

#include "base/result.h"

namespace picket::app {

inline constexpr std::size_t kEvtxRecordsMax = 50'000'000;  // of one file; the rest is not read
inline constexpr unsigned kEvtxMemoryMax = 2048U * 1024 * 1024;
inline constexpr unsigned kEvtxSecondsMax = 3600;  // of processor time

struct EvtxChild {
  int fd = -1;     // documents, each ended by a zero byte
  pid_t pid = -1;  // to be given to end_evtx()
};

// Does an open file begin as such a file does? Does not move its position.
bool is_evtx(int fd);

// Begins to read. kIo.
Result<EvtxChild> start_evtx(const std::string& path);

// Behind the last document, or before it to leave the rest. Closes the pipe. kCorrupt when the file
// could not be read to its end; what was read stands.
Result<void> end_evtx(EvtxChild& child, const std::string& path);

}  // namespace picket::app
