// picket run: the server, until it is told to stop. picket status: how it is.
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "app/ask_server.h"
#include "app/command.h"
#include "app/config.h"
#include "app/open_store.h"
#include "app/required_report.h"
#include "app/server.h"
#include "app/signals.h"
#include "app/source_health.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/file.h"
#include "base/json.h"

namespace picket::app {
namespace {

int serve(Server& server, Signals& signals) {
  for (;;) {
    const std::optional<int> signal = signals.wait(std::chrono::milliseconds(500));
    server.tick();
    if (server.statistics().failure) {
      server.stop();
      return kFindings;
    }
    if (signal == SIGHUP) server.reload();
    if (signal == SIGTERM || signal == SIGINT) {
      tell(say("notice.stopping"));
      server.stop();
      return kDone;
    }
  }
}

// Nothing where YARA had nothing to look at.
void print_payloads(const Json& payloads) {
  const auto n = [&](const char* result) { return payloads.value(result, std::uint64_t{0}); };
  const std::uint64_t unscanned = n("timed_out") + n("too_large") + n("failed");
  if (n("scanned") + unscanned == 0) return;
  print(say("status.payloads", {{"scanned", n("scanned")}, {"unscanned", unscanned}}) + "\n");
}

// Nothing while all is well.
void print_chain(const Json& chain) {
  const std::string failed = chain.value("head_error", "");
  if (!failed.empty()) print(visible(say("status.head_failed", {{"reason", translated(failed)}})) + "\n");
  const std::uint64_t ahead = chain.value("head_ahead", std::uint64_t{0});
  if (ahead > 0) print(say("status.head_ahead", {{"head", ahead}}) + "\n");
}

void print_rules(const Json& rules) {
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.2f", rules.value("load_seconds", 0.0));
  const std::string loaded = say("status.rules", {{"active", rules.value("detections", 0ULL) + rules.value("correlations", 0ULL)},
                                                  {"refused", rules.value("refused", 0ULL)},
                                                  {"time", rules.value("loaded_at", "?")},
                                                  {"hash", rules.value("hash", "?").substr(0, 12)}});
  const std::string how = say("status.rule_load", {{"seconds", seconds},
                                                   {"cached", rules.value("files_cached", 0ULL)},
                                                   {"files", rules.value("files", 0ULL)},
                                                   {"kinds", rules.value("kinds", 0ULL)}});
  std::printf("%s\n%s\n", loaded.c_str(), how.c_str());
  if (rules.value("loading", false)) std::printf("%s\n", say("status.loading").c_str());
  const Json warming = rules.value("warming", Json::object());
  if (!warming.empty()) {
    print(say("status.warming", {{"n", warming.value("rules", Json::array()).size()},
                                 {"commit", warming.value("commit", 0ULL)},
                                 {"commits", warming.value("last_commit", 0ULL)}}) +
          "\n");
  }
  const std::string failure = rules.value("failure", "");
  if (!failure.empty()) {
    std::printf("%s\n", visible(say("status.reload_failed", {{"reason", translated(failure)}})).c_str());
  }
}

void print_status(const Json& status) {
  const std::string head = say("status.head", {{"version", status.value("version", "?")},
                                               {"state", word("state", status.value("state", "?"))}});
  const std::string counts = say("status.counts", {{"events", status.value("events", 0ULL)},
                                                   {"hits", status.value("hits", 0ULL)},
                                                   {"commits", status.value("commits", 0ULL)}});
  std::printf("%s\n%s\n", head.c_str(), counts.c_str());
  print_rules(status.value("rules", Json::object()));
  print_payloads(status.value("payloads", Json::object()));
  print_chain(status.value("chain", Json::object()));
  const Json holds = status.value("holds", Json::object());
  if (holds.value("in_force", 0ULL) > 0)
    print(say("status.holds", {{"n", holds.value("in_force", 0ULL)}, {"blocks", holds.value("blocks_kept", 0ULL)}}) + "\n");
  const Json purges = status.value("purges", Json::object());
  if (purges.value("waiting", 0ULL) > 0) print(say("status.purges", {{"n", purges.value("waiting", 0ULL)}}) + "\n");
  const Json archive = status.value("archive", Json::object());
  if (archive.contains("problem"))
    print(visible(say("status.archive_failed", {{"reason", translated(archive.value("problem", ""))}})) + "\n");
  print(sources_text(status.value("sources", Json::array())));
  print(required_text(status.value("required_fields", Json::array()), true));
  std::vector<std::vector<std::string>> rows;
  for (const Json& door : status.value("doors", Json::array())) {
    rows.push_back({door.value("name", ""), std::to_string(door.value("port", 0)), std::to_string(door.value("records", 0ULL)),
                    std::to_string(door.value("bytes", 0ULL)), std::to_string(door.value("rejected", 0ULL)),
                    std::to_string(door.value("dropped", 0ULL))});
  }
  std::fputs(table({say("column.door"), say("column.port"), say("column.records"), say("column.bytes"),
                    say("column.rejected"), say("column.dropped")},
                   rows).c_str(),
             stdout);
}

}  // namespace

int run_server(const ServerCommand& command) {
  std::vector<std::string> errors;
  Result<Config> config = effective_config(command.config, errors);
  for (const std::string& error : errors) complain(error, kUsageWrong);
  if (!config) return complain(config.error().what, kUsageWrong);
  if (!command.data.empty()) config->data = command.data;
  const std::string data = config->data;
  std::error_code no_path;
  const std::string config_path = config->path.empty() ? "" : std::filesystem::absolute(config->path, no_path).string();
  const std::string address = config->api_address;
  if (config->link_base.empty()) config->link_base = "http://" + address + ":" + std::to_string(config->api_port);

  Signals signals;
  RealClock clock;
  Result<std::unique_ptr<Server>> server = Server::start(*std::move(config), find_content(), clock);
  if (!server) return complain(server.error().what, kUsageWrong);
  const std::string base = "http://" + address + ":" + std::to_string((*server)->api_port());
  Json where = {{"api", base}};
  if (!config_path.empty()) where["config"] = config_path;  // for who reads the store without one
  const Result<void> written = write_file(data + kServerFile, dump_json(where) + "\n", 0600);
  if (!written) return complain(written.error().what, kUsageWrong);
  const ReloadStatus rules = (*server)->reload_status();
  tell(say("notice.started", {{"active", rules.active}, {"refused", rules.refused}, {"data", data}}));
  tell(say("notice.console", {{"url", base + "/"}, {"file", data + "/admin-token"}}));
  return serve(**server, signals);
}

int run_status(const StoreCommand& command) {
  const Result<std::string> folder = data_folder(command);
  if (!folder) return complain(folder.error().what, kUsageWrong);
  const Result<Json> status = ask_server(*folder, "/api/v1/status");
  if (!status) return complain(status.error().what, kUnreachable);
  if (command.json) {
    std::puts(dump_json(*status).c_str());
  } else {
    print_status(*status);
  }
  return status->value("state", std::string()) == "running" ? kDone : kFindings;
}

}  // namespace picket::app
