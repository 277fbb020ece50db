// Runs one configured program: argument vector, no shell, empty environment, no open files of ours,
// its own process group, killed after the timeout. Parameters are values that we parsed and
// printed.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "response/address.h"
#include "response/effect.h"

namespace picket::response {

// The configured arguments with {{address}} and {{family}} filled in. kInvalid when the first is
// not an absolute path (or "picket-record"), or a placeholder is unknown.
Result<std::vector<std::string>> fill_arguments(const std::vector<std::string>& arguments,
                                                const IpAddress& address);

// Blocks the calling thread for at most `timeout_ms`. kDone for exit 0; kFailed for another exit
// code or a program that cannot be started; kUnknown when it was killed.
Outcome run_program(const std::vector<std::string>& arguments, int timeout_ms);

}  // namespace picket::response
