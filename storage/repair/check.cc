#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "storage/repair/open_any.h"
#include "storage/repair/repair.h"
#include "storage/repair/store_lock.h"

namespace picket::storage {

Json to_json(const CheckReport& report) {
  Json json = {{"sound", report.is_sound()},      {"files", report.files},
               {"file_bytes", report.file_bytes}, {"damaged_files", to_json(report.damaged)},
               {"could_read", report.could_read}, {"residual", report.residual},
               {"values", to_json(report.values)}};
  if (!report.open_problem.empty()) json["open_problem"] = report.open_problem;
  return json;
}

Result<CheckReport> check_store(const CheckStoreOptions& options) {
  PICKET_TRY(const std::unique_ptr<StoreLock> lock, StoreLock::take(options.verify.path));
  CheckReport report;
  PICKET_TRY(OpenedStore opened, open_any(options.verify.path, options.progress));
  report.open_problem = opened.problem;
  report.files = opened.files.size();
  for (const TableFile& file : opened.files) report.file_bytes += file.bytes;
  report.damaged = damaged_of(opened.files);
  report.could_read = opened.store != nullptr;
  if (!opened.store) return report;
  VerifyOptions verify = options.verify;
  verify.progress = [&](std::uint64_t done, std::uint64_t total) {
    if (options.progress) options.progress(RepairStep::kValues, done, total);
  };
  PICKET_TRY(report.values, verify_store(*opened.store, verify));
  report.residual = sources_with_residual(*opened.store);
  return report;
}

}  // namespace picket::storage
