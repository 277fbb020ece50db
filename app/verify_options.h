// Which store is verified, by which key and against which heads: what was named, else what lies in the data folder and
// what the configuration says. Main thread.
#pragma once

#include "app/command.h"
#include "base/result.h"
#include "storage/integrity/verify.h"

namespace picket::app {

Result<storage::VerifyOptions> verify_options(const VerifyCommand& command);

}  // namespace picket::app
