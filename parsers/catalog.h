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
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/lazy.h"
#include "base/result.h"
#include "event/event.h"
#include "event/kind.h"
#include "parsers/steps/step.h"
#include "parsers/steps/template.h"

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
  kText,       // its steps alone
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return hash64(text); }
};

// Evidence that a record is of a definition: one map of `recognise`. All of it must hold.
struct RecogniseRule {
  struct Header {
    std::vector<std::string> vendors;   // empty: any
    std::vector<std::string> products;  // empty: any
  };
  struct JsonTest {
    FieldId field{};
    std::vector<std::string> values;  // empty: any
  };
  std::vector<std::string> programs;  // lower case; any of these
  std::vector<std::string> prefixes;  // any of these
  std::vector<std::string> any;       // the record holds one of these texts
  std::vector<std::string> all;       // and all of these
  std::optional<Header> cef;
  std::optional<Header> leef;
  std::vector<JsonTest> json;
  bool access = false;               // split_plain_access() says so, and no program is named
  bool dated = false;                // the message begins with a date and a time
  std::optional<int> priority = {};  // its own; else that of the definition
};

// What differs for one event id of a Windows channel, or for one value of another field.
struct EventOverride {
  std::int64_t code = -1;  // Windows
  std::string key;         // elsewhere
  std::vector<std::pair<FieldId, std::string>> constants;
  std::vector<std::pair<FieldId, FieldId>> aliases;  // {ecs, original}, in order of preference
  std::vector<std::pair<FieldId, StepValue>> late;   // constants of names that steps may put
};

struct Definition {
  std::string name;  // "windows-sysmon"
  std::string path;  // of its file
  ContentFormat format = ContentFormat::kNone;
  std::vector<std::string> channels;   // Windows: exact names, or "*"
  std::vector<std::string> providers;  // Windows: where a record names no channel
  std::vector<std::string> programs;   // syslog: program names in lower case, or "*"
  std::vector<RecogniseRule> rules;    // any of them; all but channels and providers
  int priority = 50;
  EventKind base;                  // without channel and code; aliases in order of preference
  std::vector<FieldId> events_by;  // whose values choose among `events`, joined by '/'
  std::vector<EventOverride> events;
  std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>> event_index;  // by key
  std::shared_ptr<const StepList> steps;            // nullptr: none
  std::vector<std::pair<FieldId, StepValue>> late;  // constants of names that steps may put
  Work::Aliases aliases;                            // of `base`
  std::size_t index = 0;                            // among the definitions of its catalog
  KindId kind = kUnknownKind;                       // of `base`, interned
};

class RecognitionIndex;

class Catalog {
 public:
  ~Catalog();
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  // Every *.yaml and *.yml under the folders. A definition replaces that of the same name in an
  // earlier folder. Each bad definition adds "file:line: reason" to `errors` and is left out. Fails
  // only when a folder cannot be read. `geoip`: databases for geoip steps that name none.
  static Result<std::shared_ptr<const Catalog>> load(const std::vector<std::string>& folders,
                                                     std::vector<std::string>& errors,
                                                     const std::vector<std::string>& geoip = {});

  // Of definitions that are there already; names are different.
  static std::shared_ptr<const Catalog> make(std::vector<Definition> definitions);

  const std::vector<Definition>& definitions() const { return definitions_; }
  // Databases that geoip steps want and that could not be opened: those steps do nothing.
  const std::vector<std::string>& geoip_problems() const { return geoip_problems_; }
  // nullptr if there is none.
  const Definition* find(std::string_view name) const;
  const Definition* for_channel(std::string_view channel) const;  // any case, else the one for "*"
  const Definition* for_provider(std::string_view provider) const;  // any case
  const Definition* for_program(std::string_view program) const;    // lower case; exact, else "*"
  const Definition* for_format(ContentFormat format) const;         // the first by name

  // Which of them a record may be of. Made at the first call, which takes some 50 ms with the shipped
  // definitions.
  const RecognitionIndex& recognition() const;

  // The kind of one Windows event. Makes it when it is new, so it takes a lock: keep the answer.
  // A code of -1 is any other event of the channel.
  static KindId windows_kind(const Definition& definition, std::string_view channel,
                             std::int64_t code);
  // The kind of events for which `event` of the definition holds. The same goes for it.
  static KindId event_kind(const Definition& definition, const EventOverride& event);

 private:
  Catalog();
  void index();

  std::vector<Definition> definitions_;  // sorted by name
  std::vector<std::string> geoip_problems_;
  std::map<std::string, std::size_t, AsciiLess> by_channel_;
  std::map<std::string, std::size_t, AsciiLess> by_provider_;
  std::map<std::string, std::size_t, std::less<>> by_program_;
  Lazy<RecognitionIndex> recognition_;
};

}  // namespace picket::parsers
