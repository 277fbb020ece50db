// Catalog: all source definitions (content/sources/*.yaml), compiled to event kinds.
//
// A definition says how a source's events are recognised, which dataset, Sigma log source and layer
// they are, and which ECS names stand for their original fields; docs/formats/sources.md is the
// format. A definition that is wrong is refused alone: the others load. Immutable after load and
// shared by any number of threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "base/ascii.h"
#include "event/kind.h"

namespace picket::parsers {

// What reads the content of a record. Envelopes (syslog) are recognised before and by themselves.
enum class ContentFormat : std::uint8_t {
  kNone,     // the envelope alone
  kJson,     // any JSON object
  kWindows,  // JSON of a Windows event, in one of three shapes
  kSshd,
  kSudo,
  kAccounts,   // useradd, groupadd, usermod, passwd, ...
  kNetfilter,  // kernel lines of iptables and nftables
  kAccess,     // access logs of Apache and nginx
};

// What differs for one event id of a Windows channel.
struct EventOverride {
  std::int64_t code = -1;
  std::vector<std::pair<FieldId, std::string>> constants;
  std::vector<std::pair<FieldId, FieldId>> aliases;  // {ecs, original}, in order of preference
};

struct Definition {
  std::string name;  // "windows-sysmon"
  std::string path;  // of its file
  ContentFormat format = ContentFormat::kNone;
  std::vector<std::string> channels;   // Windows: exact names, or "*"
  std::vector<std::string> providers;  // Windows: where a record names no channel
  std::vector<std::string> programs;   // syslog: program names in lower case, or "*"
  std::vector<std::string> prefixes;   // the record begins so
  EventKind base;                      // without channel and code; aliases in order of preference
  std::vector<EventOverride> events;
  KindId kind = kUnknownKind;  // of `base`, interned
};

class Catalog {
 public:
  // Every *.yaml and *.yml under the folders. Each bad definition adds "file:line: reason" to
  // `errors` and is left out. Fails only when a folder cannot be read.
  static Result<std::shared_ptr<const Catalog>> load(const std::vector<std::string>& folders,
                                                     std::vector<std::string>& errors);

  const std::vector<Definition>& definitions() const { return definitions_; }
  // nullptr if there is none.
  const Definition* find(std::string_view name) const;
  const Definition* for_channel(std::string_view channel) const;    // any case, else the one for "*"
  const Definition* for_provider(std::string_view provider) const;  // any case
  const Definition* for_program(std::string_view program) const;    // lower case; exact, else "*"
  const Definition* for_format(ContentFormat format) const;         // the first by name
  const Definition* for_prefix(std::string_view text) const;        // the longest prefix that fits

  // The kind of one Windows event. Makes it when it is new, so it takes a lock: keep the answer.
  // A code of -1 is any other event of the channel.
  static KindId windows_kind(const Definition& definition, std::string_view channel,
                             std::int64_t code);

 private:
  Catalog() = default;
  void index();

  std::vector<Definition> definitions_;  // sorted by name
  std::map<std::string, std::size_t, AsciiLess> by_channel_;
  std::map<std::string, std::size_t, AsciiLess> by_provider_;
  std::map<std::string, std::size_t, std::less<>> by_program_;
};

}  // namespace picket::parsers
