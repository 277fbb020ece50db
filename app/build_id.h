// What names this build of the program: what one build has cached, another does not read.
#pragma once

#include <string>

namespace picket::app {

// Version and the linker's build id of the running program; without one, size and time of its file.
std::string build_id();

}  // namespace picket::app
