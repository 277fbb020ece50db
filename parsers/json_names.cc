#include "parsers/json_names.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/guarded.h"

namespace picket::parsers {
namespace {

constexpr std::size_t kPartsMax = 16;  // names of more dotted parts are known to a learner only
constexpr std::size_t kNameMax = 512;  // longer names are no fields

// What Winlogbeat and Wazuh call the system fields of a Windows event.
constexpr std::array<std::pair<std::string_view, std::string_view>, 44> kWinlogNames = {{
    {"winlog.channel", "Channel"},
    {"winlog.event_id", "EventID"},
    {"winlog.provider_name", "Provider_Name"},
    {"winlog.provider_guid", "Provider_Guid"},
    {"winlog.computer_name", "Computer"},
    {"winlog.record_id", "EventRecordID"},
    {"winlog.process.pid", "Execution_ProcessID"},
    {"winlog.process.thread.id", "Execution_ThreadID"},
    {"winlog.user.identifier", "Security_UserID"},
    {"winlog.activity_id", "Correlation_ActivityID"},
    {"winlog.version", "Version"},
    {"winlog.opcode", "Opcode"},
    {"winlog.task", "Task"},
    {"winlog.keywords", "Keywords"},
    {"win.system.channel", "Channel"},
    {"win.system.eventID", "EventID"},
    {"win.system.providerName", "Provider_Name"},
    {"win.system.providerGuid", "Provider_Guid"},
    {"win.system.computer", "Computer"},
    {"win.system.eventRecordID", "EventRecordID"},
    {"win.system.processID", "Execution_ProcessID"},
    {"win.system.threadID", "Execution_ThreadID"},
    {"win.system.systemTime", "TimeCreated_SystemTime"},
    {"win.system.version", "Version"},
    {"win.system.opcode", "Opcode"},
    {"win.system.task", "Task"},
    {"win.system.keywords", "Keywords"},
    {"win.system.level", "Level"},
    {"win.system.message", "Message"},
    {"data.win.system.channel", "Channel"},
    {"data.win.system.eventID", "EventID"},
    {"data.win.system.providerName", "Provider_Name"},
    {"data.win.system.providerGuid", "Provider_Guid"},
    {"data.win.system.computer", "Computer"},
    {"data.win.system.eventRecordID", "EventRecordID"},
    {"data.win.system.processID", "Execution_ProcessID"},
    {"data.win.system.threadID", "Execution_ThreadID"},
    {"data.win.system.systemTime", "TimeCreated_SystemTime"},
    {"data.win.system.version", "Version"},
    {"data.win.system.opcode", "Opcode"},
    {"data.win.system.task", "Task"},
    {"data.win.system.keywords", "Keywords"},
    {"data.win.system.level", "Level"},
    {"data.win.system.message", "Message"},
}};
// Where Wazuh has event data; names begin with a small letter there.
constexpr std::array<std::string_view, 2> kWazuhData = {"win.eventdata.", "data.win.eventdata."};
constexpr std::array<std::string_view, 2> kWinlogData = {"winlog.event_data", "winlog.user_data"};

constexpr std::array<std::pair<std::string_view, Role>, 17> kRoles = {{
    {"Channel", Role::kChannel},
    {"EventID", Role::kEventId},
    {"event.code", Role::kEventCode},
    {"Provider_Name", Role::kProvider},
    {"ProviderName", Role::kProviderName},
    {"SourceName", Role::kSourceName},
    {"Computer", Role::kComputer},
    {"Hostname", Role::kHostname},
    {"TimeCreated_SystemTime", Role::kSystemTime},
    {"@timestamp", Role::kTimestamp},
    {"TimeCreated", Role::kTimeCreated},
    {"EventTime", Role::kEventTime},
    {"UtcTime", Role::kUtcTime},
    {"time", Role::kTime},
    {"timestamp", Role::kTime},
    {"eventTime", Role::kTime},
    {"ts", Role::kTime},
}};

Role role_of(std::string_view name) {
  for (const auto& [text, role] : kRoles) {
    if (text == name) return role;
  }
  return Role::kNone;
}

// The name of which a Winlogbeat name is another spelling, or the name itself.
std::string_view leaf_name(std::string_view name) {
  for (const auto& [winlog, leaf] : kWinlogNames) {
    if (winlog == name) return leaf;
  }
  return name;
}

std::string_view after_winlog_data(std::string_view key) {
  for (const std::string_view data : kWinlogData) {
    if (key.size() > data.size() + 1 && key.starts_with(data) && key[data.size()] == '.') {
      return key.substr(data.size() + 1);
    }
  }
  return {};
}

bool is_winlog_data(std::string_view path) {
  return std::find(kWinlogData.begin(), kWinlogData.end(), path) != kWinlogData.end();
}

bool is_wazuh_data(std::string_view prefix) {
  return std::find(kWazuhData.begin(), kWazuhData.end(), prefix) != kWazuhData.end();
}

std::string with_first(std::string_view name, char (*change)(char)) {
  std::string changed(name);
  if (!changed.empty()) changed[0] = change(changed[0]);
  return changed;
}
char small(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
char capital(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

// Names are without spaces, on both sides: "Threat Name" is ThreatName.
std::string without_spaces(std::string_view key) {
  std::string compact(key);
  std::erase(compact, ' ');
  return compact;
}

constexpr std::string_view kAttributes = "#attributes";
constexpr std::string_view kAttributesSuffix = "_attributes";

}  // namespace

JsonNames::JsonNames(bool learn) {
  for (const auto& [name, role] : kRoles) (void)intern_field(name);
  if (!learn) *this = frozen();
  learn_ = learn;
}

// Made of some hundred thousand entries: copied for the threads after the first.
JsonNames JsonNames::frozen() {
  struct Made {
    std::size_t field_count = 0;
    std::shared_ptr<const JsonNames> names;
  };
  static auto* const last = new Guarded<Made>;  // as long as the process
  const std::shared_ptr<const JsonNames> names = last->with([](Made& made) {
    const std::size_t count = field_count();
    if (made.names == nullptr || made.field_count != count) {
      std::shared_ptr<JsonNames> fresh(new JsonNames);
      fresh->add_known(count);
      made = {count, std::move(fresh)};
    }
    return made.names;
  });
  return *names;
}

// The names that are interned now.
void JsonNames::add_known(std::size_t count) {
  // The way to the leaf names must exist whatever is known.
  for (const std::string_view key : {"System", "EventData", "UserData"}) {
    make_child(Node::kEvent, NameKey::of(key));
  }
  make_child(Node::kRoot, NameKey::of("Event"));
  const Node winlog = make_child(Node::kRoot, NameKey::of("winlog"));
  for (const std::string_view path : kWinlogData) {
    make_child(Node::kRoot, NameKey::of(path));
    make_child(winlog, NameKey::of(path.substr(path.find('.') + 1)));
  }
  for (const std::string_view path : kWazuhData) make_way(path);
  for (std::size_t i = 0; i < count; ++i) {
    const FieldId id{static_cast<std::uint16_t>(i)};
    add(field_name(id), id);
  }
  (void)limits_.take();  // of the names that were added, which are no record's
}

const JsonName* JsonNames::other_field(Node node, const NameKey& key) {
  if (key.text.size() > kNameMax) limits_.add(Limit::kFieldName);
  if (node == Node::kNowhere) return nullptr;
  if (learn_) return learn_field(node, key);
  const JsonName* found = elsewhere(node, key);
  if (strangers_ == kStrangersMax || key.text.size() > kNameMax) return found;
  ++strangers_;
  const JsonName known = found == nullptr ? JsonName{} : *found;
  JsonName& entry = names_.insert(key, static_cast<std::uint32_t>(node));
  entry.field = known.field;
  entry.role = known.role;
  entry.system = known.system;
  entry.known_field = true;
  return found == nullptr ? nullptr : &entry;
}

// The name without its spaces, and in places that have rules of their own, as the root has it.
const JsonName* JsonNames::elsewhere(Node node, const NameKey& key) {
  if (key.text.find(' ') != std::string_view::npos) {
    const std::string compact = without_spaces(key.text);
    return compact.empty() ? nullptr : field(node, NameKey::of(compact));
  }
  if (node != Node::kSystem && node != Node::kUserData) return nullptr;
  const JsonName* found = names_.find(key, static_cast<std::uint32_t>(Node::kRoot));
  return found != nullptr && found->field != JsonName::kNoField ? found : nullptr;
}

Node JsonNames::other_child(Node node, const NameKey& key) {
  if (node == Node::kNowhere) return Node::kNowhere;
  if (node == Node::kUserData) return Node::kRoot;
  if (learn_) return make_child(node, key);
  if (key.text.find(' ') == std::string_view::npos) return Node::kNowhere;
  return child(node, NameKey::of(without_spaces(key.text)));
}

Node JsonNames::behind(std::string_view prefix) {
  Node node = Node::kRoot;
  for (std::size_t dot = prefix.find('.'); dot != std::string_view::npos; dot = prefix.find('.')) {
    const std::string key(prefix.substr(0, dot));
    node = child(node, NameKey::of(key));
    prefix.remove_prefix(dot + 1);
  }
  return node;
}

std::optional<FieldId> JsonNames::field_named(std::string_view name) {
  const JsonName* found = field(Node::kRoot, NameKey::of(name));
  return found == nullptr ? std::nullopt : std::optional(FieldId{found->field});
}

void JsonNames::add(std::string_view name, FieldId id) {
  if (name.empty() || name.size() > kNameMax || name.find(' ') != std::string_view::npos) return;
  if (leaf_name(name) != name || !after_winlog_data(name).empty()) return;  // has another name
  add_path(name, name, id);
  set_field(Node::kSystem, name, name, id);  // sooner found than by way of the root
  for (const auto& [winlog, leaf] : kWinlogNames) {
    if (leaf == name) add_path(winlog, name, id);
  }
  for (const std::string_view data : kWinlogData) {
    set_field(Node::kRoot, std::string(data) + '.' + std::string(name), name, id);
  }
  for (const std::string_view data : kWazuhData)
    set_field(place(std::string(data), false), with_first(name, small), name, id);
  add_system_element(name, id);
  if (name == "Data") set_field(make_child(Node::kRoot, NameKey::of(name)), "#text", name, id);
}

// "a.b.": the nodes that lead there.
void JsonNames::make_way(std::string_view path) {
  Node node = Node::kRoot;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    node = make_child(node, NameKey::of(path.substr(0, dot)));
    path.remove_prefix(dot + 1);
  }
}

// Every way to split a dotted path into nested keys: each start has the places that lead to it.
void JsonNames::add_path(std::string_view path, std::string_view name, FieldId id) {
  std::vector<std::size_t> starts = {0};
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '.') starts.push_back(i + 1);
  }
  if (starts.size() > kPartsMax) return;
  std::vector<std::vector<Node>> nodes(starts.size());
  nodes[0].push_back(Node::kRoot);
  for (std::size_t from = 0; from < starts.size(); ++from) {
    for (const Node node : std::vector<Node>(nodes[from])) {
      set_field(node, path.substr(starts[from]), name, id);
      for (std::size_t to = from + 1; to < starts.size(); ++to) {
        const std::string_view key = path.substr(starts[from], starts[to] - starts[from] - 1);
        const Node next = make_child(node, NameKey::of(key));
        if (std::find(nodes[to].begin(), nodes[to].end(), next) == nodes[to].end()) {
          nodes[to].push_back(next);
        }
      }
    }
  }
}

