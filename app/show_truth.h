// The truth of a rule on an event (rules/truth.h) as a tree for people, and as JSON.
//
// Text is made visible(); JSON holds values as they are. Long lists of false tests are shortened in
// text, never in JSON.
#pragma once

#include <string>
#include <utility>

#include "base/json.h"
#include "rules/truth.h"

namespace picket::app {

// One line a node, indented: "+ true", "- false", "~ false, but only one part is missing".
std::string show_truth(const rules::Truth& truth);
Json truth_json(const rules::Truth& truth);

// "CommandLine contains '-enc'", in the reader's language; not yet visible().
std::string test_text(const rules::Test& test);
// The same in every language, for JSON: {"contains", "-enc"}.
std::pair<std::string, std::string> machine_text(const rules::Test& test);

}  // namespace picket::app
