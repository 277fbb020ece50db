// The command line as one function, so that tests can call it.
#pragma once

namespace picket::app {

// Answers an exit code of INTERFACES.
int run_command_line(int argc, char** argv);

}  // namespace picket::app
