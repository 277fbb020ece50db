// CACAO Security Playbooks Version 2.0 (OASIS): sections 3 (playbook), 4 (workflow steps), 5
// (commands), 6 (agents and targets), 10.18 (variables).
#include "response/playbook.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/file.h"
#include "base/hash.h"

namespace picket::response {
namespace {

constexpr std::size_t kStepsMax = 200;
constexpr std::string_view kExtension =
    "extension-definition--7d0a9c5e-3f43-4f0e-9d6c-1f5f0a6c2b11";
constexpr std::string_view kAttacker = "__attacker_address__";

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

bool is_id(std::string_view text, std::string_view type) {
  return text.starts_with(type) && text.substr(type.size()).starts_with("--") &&
         is_uuid(text.substr(type.size() + 2));
}

// A header name (RFC 9110 5.6.2, as far as needed) that a playbook may set: not those that frame
// the message or say where it goes.
bool is_header_name(std::string_view text) {
  std::string name(text);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const std::string_view refused :
       {"host", "content-length", "transfer-encoding", "connection"}) {
    if (name == refused) return false;
  }
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

class PlaybookReader {
 public:
  PlaybookReader(const std::string& path, std::vector<Problem>& problems)
      : reader_(path, problems) {}

  Playbook read(const YamlNode& root);
  bool good() const { return reader_.problem_count() == 0; }

 private:
  void read_header(const YamlNode& root);
  void read_variables(const YamlNode& root);
  void read_parties(const YamlNode& root);
  void read_extension(const YamlNode& root);
  void read_workflow(const YamlNode& root);
  PlaybookStep read_step(const std::string& id, const YamlNode& node);
  void read_action(const YamlNode& node, PlaybookStep& step);
  void read_command(const YamlNode& node, const YamlNode& command, PlaybookStep& step);
  void read_http(const YamlNode& node, const YamlNode& command, PlaybookStep& step);
  void read_headers(const YamlNode& command, PlaybookStep& step);
  void read_step_extension(const YamlNode& node, PlaybookStep& step);
  void read_names(const YamlNode& extension, std::string& name_vi);
  void check_flow(const YamlNode& workflow);
  void check_reverse(const YamlNode& workflow);
  const YamlNode* extension(const YamlNode& node, std::string_view cacao_key);

