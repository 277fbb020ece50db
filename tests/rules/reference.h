// The specification as a program: decides a rule's tree on an event the slow and obvious way.
//
// No routes, anchors, folding tricks or Hyperscan: texts are decoded to characters, wildcards are
// tried at every place, regular expressions run in PCRE2. What the matcher answers must never
// differ from this. Shares with the matcher only the tree (rule.h) and the calendar (base/time.h).
// Owns its data. One thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rule.h"

namespace picket::rules {

// An event as the specification sees it. A name that is there with null only, or with an
// empty list, has no values.
struct PlainEvent {
  std::map<std::string, std::vector<std::string>> fields;
  std::vector<std::string> leaves;  // what keywords look at: every text and number of the record
};

// Under which names an event may hold a rule's field, the best first.
using FieldNames = std::function<std::vector<std::string>(const std::string& field)>;
// The name itself, without its spaces.
std::vector<std::string> literal_names(const std::string& field);

using Characters = std::u32string;

// An event made ready: texts as characters, as they are and folded.
class ReferenceEvent {
 public:
  struct Value {
    std::string text;
    Characters exact;
    Characters folded;
  };
  explicit ReferenceEvent(const PlainEvent& event);

  // The values of the first of the names that the event has; empty if it has none.
  const std::vector<Value>& values(const std::vector<std::string>& names) const;
  bool has(const std::vector<std::string>& names) const;
  const std::vector<Value>& leaves() const { return leaves_; }

 private:
  std::map<std::string, std::vector<Value>> fields_;
  std::vector<Value> leaves_;
};

// One rule made ready. Keeps what it needs; the tree may die.
class ReferenceRule {
 public:
  ReferenceRule(const Node& condition, const FieldNames& names);
  ReferenceRule(ReferenceRule&&) noexcept;
  ~ReferenceRule();

  bool holds(const ReferenceEvent& event) const;

 private:
  struct Part;
  std::unique_ptr<Part> root_;
};

}  // namespace picket::rules
