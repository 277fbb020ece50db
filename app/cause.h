// Causes: for which parts of its condition a rule is not true on an event: a test that is false, or
// an exclusion that holds. For people who ask why a rule did not fire.
//
// Points into the Truth and its rule, which must outlive it. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/json.h"
#include "rules/rule.h"
#include "rules/truth.h"

namespace picket::app {

struct Cause {
  const rules::TruthNode* node =
      nullptr;            // a test: the false one, or the first true one of an exclusion
  std::string selection;  // it stands in; of an exception without the exception's name
  bool excludes = false;  // it is true, under a `not`
  const rules::JoinedFilter* exception =
      nullptr;                   // that was joined to the rule, and took the event away
  std::size_t alternatives = 0;  // of the same list, false too and not told
};

inline constexpr std::size_t kCausesMax = 32;
// Empty if the condition holds. Each alone may be a reason, or only one of several.
std::vector<Cause> causes_of(const rules::DetectionRule& rule, const rules::Truth& truth);

// "selection_img, line 12: Image ends with '\a.exe': the value differs: 'C:\b.exe'", in the
// reader's language, visible().
std::string cause_text(const Cause& cause);
Json cause_json(const Cause& cause);
// On one line, the same in every language; not visible().
std::string cause_code(const Cause& cause);

}  // namespace picket::app
