// SourceNames: what the correlator must know of a source. SourceTable: the sources it has seen,
// remembered in the state, because windows are ordered by source name also after a restart and
// without a batch at hand.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "correlator/state.h"
#include "event/event.h"
#include "event/record.h"

namespace picket::correlator {

class SourceNames {
 public:
  virtual ~SourceNames() = default;
  // Both live until the next call at least.
  virtual std::string_view name(SourceId source) const = 0;
  virtual std::string_view system(SourceId source) const = 0;  // empty: none
  // Of one event, asked for where a rule hit it; what owns the host may know better than the source.
  virtual std::string_view system_of(Batch& batch, const Event& event, SourceId source) const {
    static_cast<void>(batch), static_cast<void>(event);
    return system(source);
  }
};

class SourceTable {
 public:
  static constexpr std::string_view kPrefix = "c/n/";  // of its keys

  explicit SourceTable(StatePort& state);

  void learn(SourceId source, const SourceNames& names);
  const std::string& name(SourceId source) const;  // empty for one never seen
  const std::string& system(SourceId source) const;

 private:
  struct Known {
    std::string name;
    std::string system;
  };
  const Known& known(SourceId source) const;

  StatePort& state_;
  std::map<SourceId, Known> sources_;
};

}  // namespace picket::correlator
