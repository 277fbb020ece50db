// A playbook: a CACAO 2.0 document in YAML or JSON, of which we run a stated part.
//
// What is not supported is refused with file, line and reason, never skipped: a playbook either
// means what it says or does not load. docs/formats/playbooks.md lists the part and our extensions.
// Plain values, constant once loaded; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "event/alert.h"
#include "response/address.h"
#include "base/yaml_reader.h"

namespace picket::response {

enum class StepType : std::uint8_t { kStart, kAction, kEnd };
enum class CommandType : std::uint8_t {
  kNone,
  kMail,     // picket-notify, command: email
  kWebhook,  // picket-notify, command: webhook
  kBlock,    // picket-block-address
  kUnblock,  // picket-unblock-address
  kHttp,     // http-api
};
std::string_view command_type_name(CommandType type);  // "email", "webhook", "block-address", ...
// Changes something outside: needs approval unless the playbook says otherwise, counts against
// limits.
bool is_containment(CommandType type);

enum class Recipient : std::uint8_t { kOwner, kDuty };

struct PlaybookStep {
  std::string id;  // "action--<uuid>"
  StepType type = StepType::kAction;
  std::string name;
  std::string name_vi;
  int line = 0;
  std::string on_completion;  // either this, or the other two
  std::string on_success;
  std::string on_failure;

  CommandType command = CommandType::kNone;
  bool approval = false;
  std::string reverse;  // id of the step that undoes this one
  std::string message;  // key of a message template: "owner.new"
  Recipient to = Recipient::kOwner;
  std::string webhook;                                       // name in the configuration
  std::string url;                                           // http-api: target address and path
  std::string method;                                        // http-api: "POST"
  std::vector<std::pair<std::string, std::string>> headers;  // http-api
  std::string content;                                       // http-api, a template
};

struct Playbook {
  std::string id;  // "playbook--<uuid>"
  std::string name;
  std::string name_vi;
  std::string description;
  std::string path;
  std::string hash;             // SHA-256 of the file
  std::string language = "vi";  // for recipients who state none
  std::string workflow_start;
  std::vector<PlaybookStep> steps;

  Level trigger_level = Level::kHigh;
  std::size_t trigger_layers = 1;   // at least so many layers crossed
  std::size_t blocks_per_hour = 5;  // over all runs of this playbook
  std::vector<Cidr> never_touch;

  const PlaybookStep* find(std::string_view step_id) const;
};

// Every *.yaml, *.yml and *.json under `path`. A playbook with a problem is left out. Fails when
// the path does not exist.
Result<std::vector<Playbook>> load_playbooks(const std::string& path,
                                             std::vector<Problem>& problems);

// One text, as if read from `path`; any problem gives kInvalid (and is in `problems`).
Result<Playbook> parse_playbook(std::string_view text, const std::string& path,
                                std::vector<Problem>& problems);

}  // namespace picket::response
