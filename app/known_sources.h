// KnownSources: names and systems of the sources of a store, as alerts name them, for who
// correlates stored events again (the engine has its own while it runs).
//
// Refers to a register of systems, which must outlive it. Constant: any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/event_systems.h"
#include "correlator/source_table.h"
#include "response/systems.h"
#include "storage/store.h"

namespace picket::app {

class KnownSources final : public correlator::SourceNames {
 public:
  // Of the store's sources, those that the configuration has a system for.
  KnownSources(const storage::Store& store, const Config& config, const response::Systems& systems);

  std::string_view name(SourceId source) const override { return at(source).name; }
  std::string_view system(SourceId source) const override { return at(source).system; }
  std::string_view system_of(Batch& batch, const Event& event, SourceId source) const override;
  // What is over several events belongs to the system that its entities speak of.
  void name_system(Alert& alert) const;

 private:
  struct Source {
    std::string name;
    std::string system;
  };
  const Source& at(SourceId source) const;

  std::vector<Source> sources_;  // by id
  EventSystems systems_;
};

}  // namespace picket::app