// "Provider_Name" is the attribute Name of the element Provider; the element's own text has its
// name.
void JsonNames::add_system_element(std::string_view name, FieldId id) {
  if (std::count(name.begin(), name.end(), '_') > static_cast<std::ptrdiff_t>(kPartsMax)) return;
  const Node self = place(std::string(name) + '_', true);
  for (const std::string_view suffix : {std::string_view(), kAttributesSuffix}) {
    make_child(Node::kSystem, NameKey::of(std::string(name) + std::string(suffix)));
  }
  set_field(self, "#text", name, id);
  for (std::size_t at = name.find('_'); at != std::string_view::npos; at = name.find('_', at + 1)) {
    const std::string element(name.substr(0, at));
    for (const std::string_view suffix : {std::string_view(), kAttributesSuffix}) {
      make_child(Node::kSystem, NameKey::of(element + std::string(suffix)));
    }
    const Node node = place(element + '_', true);
    make_child(node, NameKey::of(kAttributes));
    set_field(node, name.substr(at + 1), name, id);
  }
}

// Where a place has rules of its own, a key may have another name there than the path suggests.
void JsonNames::set_field(Node node, std::string_view key, std::string_view name, FieldId id) {
  if (node == Node::kNowhere || full_name(node, key) != name) return;
  JsonName& entry = names_.insert(NameKey::of(key), static_cast<std::uint32_t>(node));
  entry.field = static_cast<std::uint16_t>(id);
  entry.role = role_of(name);
  entry.system = at(node).system_element || at(node).prefix.starts_with("winlog.") ||
                 key.starts_with("winlog.") || at(node).prefix.ends_with("win.system.");
  entry.known_field = true;
}

