// What a verification of the store found, for people and as JSON; the verification itself with a
// progress bar. Main thread.
#pragma once

#include <string>

#include "base/result.h"
#include "storage/integrity/verify.h"

namespace picket::app {

Result<storage::VerifyReport> verify_with_progress(storage::VerifyOptions options, const std::string& what);

struct ReportStyle {
  bool json = false;
  bool heads_asked = false;  // a head file was looked at
};
// Each finding, then what was looked at. With JSON one object a line, the summary last.
void print_report(const storage::VerifyReport& report, const ReportStyle& style);

}  // namespace picket::app
