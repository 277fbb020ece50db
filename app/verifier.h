// Verifier: decides a stored alert again, from the raw records and from the rule texts that the
// store kept, and says what is not as the alert says.
//
// A detection is raised again and compared whole: rule, id, time, matches. Of a correlation every
// event that the alert lists is parsed and given to the rules that are counted; group values,
// window, count and condition are compared. What a list of events cannot tell is a note: hits that
// are not in a bounded list, hits that did not come (absence), values seen weeks before, whether
// inner correlations were true. Feeds of indicators are not kept: the alert's own indicators are
// looked up in the event again.
//
// Definitions of sources and taxonomies are those of today; if they have changed, so may the
// answer. Store and content must outlive it. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/kept_rules.h"
#include "app/verification.h"
#include "parsers/parser.h"
#include "rules/rule_set.h"
#include "storage/store.h"

namespace picket::app {

struct VerifierContent {
  // The source definitions in use, never nullptr.
  std::function<std::shared_ptr<const parsers::Catalog>()> catalog;
  std::shared_ptr<const rules::Taxonomy> taxonomy;
  rules::PayloadOptions payloads = {};
  // The rules of today, for notes; may be empty.
  std::function<std::shared_ptr<const rules::RuleSet>()> live = {};
};

class Verifier {
 public:
  Verifier(const storage::Store& store, VerifierContent content);
  ~Verifier();

  Verification verify(const Alert& alert);

 private:
  class Check;
  struct Fetched;

  // All events of the alert that are still stored, parsed.
  void fetch(const Alert& alert, Fetched& fetched, Verification& into);
  parsers::Parser& parser();
  void note_live(const Alert& alert, const KeptRules& kept, Verification& into) const;

  const storage::Store& store_;
  VerifierContent content_;
  std::vector<std::string> sources_;  // by id
  std::vector<parsers::SourceFormat> formats_;
  KeptRuleShelf shelf_;
  std::shared_ptr<const parsers::Catalog> catalog_;  // of parser_
  std::optional<parsers::Parser> parser_;
  std::size_t fields_known_ = 0;  // when the parser was made
};

}  // namespace picket::app