  YamlReader reader_;
  Playbook playbook_;
  std::vector<std::string> agents_;
  std::vector<std::pair<std::string, std::string>> targets_;  // id -> url
  bool has_attacker_ = false;
};

// Our properties stand under `picket`, or, in strictly standard documents, in an extension of ours.
const YamlNode* PlaybookReader::extension(const YamlNode& node, std::string_view cacao_key) {
  if (const YamlNode* own = reader_.may_map(node, "picket")) return own;
  const YamlNode* all = reader_.may_map(node, cacao_key);
  if (all == nullptr) return nullptr;
  reader_.check_keys(*all, {kExtension});
  return reader_.may_map(*all, kExtension);
}

void PlaybookReader::read_header(const YamlNode& root) {
  reader_.check_keys(root, {"type",
                            "spec_version",
                            "id",
                            "name",
                            "description",
                            "playbook_types",
                            "playbook_activities",
                            "created_by",
                            "created",
                            "modified",
                            "revoked",
                            "labels",
                            "external_references",
                            "markings",
                            "data_marking_definitions",
                            "playbook_variables",
                            "workflow_start",
                            "workflow",
                            "agent_definitions",
                            "target_definitions",
                            "extension_definitions",
                            "playbook_extensions",
                            "picket"});
  if (reader_.need_text(root, "type") != "playbook" && root.find("type") != nullptr) {
    reader_.problem(*root.find("type"), "'type' must be playbook");
  }
  if (reader_.need_text(root, "spec_version") != "cacao-2.0" &&
      root.find("spec_version") != nullptr) {
    reader_.problem(*root.find("spec_version"), "'spec_version' must be cacao-2.0");
  }
  playbook_.id = reader_.need_text(root, "id", 128);
  if (!playbook_.id.empty() && !is_id(playbook_.id, "playbook")) {
    reader_.problem(*root.find("id"), "'id' must be playbook--<uuid in lower case>");
  }
  playbook_.name = reader_.need_text(root, "name", 256);
  playbook_.description = reader_.may_text(root, "description", 16 * 1024);
  playbook_.workflow_start = reader_.need_text(root, "workflow_start", 128);
  const YamlNode* revoked = root.find("revoked");
  if (revoked != nullptr && revoked->boolean() != false) {
    reader_.problem(*revoked, "this playbook is revoked");
  }
}

void PlaybookReader::read_variables(const YamlNode& root) {
  const YamlNode* variables = reader_.may_map(root, "playbook_variables");
  if (variables == nullptr) return;
  reader_.check_keys(*variables, {kAttacker});
  const YamlNode* attacker = reader_.may_map(*variables, kAttacker);
  if (attacker == nullptr) return;
  reader_.check_keys(*attacker, {"type", "description", "external", "constant"});
  const std::string type = reader_.need_text(*attacker, "type");
  if (type != "ipv4-addr" && type != "ipv6-addr" && type != "string") {
    reader_.problem(*attacker, "the type of " + std::string(kAttacker) +
                                   " must be ipv4-addr, ipv6-addr or string");
  }
  has_attacker_ = true;
}

void PlaybookReader::read_parties(const YamlNode& root) {
  if (const YamlNode* agents = reader_.may_map(root, "agent_definitions")) {
    for (const auto& [id, agent] : agents->map) {
      if (!agent.is_map()) {
        reader_.problem(agent, "an agent must be a map");
        continue;
      }
      reader_.check_keys(agent, {"type", "name", "description"});
      const std::string type = reader_.need_text(agent, "type", 64);
      if (!type.empty() && !is_id(id.scalar, type)) {
        reader_.problem(id, "the id of this agent must be " + type + "--<uuid in lower case>");
      }
      reader_.need_text(agent, "name", 256);
      agents_.push_back(id.scalar);
    }
  }
  const YamlNode* targets = reader_.may_map(root, "target_definitions");
  if (targets == nullptr) return;
  for (const auto& [id, target] : targets->map) {
    if (!target.is_map() || target.text("type") != "http-api" || !is_id(id.scalar, "http-api")) {
      reader_.problem(target, "only targets of type http-api (http-api--<uuid>) are supported");
      continue;
    }
    reader_.check_keys(target, {"type", "name", "description", "address"});
    const YamlNode* address = reader_.may_map(target, "address");
    const auto urls =
        address == nullptr ? std::vector<const YamlNode*>() : reader_.may_list(*address, "url");
    if (address != nullptr) reader_.check_keys(*address, {"url"});
    if (urls.size() != 1) {
      reader_.problem(target, "'address' must have exactly one 'url'");
      continue;
    }
    targets_.emplace_back(id.scalar, urls[0]->scalar);
  }
}

void PlaybookReader::read_names(const YamlNode& extension, std::string& name_vi) {
  if (const YamlNode* names = reader_.may_map(extension, "names")) {
    reader_.check_keys(*names, {"vi"});
    name_vi = reader_.need_text(*names, "vi", 256);
  }
}

void PlaybookReader::read_extension(const YamlNode& root) {
  const YamlNode* own = extension(root, "playbook_extensions");
  if (own == nullptr) {
    reader_.problem(root,
                    "'picket' with a 'trigger' is missing: nothing would ever start this playbook");
    return;
  }
  reader_.check_keys(*own, {"trigger", "limits", "never_touch", "language", "names"});
  read_names(*own, playbook_.name_vi);
  if (const YamlNode* trigger = reader_.may_map(*own, "trigger")) {
    reader_.check_keys(*trigger, {"level", "layers"});
    const std::string level = reader_.need_text(*trigger, "level", 32);
    playbook_.trigger_level = level_of(level);
    if (!level.empty() && level_name(playbook_.trigger_level) != level) {
      reader_.problem(*trigger->find("level"),
                      "'level' must be informational, low, medium, high or critical");
    }
    playbook_.trigger_layers =
        static_cast<std::size_t>(reader_.may_integer(*trigger, "layers", 0, 4, 0));
  } else {
    reader_.problem(*own, "'trigger' is missing: nothing would ever start this playbook");
  }
  if (const YamlNode* limits = reader_.may_map(*own, "limits")) {
    reader_.check_keys(*limits, {"blocks_per_hour"});
    playbook_.blocks_per_hour =
        static_cast<std::size_t>(reader_.may_integer(*limits, "blocks_per_hour", 0, 1000, 5));
  }
  for (const YamlNode* network : reader_.may_list(*own, "never_touch", 10'000)) {
    if (const auto cidr = Cidr::parse(network->scalar)) {
      playbook_.never_touch.push_back(*cidr);
    } else {
      reader_.problem(*network,
                      "'" + network->scalar.substr(0, 64) + "' is not a network (10.0.0.0/8)");
    }
  }
  const std::string language = reader_.may_text(*own, "language", 8);
  if (!language.empty()) playbook_.language = language;
  if (playbook_.language != "vi" && playbook_.language != "en") {
    reader_.problem(*own->find("language"), "'language' must be vi or en");
  }
}

void PlaybookReader::read_step_extension(const YamlNode& node, PlaybookStep& step) {
  step.approval = is_containment(step.command);
  const YamlNode* own = extension(node, "step_extensions");
  if (own == nullptr) return;
  reader_.check_keys(*own, {"approval", "reverse", "message", "to", "webhook", "names"});
  read_names(*own, step.name_vi);
  const std::string approval = reader_.may_text(*own, "approval", 16);
  if (approval == "none" || approval == "required") {
    step.approval = approval == "required";
  } else if (!approval.empty()) {
    reader_.problem(*own->find("approval"), "'approval' must be required or none");
  }
  step.reverse = reader_.may_text(*own, "reverse", 128);
  step.message = reader_.may_text(*own, "message", 64);
  step.webhook = reader_.may_text(*own, "webhook", 64);
  const std::string to = reader_.may_text(*own, "to", 16);
  if (to == "duty") step.to = Recipient::kDuty;
  if (!to.empty() && to != "duty" && to != "owner") {
    reader_.problem(*own->find("to"), "'to' must be owner or duty");
  }
}

void PlaybookReader::read_headers(const YamlNode& command, PlaybookStep& step) {
  const YamlNode* headers = reader_.may_map(command, "headers");
  if (headers == nullptr) return;
  for (const auto& [name, value] : headers->map) {
    // CACAO gives each header a list of values; one is all we send.
    const YamlNode& only = value.is_list() && value.list.size() == 1 ? value.list[0] : value;
    const bool clean =
        only.is_scalar() && only.scalar.size() <= 1024 &&
        only.scalar.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
    if (!is_header_name(name.scalar) || !clean) {
      reader_.problem(name, "a header must be a name and one value of one line");
    } else {
      step.headers.emplace_back(name.scalar, only.scalar);
    }
  }
}

// "POST /path HTTP/1.1": the request line (CACAO 5.4).
void PlaybookReader::read_http(const YamlNode& node, const YamlNode& command, PlaybookStep& step) {
  std::string line = reader_.need_text(command, "command", 2048);
  if (line.ends_with(" HTTP/1.1")) line.resize(line.size() - 9);
  const std::size_t space = line.find(' ');
  step.method = line.substr(0, space);
  const std::string path = space == std::string::npos ? "" : line.substr(space + 1);
  if ((step.method != "POST" && step.method != "PUT") || !path.starts_with('/') ||
      std::any_of(path.begin(), path.end(),
                  [](char c) { return c <= ' ' || c == 0x7f || c == '#'; })) {
    reader_.problem(command, "'command' must be POST or PUT and a path: \"POST /hooks HTTP/1.1\"");
  }
  read_headers(command, step);
  step.content = reader_.may_text(command, "content", 64 * 1024);
  const auto ids = reader_.may_list(node, "targets");
  const auto found = ids.size() != 1
                         ? targets_.end()
                         : std::find_if(targets_.begin(), targets_.end(),
                                        [&](const auto& t) { return t.first == ids[0]->scalar; });
  if (found == targets_.end()) {
    reader_.problem(node,
                    "an http-api command needs exactly one target that 'target_definitions' has");
    return;
  }
  step.url = found->second;
  while (step.url.ends_with('/')) step.url.pop_back();
  step.url += path;
}

void PlaybookReader::read_command(const YamlNode& node, const YamlNode& command,
                                  PlaybookStep& step) {
  reader_.check_keys(command, {"type", "command", "description", "headers", "content"});
  const std::string type = reader_.need_text(command, "type", 64);
  const std::string text = reader_.need_text(command, "command", 2048);
  if (type == "http-api") {
    step.command = CommandType::kHttp;
    read_http(node, command, step);
  } else if (type == "picket-notify") {
    step.command = text == "email" ? CommandType::kMail : CommandType::kWebhook;
    if (text != "email" && text != "webhook") {
      reader_.problem(command, "a picket-notify command must be email or webhook");
    }
  } else if (type == "picket-block-address" || type == "picket-unblock-address") {
    step.command = type == "picket-block-address" ? CommandType::kBlock : CommandType::kUnblock;
    if (text != std::string(kAttacker) + ":value" || !has_attacker_) {
      reader_.problem(command, "the command must be \"" + std::string(kAttacker) +
                                   ":value\", and playbook_variables must declare that name");
    }
  } else if (!type.empty()) {
    reader_.problem(command, "command type '" + type +
                                 "' is not supported (picket-notify, "
                                 "picket-block-address, picket-unblock-address, http-api)");
  }
  if (type != "http-api" &&
      (command.find("headers") != nullptr || command.find("content") != nullptr)) {
    reader_.problem(command, "'headers' and 'content' belong to http-api commands");
  }
}

void PlaybookReader::read_action(const YamlNode& node, PlaybookStep& step) {
  const YamlNode* commands = node.find("commands");
  if (commands == nullptr || !commands->is_list() || commands->list.size() != 1 ||
      !commands->list[0].is_map()) {
    reader_.problem(node,
                    "an action needs 'commands' with exactly one command: a step is one effect");
    return;
  }
  read_command(node, commands->list[0], step);
  const std::string agent = reader_.need_text(node, "agent", 128);
  if (!agent.empty() && std::find(agents_.begin(), agents_.end(), agent) == agents_.end()) {
    reader_.problem(*node.find("agent"), "'agent_definitions' has no '" + agent + "'");
  }
  if (step.command != CommandType::kHttp && node.find("targets") != nullptr) {
    reader_.problem(*node.find("targets"), "only http-api commands have targets here");
  }
  read_step_extension(node, step);
  const bool notifies = step.command == CommandType::kMail || step.command == CommandType::kWebhook;
  if (notifies && step.message.empty()) {
    reader_.problem(node, "a picket-notify step needs picket: {message: <template>}");
  }
  if (step.command == CommandType::kWebhook && step.webhook.empty()) {
    reader_.problem(node, "a webhook step needs picket: {webhook: <name in the configuration>}");
  }
}

PlaybookStep PlaybookReader::read_step(const std::string& id, const YamlNode& node) {
  PlaybookStep step;
  step.id = id;
  step.line = node.line;
  const std::string type = reader_.need_text(node, "type", 64);
  step.name = reader_.may_text(node, "name", 256);
  step.on_completion = reader_.may_text(node, "on_completion", 128);
  step.on_success = reader_.may_text(node, "on_success", 128);
  step.on_failure = reader_.may_text(node, "on_failure", 128);
  if (type != "start" && type != "action" && type != "end") {
    if (!type.empty()) {
      reader_.problem(node, "step type '" + type + "' is not supported (start, action, end)");
    }
    return step;
  }
  if (!is_id(id, type))
    reader_.problem(node, "the id of this step must be " + type + "--<uuid in lower case>");
  if (!step.on_completion.empty() && !(step.on_success + step.on_failure).empty()) {
    reader_.problem(node, "'on_completion' excludes 'on_success' and 'on_failure'");
  }
  if (type == "action") {
    reader_.check_keys(
        node, {"type", "name", "description", "commands", "agent", "targets", "on_completion",
               "on_success", "on_failure", "picket", "step_extensions"});
    if (step.name.empty())
      reader_.problem(node, "an action needs a 'name': people approve it by that");
    read_action(node, step);
    return step;
  }
  step.type = type == "start" ? StepType::kStart : StepType::kEnd;
  if (step.type == StepType::kStart) {
    reader_.check_keys(node, {"type", "name", "description", "on_completion"});
    reader_.need_text(node, "on_completion", 128);
  } else {
    reader_.check_keys(node, {"type", "name", "description"});
  }
  return step;
}

// From the start every step is reached, none twice on one path, and every way leads to steps there
// are.
void PlaybookReader::check_flow(const YamlNode& workflow) {
  enum class Mark : std::uint8_t { kNew, kOpen, kDone };
  const auto index = [&](const std::string& id) {
    return static_cast<std::size_t>(playbook_.find(id) - playbook_.steps.data());
  };
  std::vector<Mark> marks(playbook_.steps.size(), Mark::kNew);
  std::vector<std::size_t> stack = {index(playbook_.workflow_start)};
  while (!stack.empty()) {  // depth first; a step is open while its successors are on the stack
    const std::size_t at = stack.back();
    if (marks[at] != Mark::kNew) {
      marks[at] = Mark::kDone;
      stack.pop_back();
      continue;
    }
    marks[at] = Mark::kOpen;
    const PlaybookStep& step = playbook_.steps[at];
    for (const std::string* next : {&step.on_completion, &step.on_success, &step.on_failure}) {
      if (next->empty()) continue;
      const std::size_t to = index(*next);
      if (marks[to] == Mark::kOpen) {
        reader_.problem(workflow.map[at].second, "the workflow runs in a circle through this step");
        return;
      }
      if (marks[to] == Mark::kNew) stack.push_back(to);
    }
  }
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (marks[i] == Mark::kNew && playbook_.steps[i].command != CommandType::kUnblock) {
      reader_.problem(workflow.map[i].second, "no way leads from 'workflow_start' to this step");
    }
  }
}

void PlaybookReader::check_reverse(const YamlNode& workflow) {
  for (std::size_t i = 0; i < playbook_.steps.size(); ++i) {
    const PlaybookStep& step = playbook_.steps[i];
    const PlaybookStep* reverse = playbook_.find(step.reverse);
    if (!step.reverse.empty() &&
        (reverse == nullptr || reverse->command != CommandType::kUnblock)) {
      reader_.problem(workflow.map[i].second, "'reverse' must name a picket-unblock-address step");
    }
    if (step.command == CommandType::kBlock && step.reverse.empty()) {
      reader_.problem(workflow.map[i].second,
                      "a block needs a way back: picket: {reverse: <step>}");
    }
  }
}

void PlaybookReader::read_workflow(const YamlNode& root) {
  const YamlNode* workflow = reader_.may_map(root, "workflow");
  if (workflow == nullptr || workflow->map.size() > kStepsMax) {
    reader_.problem(root,
                    "'workflow' must be a map of at most " + std::to_string(kStepsMax) + " steps");
    return;
  }
  for (const auto& [id, node] : workflow->map) {
    if (node.is_map()) {
      playbook_.steps.push_back(read_step(id.scalar, node));
    } else {
      reader_.problem(node, "a step must be a map");
      return;
    }
  }
  for (const auto& [id, node] : workflow->map) {
    for (const std::string_view key : {"on_completion", "on_success", "on_failure"}) {
      const YamlNode* next = node.find(key);
      if (next != nullptr && next->is_scalar() && playbook_.find(next->scalar) == nullptr) {
        reader_.problem(*next, "there is no step '" + next->scalar.substr(0, 128) + "'");
      }
    }
  }
  const PlaybookStep* start = playbook_.find(playbook_.workflow_start);
  if (start == nullptr || start->type != StepType::kStart) {
    const YamlNode* named = root.find("workflow_start");
    reader_.problem(named == nullptr ? root : *named,
                    "'workflow_start' must name a step of type start");
  }
  if (!good()) return;
  check_reverse(*workflow);
  check_flow(*workflow);
}

Playbook PlaybookReader::read(const YamlNode& root) {
  if (!root.is_map()) {
    reader_.problem(root, "a playbook must be a map");
    return {};
  }
  read_header(root);
  read_variables(root);
  read_parties(root);
  read_extension(root);
  read_workflow(root);
  return std::move(playbook_);
}

}  // namespace

std::string_view command_type_name(CommandType type) {
  constexpr std::array<std::string_view, 6> kNames = {
      "none", "email", "webhook", "block-address", "unblock-address", "http-api"};
  return kNames[static_cast<std::size_t>(type)];
}

bool is_containment(CommandType type) {
  return type == CommandType::kBlock || type == CommandType::kUnblock || type == CommandType::kHttp;
}

const PlaybookStep* Playbook::find(std::string_view step_id) const {
  const auto found = std::find_if(steps.begin(), steps.end(),
                                  [&](const PlaybookStep& step) { return step.id == step_id; });
  return found == steps.end() ? nullptr : &*found;
}

Result<Playbook> parse_playbook(std::string_view text, const std::string& path,
                                std::vector<Problem>& problems) {
  Result<std::vector<YamlNode>> documents = parse_yaml(text);
  if (!documents) {
    Error error = std::move(documents).error();
    error.what = path + ":" + error.what;
    problems.push_back(problem_of(path, error));
    return tl::unexpected(std::move(error));
  }
  PlaybookReader reader(path, problems);
  if (documents->size() != 1) {
    problems.push_back(
        {path, documents->empty() ? 1 : (*documents)[1].line, "one document is expected"});
    return fail(Errc::kInvalid, problems.back().text());
  }
  Playbook playbook = reader.read(documents->front());
  if (!reader.good()) return fail(Errc::kInvalid, problems.back().text());
  playbook.path = path;
  playbook.hash = sha256_hex(text);
  return playbook;
}

Result<std::vector<Playbook>> load_playbooks(const std::string& path,
                                             std::vector<Problem>& problems) {
  PICKET_TRY(const std::vector<std::string> files, list_files(path, {".yaml", ".yml", ".json"}));
  std::vector<Playbook> playbooks;
  for (const std::string& file : files) {
    Result<std::string> text = read_file(file, YamlLimits().bytes_max);
    if (!text) {
      problems.push_back(problem_of(file, text.error()));
      continue;
    }
    Result<Playbook> playbook = parse_playbook(*text, file, problems);
    if (!playbook) continue;
    const bool repeated = std::any_of(playbooks.begin(), playbooks.end(),
                                      [&](const Playbook& p) { return p.id == playbook->id; });
    if (repeated) {
      problems.push_back({file, 1, "there is a playbook " + playbook->id + " already"});
    } else {
      playbooks.push_back(*std::move(playbook));
    }
  }
  return playbooks;
}

}  // namespace picket::response
