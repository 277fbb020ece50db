// The property of the matcher: it answers what the reference answers. Used by the test over seeds
// and by the fuzzer.
#pragma once

#include <memory>
#include <string>

#include "parsers/catalog.h"
#include "tests/rules/odd_inputs.h"

namespace picket::rules {

struct PropertySize {
  std::size_t rules = 60;
  std::size_t events = 50;
};

struct PropertyOutcome {
  std::string difference;    // the first one in words; empty if there is none
  std::size_t compared = 0;  // pairs of rule and event
  std::size_t hits = 0;
  std::size_t needed = 0;  // of the hits: the rule says what a record must hold
};

class MatcherProperty {
 public:
  MatcherProperty();  // reads the source definitions that are shipped

  // Makes rules and events and judges every pair twice.
  PropertyOutcome check(Choices& choices, PropertySize size) const;

 private:
  std::shared_ptr<const parsers::Catalog> catalog_;
};

}  // namespace picket::rules
