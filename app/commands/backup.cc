// picket backup: makes backups of a data folder, also of one that a server is using, restores them, and
// lists them.
#include <filesystem>
#include <optional>

#include "app/backup.h"
#include "app/command.h"
#include "app/open_store.h"
#include "app/show_findings.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/file.h"
#include "base/time.h"

namespace picket::app {
namespace {

// One bar for each part of the work.
ByteProgress bar(std::optional<Progress>& progress, const std::string& what) {
  progress.reset();
  return [&progress, what](std::uint64_t done, std::uint64_t total) {
    if (!progress) progress.emplace(what, total);
    progress->at(done);
  };
}

// The store in `folder`, by the key that lies there.
Result<storage::VerifyReport> verify_folder(const std::string& folder) {
  storage::VerifyOptions options;
  options.path = folder + "/store";
  const Result<std::string> pem = read_file(folder + kIntegrityKeyFile + ".pub", 16 * 1024);
  if (pem) {
    PICKET_TRY(options.key, public_key_from_pem(*pem));
  }
  return verify_with_progress(std::move(options), say("progress.chain"));
}

struct Made {
  std::string path;
  Manifest manifest;
  storage::VerifyReport report;
};

Result<Made> make_backup(const std::string& data, const std::string& path) {
  const std::string partial = path + ".partial";
  std::optional<Progress> progress;
  Manifest manifest;
  PICKET_TRY(manifest.new_bytes, copy_data(data, partial, bar(progress, say("progress.copying"))));
  progress.reset();
  PICKET_TRY(storage::VerifyReport report, verify_folder(partial));
  RealClock clock;
  manifest.made_ns = clock.now().count();
  std::error_code ignored;
  manifest.from = std::filesystem::absolute(data, ignored).string();
  manifest.clean = report.is_clean();
  manifest.store = to_json(report);
  PICKET_TRY(manifest.files, list_backup_files(partial, bar(progress, say("progress.summing"))));
  progress.reset();
  PICKET_TRY_VOID(finish_backup(partial, path, manifest));
  return Made{path, std::move(manifest), std::move(report)};
}

void print_summary(const std::string& what, const std::string& path, const Manifest& manifest) {
  print(visible(say(what, {{"path", path},
                           {"files", manifest.files.size()},
                           {"bytes", manifest.bytes()},
                           {"new", manifest.new_bytes.value_or(manifest.bytes())},
                           {"time", format_time(manifest.made_ns)}})) +
        "\n");
}

}  // namespace

int run_backup_create(const BackupCommand& command) {
  const Result<std::string> data = data_folder(command);
  if (!data) return complain(data.error().what, kUsageWrong);
  std::error_code error;
  std::filesystem::create_directories(command.path, error);
  if (error) return complain(command.path + ": " + error.message(), kUsageWrong);
  RealClock clock;
  const std::string path = command.path + "/" + backup_name(clock.now().count());
  if (std::filesystem::exists(path, error) || std::filesystem::exists(path + ".partial", error))
    return complain(path + ": there is a backup of this second already", kUsageWrong);
  const Result<Made> made = make_backup(*data, path);
  if (!made) {
    std::filesystem::remove_all(path + ".partial", error);
    return complain(made.error().what, made.error().code == Errc::kCorrupt ? kFindings : kUsageWrong);
  }
  if (command.json) print(dump_json(summary_of(made->path, made->manifest)) + "\n");
  if (!command.json) print_summary("backup.made", made->path, made->manifest);
  if (!made->report.is_clean()) print_report(made->report, {.json = command.json, .heads_asked = false});
  return made->report.is_clean() ? kDone : kFindings;
}

int run_backup_restore(const BackupCommand& command) {
  const Result<std::string> data = data_folder(command);
  if (!data) return complain(data.error().what, kUsageWrong);
  std::optional<Progress> progress;
  const Result<Manifest> manifest = restore_backup(command.path, *data, bar(progress, say("progress.copying")));
  progress.reset();
  if (!manifest)
    return complain(manifest.error().what, manifest.error().code == Errc::kCorrupt ? kFindings : kUsageWrong);
  const Result<storage::VerifyReport> report = verify_folder(*data);
  if (!report) return complain(report.error().what, kFindings);
  if (command.json) print(dump_json(summary_of(command.path, *manifest)) + "\n");
  if (!command.json) print_summary("backup.restored", *data, *manifest);
  if (!report->is_clean()) print_report(*report, {.json = command.json, .heads_asked = false});
  return report->is_clean() ? kDone : kFindings;
}

int run_backup_ls(const BackupCommand& command) {
  const Result<std::vector<std::string>> names = list_backups(command.path);
  if (!names) return complain(names.error().what, kUsageWrong);
  std::vector<std::vector<std::string>> rows;
  int code = kDone;
  for (const std::string& name : *names) {
    const Result<Manifest> manifest = read_manifest(command.path + "/" + name);
    if (!manifest) {
      code = complain(manifest.error().what, kFindings);
      continue;
    }
    if (command.json) print(dump_json(summary_of(command.path + "/" + name, *manifest)) + "\n");
    rows.push_back({name, format_time(manifest->made_ns), manifest->from, std::to_string(manifest->store.value("commits", 0ULL)),
                    std::to_string(manifest->store.value("rows", 0ULL)), std::to_string(manifest->bytes()),
                    say(manifest->clean ? "backup.clean" : "backup.differs")});
  }
  if (!command.json)
    print(table({say("column.backup"), say("column.time"), say("column.data"), say("column.commit"), say("column.records"),
                 say("column.bytes"), say("column.state")},
                rows));
  return code;
}

}  // namespace picket::app
