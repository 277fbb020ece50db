// Taxonomy: which events belong to a Sigma log source, and under which ECS name a rule's field is
// found. Written by people in content/taxonomies/*.yaml (docs/formats/taxonomies.md).
//
// Immutable after loading. Any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "event/kind.h"
#include "rules/rule.h"

namespace picket::rules {

class Taxonomy {
 public:
  // Rules see events as they are: no log source test, field names literal (`--taxonomy none`).
  static std::shared_ptr<const Taxonomy> none();
  // All *.yaml under `folder`. A file that cannot be used is refused whole, "path:line: reason", in
  // `errors`; the others count.
  static Result<std::shared_ptr<const Taxonomy>> load(const std::string& folder,
                                                      std::vector<std::string>& errors);

  bool literal() const { return literal_; }
  // Does an event of this kind belong to the log source?
  bool admits(const LogSource& source, const EventKind& kind) const;
  // The same question for many kinds: what of it does not depend on the kind.
  struct Admission {
    LogSource source;
    std::vector<std::uint32_t> entries;  // all of them must admit the kind
    bool product = false;                // is this attribute of the source tested by them?
    bool category = false;
    bool service = false;
  };
  Admission admission(const LogSource& source) const;
  bool lets_in(const Admission& admission, const EventKind& kind) const;
  // Could any event belong to it: is every attribute of the source named by an entry?
  bool knows(const LogSource& source) const;
  // The ECS name of a rule's field; nullopt if the taxonomy does not map it: its name is literal.
  std::optional<std::string_view> ecs_name(const LogSource& source, std::string_view field) const;
  // The Sigma names that are mapped for rules of the log source, sorted.
  std::vector<std::string_view> sigma_names(const LogSource& source) const;
  // Every event id that an entry names for a channel.
  std::vector<std::pair<std::string, std::int64_t>> channel_codes() const;
  // Every ECS name that some field maps to, so that parsers can be told.
  const std::vector<std::string>& ecs_names() const { return ecs_names_; }

 private:
  struct EventTest {  // all attributes that are given must hold
    std::string product, service, category, dataset, channel, provider;
    std::vector<std::int64_t> codes;
    bool admits(const EventKind& kind) const;
  };
  struct Entry {
    LogSource when;
    std::vector<EventTest> events;
    std::vector<std::pair<std::string, std::string>> fields;  // sorted by Sigma name
    bool file_wide = false;  // fields of a whole file: `when` holds the products its entries name
    std::vector<std::string> products;
    bool applies_to(const LogSource& source) const;
  };
  Result<void> read_file(const std::string& path);
  void index_fields();

  bool literal_ = false;
  std::vector<Entry> entries_;
  std::vector<std::string> ecs_names_;
  std::unordered_map<std::string_view, std::vector<std::uint32_t>> by_field_;  // Sigma name -> entries that map it
};

}  // namespace picket::rules
