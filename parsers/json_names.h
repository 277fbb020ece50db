// JsonNames: which field a JSON key is, at its place in the document.
//
// A place is a node: the names that can still follow there. Nested objects and keys with dots are
// the same name ({"a":{"b":1}} is {"a.b":1}). The three shapes of Windows events share their leaf
// names: Event.System.X, Event.EventData.X, Event.UserData.*.X, winlog.event_data.X and X are X;
// Event.System.Provider.#attributes.Name and winlog.provider_name are Provider_Name.
//
// Frozen: knows the names that were interned when it was made, every other key is a miss. Learning:
// interns each name that it meets, up to kNodesMax places, kKeysMax keys and the interner's bound.
// Else it remembers up to kStrangersMax keys that are nobody's.
// One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/field.h"
#include "parsers/limits.h"
#include "parsers/name_table.h"

namespace picket::parsers {

// Fields that decide about the event itself.
enum class Role : std::uint8_t {
  kNone,
  kChannel,
  kEventId,
  kEventCode,  // event.code: stands in for a missing EventID
  kProvider,
  kProviderName,  // ProviderName: stands in for a missing Provider_Name
  kSourceName,    // the same, older
  kComputer,
  kHostname,    // stands in for a missing Computer
  kSystemTime,  // Event.System.TimeCreated
  kTimestamp,   // @timestamp
  kTimeCreated,
  kEventTime,
  kUtcTime,
  kTime,  // time, timestamp: any other JSON
  kCount,
};

enum class Node : std::uint16_t {
  kNowhere,  // no known name begins like this
  kRoot,
  kEvent,     // Event
  kSystem,    // Event.System
  kUserData,  // Event.UserData
  kFirstFree,
};

struct JsonName {
  static constexpr std::uint16_t kNoField = 0xFFFF;
  std::uint16_t field = kNoField;
  Role role = Role::kNone;
  bool system = false;          // spelled as a system field: goes before event data of that name
  std::uint8_t depth = 0;       // of the key: the name as one key goes before its path
  bool known_child = false;     // `child` is final
  bool known_field = false;     // `field` is final
  Node child = Node::kNowhere;  // where the members of an object under this key are
};

class JsonNames {
 public:
  static constexpr std::size_t kNodesMax = 60'000;
  static constexpr std::size_t kKeysMax = 250'000;
  static constexpr std::size_t kStrangersMax = 4'096;

  explicit JsonNames(bool learn);

  // For a scalar or an array under `key`; nullptr: no field. Valid until the next call.
  const JsonName* field(Node node, const NameKey& key) {
    const JsonName* found = names_.find(key, static_cast<std::uint32_t>(node));
    if (found != nullptr && found->known_field) [[likely]]
      return found->field != JsonName::kNoField ? found : nullptr;
    return other_field(node, key);
  }
  // For an object under `key`.
  Node child(Node node, const NameKey& key) {
    const JsonName* found = names_.find(key, static_cast<std::uint32_t>(node));
    if (found != nullptr && found->known_child) [[likely]]
      return found->child;
    return other_child(node, key);
  }
  // Where names behind "a.b." are.
  Node behind(std::string_view prefix);
  // By its whole name, for formats that are not JSON.
  std::optional<FieldId> field_named(std::string_view name);

  // Bounds that a reader of these names met, until they are taken: all readers of a parser share
  // its names.
  LimitSet& limits() { return limits_; }

  // Names that begin a scope of their own: equal names in EventData and System are not duplicates.
  static bool is_scope(Node from, Node to) {
    return (to == Node::kRoot || to == Node::kSystem) && from != Node::kRoot;
  }

 private:
  struct Place {
    std::string prefix;  // "a.b."; for an element of System "Provider_"
    bool system_element = false;
  };

  JsonNames() = default;
  static JsonNames frozen();
  void add_known(std::size_t count);
  const JsonName* other_field(Node node, const NameKey& key);
  const JsonName* elsewhere(Node node, const NameKey& key);
  Node other_child(Node node, const NameKey& key);
  void add(std::string_view name, FieldId id);
  void make_way(std::string_view path);
  void add_path(std::string_view path, std::string_view name, FieldId id);
  void add_system_element(std::string_view name, FieldId id);
  void set_field(Node node, std::string_view key, std::string_view name, FieldId id);
  const JsonName* learn_field(Node node, const NameKey& key);
  Node make_child(Node node, const NameKey& key);
  Node child_of(Node node, std::string_view key);
  Node place(std::string prefix, bool system_element);
  std::string full_name(Node node, std::string_view key) const;
  const Place& at(Node node) const { return places_[static_cast<std::size_t>(node)]; }

  bool learn_ = false;
  LimitSet limits_;
  NameTable<JsonName> names_;
  std::size_t strangers_ = 0;  // keys in names_ that came from input
  std::vector<Place> places_ = std::vector<Place>(static_cast<std::size_t>(Node::kFirstFree));
  NameTable<Node> place_ids_;
};

}  // namespace picket::parsers
