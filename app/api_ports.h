// What the API asks of the rest of the house, answered from the rooms of a running server.
#pragma once

#include "api/ports.h"
#include "app/backtest_desk.h"
#include "app/engine.h"
#include "app/reloader.h"
#include "app/holds.h"
#include "app/purges.h"
#include "app/try_desk.h"
#include "app/upkeep.h"
#include "collector/collector.h"
#include "response/responder.h"
#include "storage/store.h"

namespace picket::app {

// Everything referred to outlives the ports. `collector` is filled in before the API is first asked.
struct ApiRooms {
  storage::Store& store;
  Engine& engine;
  Reloader& reloader;
  response::Responder& responder;
  std::shared_ptr<const rules::Taxonomy> taxonomy;
  rules::PayloadOptions payloads;
  std::vector<parsers::SourceFormat> formats;  // by source id
  Clock& clock;
  const response::Systems& systems;
  correlator::Sla sla;
  const std::unique_ptr<collector::Collector>& collector;
  BacktestDesk& backtests;
  TryDesk& tries;
  const Upkeep& upkeep;
  Holds& holds;
  Purges& purges;
};

api::Ports make_ports(const ApiRooms& rooms);

// What GET /api/v1/events answers. Parses what it finds with every field kept.
// `clock` bounds the time: after half a minute the page is what was found, and not `complete`.
Result<api::SearchPage> search_events(const storage::Store& store, parsers::Parser& parser,
                                      const api::SearchQuery& query, Clock& clock);

// The name of a known field that is closest to one that no event has; empty if there is none.
std::string nearest_field(std::string_view name);

// A rule's file, as loaded; kNotFound when no rule of the set has the id.
Result<api::RuleSource> rule_source(const rules::RuleSet& rules, std::string_view rule_id);

// Prometheus text format 0.0.4, with the names of INTERFACES.
std::string metrics_text(const Result<std::vector<storage::Ledger>>& ledgers, const EngineStatistics& statistics,
                         const rules::RuleSet& rules, const collector::Collector* collector);

}  // namespace picket::app
