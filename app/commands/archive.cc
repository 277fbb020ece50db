// picket archive write|check|import: stored records as files that other programs read too, and back into a store.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>

#include "app/command.h"
#include "app/open_store.h"
#include "app/os_user.h"
#include "app/period.h"
#include "app/signals.h"
#include "app/source_formats.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/world.h"
#include "parsers/parser.h"
#include "storage/archive/archive_import.h"
#include "storage/archive/archive_writer.h"

namespace picket::app {
namespace {

using storage::ArchiveManifest;

// Reads the records of a store as its server does.
Result<std::function<void(Batch&)>> parser_for(const StoreCommand& command, const storage::Store& store) {
  PICKET_TRY(const Config config, config_to_read(command));
  std::vector<std::string> errors;
  PICKET_TRY(const auto catalog, parsers::Catalog::load(find_content().sources(config.definitions), errors, config.geoip));
  auto parser = std::make_shared<parsers::Parser>(catalog, true);
  const std::vector<parsers::SourceFormat> formats = kept_source_formats(store);
  for (std::size_t i = 0; i < formats.size(); ++i) parser->set_source(SourceId{static_cast<std::uint32_t>(i)}, formats[i]);
  return [parser](Batch& batch) { parser->parse(batch); };
}

// By id; kNotFound names the first that the store does not have. None named: all of them.
Result<std::vector<bool>> chosen_sources(const ArchiveCommand& command, const std::vector<std::string>& names) {
  std::vector<bool> chosen(names.size(), command.sources.empty());
  for (const std::string& source : command.sources) {
    const auto found = std::find(names.begin(), names.end(), source);
    if (found == names.end()) return fail(Errc::kNotFound, "the store has no source '" + source + "'");
    chosen[static_cast<std::size_t>(found - names.begin())] = true;
  }
  return chosen;
}

struct Written {
  ArchiveManifest manifest;
  bool interrupted = false;
};

Result<Written> write_archive(const ArchiveCommand& command, const storage::Store& store, Signals& signals) {
  PICKET_TRY(const Period period, read_period(command.from, command.to));
  RealClock clock;
  storage::ArchiveOptions options;
  options.folder = command.path;
  options.sources = store.source_names();
  options.source_formats = kept_format_documents(store);
  options.chain = store.chain();
  options.made_ns = clock.now().count();
  PICKET_TRY(const std::vector<bool> chosen, chosen_sources(command, options.sources));
  PICKET_TRY(options.parse, parser_for(command, store));
  PICKET_TRY(const auto writer, storage::ArchiveWriter::begin(std::move(options)));
  Progress progress(say("progress.archiving"), stored_bytes(store));
  Written written;
  Result<void> added;
  storage::ScanOptions scan{.from_ns = period.from_ns, .to_ns = period.to_ns, .newest_first = false};
  scan.go_on = [&](const storage::ScanTotals& totals) {
    progress.at(totals.bytes_scanned);
    written.interrupted = signals.wait(std::chrono::milliseconds(0)).has_value();
    return !written.interrupted;
  };
  PICKET_TRY(const storage::ScanTotals totals, store.scan(scan, [&](const storage::StoredRow& row) {
               const auto source = static_cast<std::size_t>(row.record.source);
               if (source < chosen.size() && chosen[source]) added = writer->add(row);
               return added.has_value();
             }));
  static_cast<void>(totals);
  if (!added) return tl::unexpected(added.error());
  if (written.interrupted) return written;
  PICKET_TRY(written.manifest, writer->finish());
  return written;
}

Json summary_json(const std::string& path, const ArchiveManifest& manifest) {
  Json json = {{"archive", path}};
  json.update(storage::summary_of(manifest));
  json["files"] = manifest.files.size();
  json["sha256"] = manifest.sha256;
  return json;
}

void print_findings(const storage::ArchiveReport& report, bool json) {
  for (const storage::ArchiveFinding& finding : report.findings) {
    if (json) {
      Json line = {{"file", finding.file}, {"problem", finding.what}};
      if (finding.line > 0) line["line"] = finding.line;
      print(dump_json(line) + "\n");
      continue;
    }
    const std::string at = finding.line > 0 ? ":" + std::to_string(finding.line) : "";
    print(visible(finding.file + at + ": " + translated(finding.what)) + "\n");
  }
  if (report.findings_total > report.findings.size())
    tell(say("archive.more", {{"n", report.findings_total - report.findings.size()}}));
}

std::string summary_text(const char* word, const std::string& path, const ArchiveManifest& manifest) {
  return visible(say(word, {{"path", path},
                            {"records", manifest.records()},
                            {"files", manifest.files.size()},
                            {"bytes", manifest.bytes()},
                            {"sum", manifest.sha256}})) +
         "\n";
}

// For a bar over the bytes of an archive's files.
storage::ArchiveProgress bar(std::optional<Progress>& progress, const std::string& what) {
  return [&progress, what](std::uint64_t done, std::uint64_t total) {
    if (!progress) progress.emplace(what, total);
    progress->at(done);
  };
}

// To write; made when the folder has none.
Result<std::unique_ptr<storage::Store>> open_to_write(const StoreCommand& command) {
  PICKET_TRY(const std::string folder, data_folder(command));
  PICKET_TRY(const Config config, config_to_read(command));
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(Errc::kIo, folder + ": " + error.message());
  storage::StoreOptions options;
  options.path = folder + "/store";
  options.key_file = folder + kIntegrityKeyFile;
  options.head_file = config.head_file;
  options.reserve_bytes = config.reserve_bytes;
  return storage::Store::open(std::move(options));
}

int code_of(const Error& error) { return error.code == Errc::kCorrupt ? kFindings : kUsageWrong; }

}  // namespace

int run_archive_write(const ArchiveCommand& command) {
  Signals signals;  // before the store has threads, which would take them
  const auto store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  const Result<Written> written = write_archive(command, **store, signals);
  if (!written) return complain(written.error().what, code_of(written.error()));
  if (written->interrupted) return complain("interrupted; no archive was made", kInterrupted);
  if (command.json) print(dump_json(summary_json(command.path, written->manifest)) + "\n");
  if (!command.json) print(summary_text("archive.written", command.path, written->manifest));
  return kDone;
}

int run_archive_check(const ArchiveCommand& command) {
  std::optional<Progress> progress;
  const auto report = storage::check_archive(command.path, {}, bar(progress, say("progress.archive_check")));
  progress.reset();
  if (!report) return complain(report.error().what, kUsageWrong);
  print_findings(*report, command.json);
  if (!report->is_sound()) return kFindings;
  if (command.json) print(dump_json(summary_json(command.path, report->manifest)) + "\n");
  if (!command.json) print(summary_text("archive.sound", command.path, report->manifest));
  return kDone;
}

int run_archive_import(const ArchiveCommand& command) {
  std::error_code error;
  if (!std::filesystem::is_directory(command.path, error))
    return complain(command.path + ": there is no archive here", kUsageWrong);
  const auto store = open_to_write(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  RealClock clock;
  std::optional<Progress> progress;
  storage::ImportOptions options;
  options.folder = std::filesystem::absolute(command.path, error).string();
  options.actor = os_user();
  options.progress = bar(progress, say("progress.importing"));
  const auto report = storage::import_archive(**store, options, clock);
  progress.reset();
  if (!report) return complain(report.error().what, kFindings);
  print_findings(report->archive, command.json);
  if (!report->archive.is_sound()) return complain("the archive is not sound; nothing was imported", kFindings);
  const Result<void> kept = keep_missing_formats(**store, report->archive.manifest.sources);
  if (!kept) return complain(kept.error().what, kFindings);
  if (command.json) {
    Json json = summary_json(command.path, report->archive.manifest);
    json["imported"] = report->imported;
    json["known"] = report->known;
    print(dump_json(json) + "\n");
  } else {
    print(visible(say("archive.imported", {{"n", report->imported}, {"known", report->known}, {"path", command.path}})) + "\n");
  }
  return kDone;
}

}  // namespace picket::app
