// WarmTable: whether the windows of each correlation are filled, and from which rules.
//
// A correlation that is new, or was edited, or counts a rule that was edited, is cold: its windows
// would have to be filled from stored events before what it says is right. The table says which are
// cold, and since when a cold one has been in use: what it raises at later events goes out once it is
// warm. It lives in the state, so that a restart, whatever was changed before it, knows the same.
//
// In the state: c/m/<rule id> -> version, basis, the commit and the watermark at which the rule was
// put to use, and whether it is warm. One thread, that of the port.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "correlator/state.h"

namespace picket::correlator {

struct ColdRule {
  std::string id;
  std::string basis;            // names the texts of the rule and of all that it counts
  std::uint64_t commit = 0;     // the last one before the rule was in use
  std::int64_t watermark_ns = INT64_MIN;  // then
};

class WarmTable {
 public:
  explicit WarmTable(StatePort& state) : state_(state) {}

  // These correlations are in use from the next commit on, by rule id with their bases. Forgets all
  // others. `commit` is the last one; where there is none, nothing needs to be filled.
  std::vector<ColdRule> use(const std::map<std::string, std::string>& bases, std::uint64_t commit,
                            std::int64_t watermark_ns);
  // The windows of this rule are filled.
  void set_warm(const ColdRule& rule);

 private:
  void put(const ColdRule& rule, bool warm);

  StatePort& state_;
};

}  // namespace picket::correlator
