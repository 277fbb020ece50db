// SourceKinds: which kinds of events a source has sent, and so which rules see nothing when it is silent.
// One thread, the engine's.
#pragma once

#include <cstdint>
#include <vector>

#include "event/event.h"
#include "rules/rule_set.h"

namespace picket::app {

class SourceKinds {
 public:
  void note(const Batch& batch);
  // Rules that could be true on events of this source, and of no other that still sends. In order.
  std::vector<std::uint32_t> blind(std::size_t source, const std::vector<bool>& silent,
                                   const rules::RuleSet& rules) const;

 private:
  struct Source {
    KindId last = kUnknownKind;  // the usual case: what came before comes again
    std::vector<bool> kinds;     // by id
  };
  std::vector<Source> sources_;  // by id
};

}  // namespace picket::app
