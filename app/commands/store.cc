// picket store check, picket store repair: what of a store is damaged, and a store that goes on without it. The server
// must not run.
#include <filesystem>
#include <optional>

#include "app/backup.h"
#include "app/command.h"
#include "app/open_store.h"
#include "app/os_user.h"
#include "app/show_findings.h"
#include "app/show_repair.h"
#include "app/terminal.h"
#include "app/verify_options.h"
#include "app/words.h"
#include "base/time.h"
#include "storage/repair/repair.h"

namespace picket::app {
namespace {

using storage::RepairStep;

std::string step_name(RepairStep step) {
  switch (step) {
    case RepairStep::kFiles:
      return say("progress.files");
    case RepairStep::kValues:
      return say("progress.chain");
    case RepairStep::kCopy:
      return say("progress.copying");
    case RepairStep::kBlocks:
      return say("progress.blocks");
  }
  return {};
}

// One bar for each step of the work.
storage::RepairProgress bars(std::optional<Progress>& progress) {
  return [&progress, last = std::optional<RepairStep>()](RepairStep step, std::uint64_t done,
                                                         std::uint64_t total) mutable {
    if (last != step) progress.emplace(step_name(step), total);
    last = step;
    progress->at(done);
  };
}

int code_of(const Error& error) { return error.code == Errc::kCorrupt ? kFindings : kUsageWrong; }

}  // namespace

int run_store_check(const VerifyCommand& command) {
  const Result<storage::VerifyOptions> verify = verify_options(command);
  if (!verify) return complain(verify.error().what, kUsageWrong);
  std::optional<Progress> progress;
  const Result<storage::CheckReport> report = storage::check_store({.verify = *verify, .progress = bars(progress)});
  progress.reset();
  if (!report) return complain(report.error().what, code_of(report.error()));
  print_check(*report, command.json);
  return report->is_sound() ? kDone : kFindings;
}

int run_store_repair(const VerifyCommand& command) {
  const Result<std::string> folder = data_folder(command);
  if (!folder) return complain(folder.error().what, kUsageWrong);
  Result<storage::VerifyOptions> verify = verify_options(command);
  if (!verify) return complain(verify.error().what, kUsageWrong);
  RealClock clock;
  storage::RepairOptions options;
  options.path = verify->path;
  options.quarantine = *folder + "/quarantine/" + backup_name(clock.now().count());
  std::error_code ignored;
  for (int n = 2; std::filesystem::exists(options.quarantine, ignored); ++n)
    options.quarantine = *folder + "/quarantine/" + backup_name(clock.now().count()) + "-" + std::to_string(n);
  options.actor = os_user();
  options.key_file = *folder + kIntegrityKeyFile;
  options.head_file = verify->head_file;
  std::optional<Progress> progress;
  options.progress = bars(progress);
  const Result<storage::RepairReport> report = storage::repair_store(options);
  progress.reset();
  if (!report) return complain(report.error().what, code_of(report.error()));
  print_repair(*report, command.json);
  if (!report->changed && !command.json) return kDone;
  const Result<storage::VerifyReport> after = verify_with_progress(*verify, say("progress.chain"));
  if (!after) return complain(after.error().what, kFindings);
  if (!command.json || !after->is_clean())
    print_report(*after, {.json = command.json, .heads_asked = !verify->head_file.empty()});
  return after->is_clean() ? kDone : kFindings;
}

}  // namespace picket::app
