#include "app/known_sources.h"

#include <utility>

namespace picket::app {

KnownSources::KnownSources(const storage::Store& store, const Config& config,
                           const response::Systems& systems)
    : systems_(systems) {
  for (std::string& name : store.source_names()) sources_.push_back({std::move(name), {}});
  for (const SourceConfig& configured : config.sources) {
    for (Source& source : sources_) {
      if (source.name == configured.name) source.system = configured.system;
    }
  }
}

// A record may be of a source that came after this was made: a server goes on meanwhile.
const KnownSources::Source& KnownSources::at(SourceId source) const {
  static const Source kNone;
  const auto index = static_cast<std::size_t>(source);
  return index < sources_.size() ? sources_[index] : kNone;
}

std::string_view KnownSources::system_of(Batch& batch, const Event& event, SourceId source) const {
  const response::System* system = systems_.of(batch, event);
  return system != nullptr ? std::string_view(system->name) : at(source).system;
}

void KnownSources::name_system(Alert& alert) const {
  if (alert.kind != AlertKind::kCorrelation) return;
  if (const response::System* system = systems_.of(alert.entities)) alert.system = system->name;
}

}  // namespace picket::app
