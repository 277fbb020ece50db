// QueryMatcher: decides whether a record matches the filter of a query, in two steps.
//
// by_record() looks at the raw bytes, the source and the number only. Free text is decided there,
// field tests mostly are not, so the answer may be "not known yet"; most records of most searches
// need no parsing. matches() looks at the parsed event. A matcher keeps a reference to its query
// and belongs to one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "storage/query.h"
#include "storage/query/event_field.h"
#include "storage/query/value_test.h"

namespace picket::storage {

enum class Verdict : std::uint8_t { kNo, kYes, kUnknown };

class QueryMatcher {
 public:
  // `source_name` answers the name of a source for picket.source; it may be empty.
  QueryMatcher(const Query& query, std::function<std::string_view(SourceId)> source_name);

  Verdict by_record(const Record& record) const;
  // `event` is an event of `batch`.
  bool matches(Batch& batch, const Event& event);

  // Fields that were asked for and that no event had, each once, with their places in the query.
  std::vector<std::pair<std::string, std::size_t>> never_seen() const;

 private:
  struct Term {
    ValueTester tester;
    EventField field;
    bool asked = false;
    bool seen = false;
  };

  Verdict record_verdict(std::uint32_t index, const Record& record) const;
  bool node_matches(std::uint32_t index, Batch& batch, const Event& event);
  bool field_matches(std::uint32_t index, Batch& batch, const Event& event);
  std::string_view source_of(const Record& record) const {
    return source_name_ ? source_name_(record.source) : std::string_view();
  }

  const Query& query_;
  std::function<std::string_view(SourceId)> source_name_;
  std::vector<Term> terms_;  // one a node
};

}  // namespace picket::storage
