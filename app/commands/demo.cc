// picket demo: the whole path on a sample attack, through the real doors, store and console.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "app/command.h"
#include "app/server.h"
#include "app/show.h"
#include "app/signals.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/file.h"
#include "base/yaml.h"

namespace picket::app {
namespace {

namespace fs = std::filesystem;

struct Sample {
  std::vector<SourceConfig> sources;
  std::uint64_t records = 0;
  std::uint64_t attack_records = 0;
  std::uint64_t noise_records = 0;
};

// content/sample/sample.yaml: the files, what they are, and how many records there are of which kind.
Result<Sample> read_sample(const std::string& folder) {
  PICKET_TRY(const YamlNode root, load_yaml(folder + "/sample.yaml"));
  const YamlNode* files = root.find("files");
  const YamlNode* counts = root.find("records");
  if (files == nullptr || counts == nullptr) {
    return fail(Errc::kInvalid, folder + "/sample.yaml: `files` and `records` are expected");
  }
  Sample sample;
  for (const YamlNode& node : files->list) {
    SourceConfig& source = sample.sources.emplace_back();
    source.name = node.text("source");
    source.door = DoorType::kFile;
    source.path = fs::absolute(folder + "/" + node.text("file")).string();
    source.format = node.text("format", "auto");
    source.definition = node.text("definition");
    source.layer = layer_of(node.text("layer"));
    source.system = node.text("system");
    if (node.text("zone") == "+07:00") source.zone_offset_s = 7 * 3600;
  }
  const auto count = [&](const char* key) {
    const YamlNode* node = counts->find(key);
    return node != nullptr ? static_cast<std::uint64_t>(node->integer().value_or(0)) : 0;
  };
  sample.attack_records = count("attack");
  sample.noise_records = count("noise");
  sample.records = sample.attack_records + sample.noise_records;
  return sample;
}

Config demo_config(const Sample& sample, const ContentPaths& content, const DemoCommand& command,
                   const std::string& data) {
  Config config = default_config();
  const bool any_port = command.once || command.port == 0;  // then the doors too take what is free
  for (SourceConfig& source : config.sources) source.port = any_port ? 0 : source.port;
  config.sources.insert(config.sources.end(), sample.sources.begin(), sample.sources.end());
  config.data = data;
  config.api_port = command.once ? 0 : command.port;
  config.systems = content.systems();
  config.playbooks = content.playbooks();
  config.link_base = "http://127.0.0.1:" + std::to_string(command.port);
  config.response.notify.record_folder = data + "/mail";
  config.response.notify.mail.from = "picket@soc.example";
  config.response.enforcement.block = {"picket-record", data + "/blocked.txt"};
  config.response.enforcement.unblock = {"picket-record", data + "/blocked.txt"};
  config.response.soc_name = "Picket demo SOC";
  return config;
}

// A folder of our own that goes away with us, unless the user named one.
class DataFolder {
 public:
  explicit DataFolder(const std::string& given) : path_(given), temporary_(given.empty()) {
    if (!temporary_) return;
    std::string name = (fs::temp_directory_path() / "picket-demo-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;
  ~DataFolder() {
    std::error_code error;
    if (temporary_ && !path_.empty()) fs::remove_all(path_, error);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool temporary_;
};

// Waits until the store holds the sample. False when told to stop, or after two minutes.
bool play(const Server& server, const Sample& sample, Signals& signals) {
  Progress progress(say("progress.playing"), sample.records);
  constexpr int kStepsMax = 2400;
  for (int step = 0; step < kStepsMax; ++step) {
    std::uint64_t stored = 0;
    if (const auto ledgers = server.store().ledger()) {
      for (const storage::Ledger& ledger : *ledgers) {
        for (const SourceConfig& source : sample.sources) stored += source.name == ledger.source ? ledger.stored : 0;
      }
    }
    progress.at(stored, say("progress.records", {{"n", stored}}));
    if (stored >= sample.records) return true;
    const std::optional<int> signal = signals.wait(std::chrono::milliseconds(50));
    if (signal == SIGINT || signal == SIGTERM || server.statistics().failure) return false;
  }
  return false;
}

Result<std::vector<Incident>> open_incidents(const storage::Store& store) {
  std::string cursor;
  PICKET_TRY(std::vector<Incident> incidents, store.incidents(100, cursor));
  std::erase_if(incidents, [](const Incident& incident) { return incident.status == IncidentStatus::kClosed; });
  return incidents;
}

int print_result(const Server& server, const Sample& sample) {
  const auto incidents = open_incidents(server.store());
  if (!incidents) return complain(incidents.error().what, kFindings);
  for (const Incident& incident : *incidents) std::fputs((show_incident(incident) + "\n").c_str(), stdout);
  std::string cursor;
  std::size_t alert_count = 0;
  do {
    const auto alerts = server.store().alerts({}, 1000, cursor);
    if (!alerts) return complain(alerts.error().what, kFindings);
    alert_count += alerts->size();
  } while (!cursor.empty());
  const std::string result = say("demo.result", {{"records", sample.records},
                                                 {"attack", sample.attack_records},
                                                 {"noise", sample.noise_records},
                                                 {"alerts", alert_count},
                                                 {"n", incidents->size()}});
  std::printf("%s\n", result.c_str());
  std::fflush(stdout);
  return incidents->size() == 1 && incidents->front().layers.size() == 4 ? kDone : kFindings;
}

void print_invitation(const Server& server, const std::string& data, bool data_stays) {
  const std::string link = "http://127.0.0.1:" + std::to_string(server.api_port()) + "/#token=" + server.admin_token();
  const std::string next = say("demo.next", {{"syslog", server.door_port("syslog-tcp")},
                                             {"http", server.door_port("http")},
                                             {"data", data}});
  std::printf("\n%s\n  %s\n\n%s%s\n%s\n", styled(say("demo.console"), Style::kBold).c_str(), link.c_str(), next.c_str(),
              say(data_stays ? "demo.end_keeps" : "demo.end_removes").c_str(), say("demo.other_language").c_str());
  std::fflush(stdout);
}

}  // namespace

int run_demo(const DemoCommand& command) {
  const ContentPaths content = find_content();
  if (content.root.empty()) return complain("the shipped content was not found; set PICKET_CONTENT", kUsageWrong);
  const Result<Sample> sample = read_sample(content.sample());
  if (!sample) return complain(sample.error().what, kUsageWrong);
  Signals signals;
  const DataFolder data(command.data);
  if (data.path().empty()) return complain("no temporary folder can be made", kUsageWrong);
  std::fputs((say("demo.playing") + "\n").c_str(), stderr);
  RealClock clock;
  auto server = Server::start(demo_config(*sample, content, command, data.path()), content, clock);
  if (!server) return complain(server.error().what, kUsageWrong);
  if (!play(**server, *sample, signals)) return complain("the demo was interrupted", kInterrupted);
  const int code = print_result(**server, *sample);
  if (command.once) return code;
  print_invitation(**server, data.path(), !command.data.empty());
  for (;;) {
    const std::optional<int> signal = signals.wait(std::chrono::milliseconds(1000));
    if (signal == SIGINT || signal == SIGTERM) return code;
  }
}

}  // namespace picket::app
