// QueryMatcher: decides whether a record matches a query, in two steps.
//
// by_raw() looks at the raw bytes only. Free text is decided there, field tests are not, so the
// answer may be "not known yet"; most records of most searches need no parsing. matches() looks at
// the parsed event. A matcher keeps a reference to its query and belongs to one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "storage/query.h"

namespace picket::storage {

enum class Verdict : std::uint8_t { kNo, kYes, kUnknown };

class QueryMatcher {
 public:
  // `source_name` answers the name of a source for picket.source; it may be empty.
  QueryMatcher(const Query& query, std::function<std::string_view(SourceId)> source_name);

  Verdict by_raw(std::string_view raw) const;
  // `event` is an event of `batch`.
  bool matches(Batch& batch, const Event& event);

 private:
  // What is not a field of the event itself.
  enum class Special : std::uint8_t { kNone, kTimestamp, kOriginal, kStatus, kSource, kSeq };
  struct Term {
    Special special = Special::kNone;
    std::optional<FieldId> field;
    std::string folded;          // the value in lower case; wildcards of free text between stars
    std::string folded_escaped;  // the value as JSON writes it, if that is different
  };

  Verdict raw_verdict(std::uint32_t index, std::string_view raw) const;
  bool contains(const QueryNode& node, const Term& term, std::string_view raw) const;
  bool node_matches(std::uint32_t index, Batch& batch, const Event& event);
  bool field_matches(std::uint32_t index, Batch& batch, const Event& event);
  bool special_matches(const QueryNode& node, const Term& term, Batch& batch,
                       const Event& event) const;
  static bool value_matches(const QueryNode& node, const Term& term, std::string_view value);

  const Query& query_;
  std::function<std::string_view(SourceId)> source_name_;
  std::vector<Term> terms_;  // one a node
  std::uint32_t root_;
};

}  // namespace picket::storage
