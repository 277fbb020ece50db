// The `detection` section of a Sigma rule (and of a filter): its selections, each as a tree of
// tests with all modifiers applied. Owns its data; one building a rule, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "rules/refusal.h"
#include "rules/rule.h"
#include "rules/sigma_encoding.h"

namespace picket::rules {

// What is known and used up while one rule is built.
struct Building {
  const Placeholders* placeholders = nullptr;  // lent
  std::size_t tests_left = 0;                  // a rule that needs more is refused
  bool look_around = false;                    // an `re` that only PCRE2 can run was seen
  std::vector<Refusal> warnings;               // of a rule that is accepted all the same
};

struct Selection {
  std::string name;
  Node node;              // its root carries the name
  std::size_t tests = 0;  // in the tree, for the budget when a condition repeats it
  bool used = false;      // by a condition
};

// And, Or of several nodes; of one, that node.
Node all_of(std::vector<Node> nodes);
Node any_of(std::vector<Node> nodes);
Node negation(Node node);

// Every key of `section` but those in `reserved` ("condition"), in order.
Parsed<std::vector<Selection>> parse_selections(const YamlNode& section,
                                                const std::vector<std::string_view>& reserved,
                                                Building& building);

// Takes `count` from the budget, or refuses the rule.
Parsed<void> spend_tests(Building& building, std::size_t count, int line);

}  // namespace picket::rules