const JsonName* JsonNames::learn_field(Node node, const NameKey& key) {
  if (names_.size() >= kKeysMax) return nullptr;
  const std::string name = full_name(node, key.text);
  const bool usable = !name.empty() && name.size() <= kNameMax;
  if (name.size() > kNameMax) limits_.add(Limit::kFieldName);
  if (key.text.size() > kNameMax) return nullptr;
  const std::optional<FieldId> id = usable ? intern_field(name) : std::nullopt;
  names_.insert(key, static_cast<std::uint32_t>(node)).known_field = true;
  if (id) set_field(node, key.text, name, *id);
  const JsonName* found = names_.find(key, static_cast<std::uint32_t>(node));
  return found->field != JsonName::kNoField ? found : nullptr;
}

Node JsonNames::make_child(Node node, const NameKey& key) {
  if (node == Node::kNowhere || names_.size() >= kKeysMax) return Node::kNowhere;
  if (at(node).prefix.size() + key.text.size() > kNameMax) {
    limits_.add(Limit::kFieldName);
    return Node::kNowhere;
  }
  const Node child = child_of(node, key.text);
  JsonName& entry = names_.insert(key, static_cast<std::uint32_t>(node));
  entry.child = child;
  entry.known_child = true;
  return child;
}

Node JsonNames::child_of(Node node, std::string_view written) {
  const std::string compact = without_spaces(written);
  std::string_view key = compact;
  if (node == Node::kUserData) return Node::kRoot;
  if (node == Node::kSystem) {
    if (key.ends_with(kAttributesSuffix)) key.remove_suffix(kAttributesSuffix.size());
    return place(std::string(key) + '_', true);
  }
  if (node == Node::kEvent && key == "System") return Node::kSystem;
  if (node == Node::kEvent && key == "EventData") return Node::kRoot;
  if (node == Node::kEvent && key == "UserData") return Node::kUserData;
  if (node == Node::kRoot && key == "Event") return Node::kEvent;
  const std::string prefix = node == Node::kEvent ? "Event." : at(node).prefix;
  if (at(node).system_element) return key == kAttributes ? node : Node::kNowhere;
  std::string path = prefix + std::string(key);
  return is_winlog_data(path) ? Node::kRoot : place(std::move(path) + '.', false);
}

Node JsonNames::place(std::string prefix, bool system_element) {
  const NameKey key = NameKey::of(prefix);
  if (const Node* found = place_ids_.find(key, system_element ? 1 : 0)) return *found;
  if (places_.size() >= kNodesMax) return Node::kNowhere;
  const Node made{static_cast<std::uint16_t>(places_.size())};
  place_ids_.insert(key, system_element ? 1 : 0) = made;
  places_.push_back({std::move(prefix), system_element});
  return made;
}

std::string JsonNames::full_name(Node node, std::string_view written) const {
  const std::string key = without_spaces(written);
  if (node == Node::kRoot || node == Node::kSystem || node == Node::kUserData) {
    const std::string_view leaf = after_winlog_data(key);
    return std::string(leaf.empty() ? leaf_name(key) : leaf);
  }
  if (node == Node::kEvent) return "Event." + key;
  const Place& here = at(node);
  if (here.system_element && key == kAttributes) return {};
  if (key == "#text" && (here.system_element || here.prefix == "Data.")) {
    return here.prefix.substr(0, here.prefix.size() - 1);
  }
  if (is_wazuh_data(here.prefix)) return with_first(key, capital);
  return std::string(leaf_name(here.prefix + key));
}

}  // namespace picket::parsers
