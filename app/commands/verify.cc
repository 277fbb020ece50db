// picket verify: is the store what was written to it? Compares all evidence with the hash chain, the
// chain with its signed roots and with the heads that were exported.
#include "app/command.h"
#include "app/show_findings.h"
#include "app/terminal.h"
#include "app/verify_options.h"
#include "app/words.h"

namespace picket::app {

int run_verify(const VerifyCommand& command) {
  const Result<storage::VerifyOptions> options = verify_options(command);
  if (!options) return complain(options.error().what, kUsageWrong);
  const Result<storage::VerifyReport> report = verify_with_progress(*options, say("progress.chain"));
  if (!report) return complain(report.error().what, kUsageWrong);
  print_report(*report, {.json = command.json, .heads_asked = !options->head_file.empty()});
  return report->is_clean() ? kDone : kFindings;
}

}  // namespace picket::app
