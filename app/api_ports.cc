#include "app/api_ports.h"

#include "app/live_parser.h"
#include "app/prometheus.h"
#include "app/required_report.h"
#include "app/rule_cost_report.h"
#include "app/verifier.h"
#include "base/file.h"
#include "base/nearest.h"
#include "base/time.h"
#include "rules/regex.h"
#include "storage/query/field_survey.h"
#include "storage/search.h"

namespace picket::app {
namespace {

// One search at a time is done for the API: it may neither take long nor much memory.
constexpr Nanos kSearchTime = std::chrono::seconds(30);
constexpr storage::PipeLimits kSearchLimits{.rows_max = 50'000, .groups_max = 50'000, .bytes_max = 128 * 1024 * 1024};
constexpr std::size_t kEventsSurveyed = 2'000;

response::StepVerb verb_of(api::StepVerb verb) {
  switch (verb) {
    case api::StepVerb::kApprove: return response::StepVerb::kApprove;
    case api::StepVerb::kReject: return response::StepVerb::kReject;
    case api::StepVerb::kRetry: return response::StepVerb::kRetry;
    case api::StepVerb::kSkip: return response::StepVerb::kSkip;
    case api::StepVerb::kDone: return response::StepVerb::kDone;
    case api::StepVerb::kReverse: return response::StepVerb::kReverse;
  }
  return response::StepVerb::kReject;
}

std::string ledger_metrics(const std::vector<storage::Ledger>& ledgers) {
  std::string received = type_line("picket_records_received_total", "counter");
  std::string stored = type_line("picket_records_stored_total", "counter");
  std::string rejected = type_line("picket_records_rejected_total", "counter");
  std::string dropped = type_line("picket_records_dropped_total", "counter");
  std::string in_flight = type_line("picket_records_in_flight", "gauge");
  std::string residual = type_line("picket_ledger_residual", "gauge");
  for (const storage::Ledger& ledger : ledgers) {
    const std::string source = "source=\"" + label(ledger.source) + "\"";
    received += sample("picket_records_received_total", source, static_cast<double>(ledger.received));
    stored += sample("picket_records_stored_total", source, static_cast<double>(ledger.stored));
    for (const auto& [reason, n] : ledger.rejected) {
      rejected += sample("picket_records_rejected_total", source + ",reason=\"" + label(reason) + "\"", static_cast<double>(n));
    }
    for (const auto& [reason, n] : ledger.dropped) {
      dropped += sample("picket_records_dropped_total", source + ",reason=\"" + label(reason) + "\"", static_cast<double>(n));
    }
    in_flight += sample("picket_records_in_flight", source, static_cast<double>(ledger.in_flight));
    residual += sample("picket_ledger_residual", source, static_cast<double>(ledger.residual()));
  }
  return received + stored + rejected + dropped + in_flight + residual;
}

std::string chain_metrics(const storage::ChainStatus& chain) {
  return type_line("picket_chain_links", "gauge") + sample("picket_chain_links", "", static_cast<double>(chain.links)) +
         type_line("picket_chain_root_seconds", "gauge") +
         sample("picket_chain_root_seconds", "", static_cast<double>(chain.root_ns) / 1e9) +
         type_line("picket_chain_heads_failed_total", "counter") +
         sample("picket_chain_heads_failed_total", "", static_cast<double>(chain.heads_failed)) +
         type_line("picket_chain_head_ahead", "gauge") +
         sample("picket_chain_head_ahead", "", static_cast<double>(chain.head_ahead));
}

std::string packing_metrics(const storage::PackStatus& packing) {
  const auto counter = [](std::string_view name, std::uint64_t value) {
    return type_line(name, "counter") + sample(name, "", static_cast<double>(value));
  };
  return counter("picket_packed_blocks_total", packing.blocks) + counter("picket_packed_rows_total", packing.rows) +
         counter("picket_packed_bytes_total", packing.bytes) + counter("picket_blocks_left_unpacked_total", packing.left);
}

Json packing_json(const storage::PackStatus& packing) {
  Json json = {{"blocks", packing.blocks}, {"rows", packing.rows}, {"bytes", packing.bytes}, {"left", packing.left}};
  if (!packing.problem.empty()) json["problem"] = packing.problem;
  return json;
}

std::string upkeep_metrics(const UpkeepStatus& upkeep) {
  std::string text = type_line("picket_expired_rows_total", "counter") +
                     sample("picket_expired_rows_total", "", static_cast<double>(upkeep.expired.rows)) +
                     type_line("picket_purged_rows_total", "counter") +
                     sample("picket_purged_rows_total", "", static_cast<double>(upkeep.purged)) +
                     type_line("picket_archived_rows_total", "counter") +
                     sample("picket_archived_rows_total", "", static_cast<double>(upkeep.archived)) +
                     type_line("picket_archive_failed", "gauge") +
                     sample("picket_archive_failed", "", upkeep.archive_problem.empty() ? 0.0 : 1.0) +
                     type_line("picket_blocks_under_hold", "gauge") +
                     sample("picket_blocks_under_hold", "", static_cast<double>(upkeep.expired.held)) +
                     type_line("picket_disk_free_bytes", "gauge") +
                     sample("picket_disk_free_bytes", "", static_cast<double>(upkeep.free_bytes));
  if (upkeep.days_left)
    text += type_line("picket_disk_days_left", "gauge") + sample("picket_disk_days_left", "", *upkeep.days_left);
  return text;
}

Json disk_json(const UpkeepStatus& upkeep) {
  Json json = {{"free_bytes", upkeep.free_bytes}};
  if (upkeep.days_left) json["days_left"] = *upkeep.days_left;
  return json;
}

Json expired_json(const storage::ExpiryTotals& expired) {
  return {{"blocks", expired.blocks}, {"rows", expired.rows}, {"raw_bytes", expired.raw_bytes}, {"bytes", expired.bytes}};
}

Json archive_json(const UpkeepStatus& upkeep) {
  Json json = {{"archives", upkeep.archives}, {"records", upkeep.archived}};
  if (!upkeep.archive_problem.empty()) json["problem"] = upkeep.archive_problem;
  return json;
}

Json chain_json(const storage::ChainStatus& chain) {
  Json json = {{"links", chain.links},
               {"root_link", chain.root_link},
               {"heads", chain.heads},
               {"heads_failed", chain.heads_failed}};
  if (chain.root_link > 0) json["root"] = format_time(chain.root_ns);
  if (!chain.head_error.empty()) json["head_error"] = chain.head_error;
  if (chain.head_ahead > 0) json["head_ahead"] = chain.head_ahead;
  return json;
}

Json rules_json(const rules::RuleSet& rules, const ReloadStatus& status, const WarmStatus& warming) {
  Json json = {{"detections", rules.rule_count()},
               {"correlations", rules.correlations().size()},
               {"hash", rules.hash()},
               {"loaded_at", format_time(status.loaded_at.count())},
               {"load_seconds", status.load.seconds},
               {"files", status.rule_files},
               {"files_cached", status.load.files_cached},
               {"kinds", status.load.kinds},
               {"refused", status.refused},
               {"warnings", status.warnings},
               {"loading", status.loading},
               {"reloads", status.reloads},
               {"reload_failures", status.failures}};
  if (!status.last_failure.empty()) json["failure"] = status.last_failure;
  if (!warming.rules.empty())
    json["warming"] = {{"rules", warming.rules}, {"commit", warming.commit}, {"last_commit", warming.last_commit}};
  return json;
}

Json status_json(const EngineStatistics& statistics, Json rules, const collector::Collector* collector) {
  Json json = {{"version", PICKET_VERSION},
               {"state", statistics.failure ? "failed" : statistics.disk_full ? "disk_full" : "running"},
               {"events", statistics.events},
               {"hits", statistics.hits},
               {"commits", statistics.commits},
               {"rules", std::move(rules)},
               {"payloads", {{"scanned", statistics.payloads.scanned},
                             {"timed_out", statistics.payloads.timed_out},
                             {"too_large", statistics.payloads.too_large},
                             {"failed", statistics.payloads.failed}}}};
  if (statistics.failure) json["failure"] = *statistics.failure;
  json["doors"] = Json::array();
  if (collector == nullptr) return json;
  const collector::CollectorCounters counters = collector->counters();
  for (const collector::DoorCounters& door : counters.doors) {
    json["doors"].push_back({{"name", door.name},
                             {"port", collector->port(door.name)},
                             {"records", door.records},
                             {"bytes", door.bytes},
                             {"truncated", door.truncated},
                             {"joined", door.joined},
                             {"envelopes", door.envelopes},
                             {"rejected", door.rejected},
                             {"dropped", door.dropped},
                             {"connections", door.connections}});
  }
  json["queue_depth"] = counters.queue_depth;
  return json;
}

}  // namespace

Result<api::SearchPage> search_events(const storage::Store& store, parsers::Parser& parser,
                                      const api::SearchQuery& query, Clock& clock) {
  PICKET_TRY(const storage::Query parsed, storage::parse_query(query.text));
  api::SearchPage page;
  page.columns = storage::result_columns(parsed);
  page.warnings = parsed.warnings();
  storage::SearchOptions options;
  options.scan.from_ns = query.from_ns;
  options.scan.to_ns = query.to_ns;
  options.limit = query.limit;
  if (!query.cursor.empty()) {
    PICKET_TRY(options.scan.after, storage::position_of_cursor(query.cursor));
  }
  options.parse = [&parser](Batch& batch) { parser.parse(batch); };
  const Nanos end = clock.now() + kSearchTime;
  options.cancelled = [&] { return clock.now() >= end; };
  const storage::ResultSink sink{.event = [&](Json&& event) {
                                   page.events.push_back(std::move(event));
                                   return true;
                                 },
                                 .row = [&](const std::vector<storage::Cell>& cells) {
                                   Json row = Json::object();
                                   for (std::size_t i = 0; i < cells.size(); ++i)
                                     row[page.columns[i]] = storage::cell_json(cells[i]);
                                   page.events.push_back(std::move(row));
                                   return true;
                                 }};
  PICKET_TRY(storage::SearchTotals totals, storage::run_query(store, parsed, options, kSearchLimits, sink));
  page.totals = totals.scan;
  page.limited = totals.limited;
  page.complete = !totals.cancelled;
  page.notices = std::move(totals.notices);
  for (const auto& [name, offset] : totals.never_seen) {
    page.warnings.push_back({offset, "field_never_seen", "no event here has the field " + name, {}, nearest_field(name)});
  }
  if (totals.limited && totals.matched > 0 && parsed.commands().empty()) page.next = storage::to_cursor(totals.last);
  return page;
}

std::string nearest_field(std::string_view name) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < field_count(); ++i) {
    const std::string_view known = field_name(FieldId{static_cast<std::uint16_t>(i)});
    if (known != name) names.push_back(known);
  }
  return nearest_name(name, names);
}

Result<api::RuleSource> rule_source(const rules::RuleSet& rules, std::string_view rule_id) {
  const auto read = [](const RuleIdentity& identity) -> Result<api::RuleSource> {
    api::RuleSource source;
    source.id = identity.id;
    source.name = identity.name;
    source.path = identity.path;
    source.hash = identity.hash;
    PICKET_TRY(source.text, read_file(identity.path, 1024 * 1024));
    return source;
  };
  for (std::uint32_t i = 0; i < rules.rule_count(); ++i) {
    if (rules.identity(i).id == rule_id) return read(rules.identity(i));
  }
  for (const rules::Correlation& correlation : rules.correlations()) {
    if (correlation.rule.identity.id != rule_id) continue;
    PICKET_TRY(api::RuleSource source, read(correlation.rule.identity));
    for (const rules::Correlation::Input& input : correlation.inputs) {
      source.refers_to.push_back(input.correlation < 0
                                     ? rules.identity(input.detection).id
                                     : rules.correlations()[static_cast<std::size_t>(input.correlation)].rule.identity.id);
    }
    return source;
  }
  return fail(Errc::kNotFound, "rule '" + std::string(rule_id) + "' is not loaded");
}

std::string metrics_text(const Result<std::vector<storage::Ledger>>& ledgers, const EngineStatistics& statistics,
                         const rules::RuleSet& rules, const collector::Collector* collector) {
  std::string text;
  if (ledgers) text += ledger_metrics(*ledgers);
  text += type_line("picket_alerts_total", "counter");
  for (int level = 0; level < 5; ++level) {
    text += sample("picket_alerts_total", "level=\"" + std::string(level_name(static_cast<Level>(level))) + "\"",
                   static_cast<double>(statistics.alerts_by_level[level]));
  }
  text += type_line("picket_rules", "gauge");
  text += sample("picket_rules", "state=\"active\"",
                 static_cast<double>(rules.rule_count() + rules.correlations().size()));
  text += type_line("picket_yara_payloads_total", "counter");
  for (const auto& [result, n] : {std::pair("scanned", statistics.payloads.scanned),
                                  {"timed_out", statistics.payloads.timed_out},
                                  {"too_large", statistics.payloads.too_large},
                                  {"failed", statistics.payloads.failed}}) {
    text += sample("picket_yara_payloads_total", "result=\"" + std::string(result) + "\"", static_cast<double>(n));
  }
  text += type_line("picket_regex_limits_reached_total", "counter");
  text += sample("picket_regex_limits_reached_total", "", static_cast<double>(rules::regex_limits_reached()));
  text += type_line("picket_events_total", "counter") + sample("picket_events_total", "", static_cast<double>(statistics.events));
  text += type_line("picket_commit_seconds", "summary");
  text += sample("picket_commit_seconds_sum", "", statistics.commit_seconds);
  text += sample("picket_commit_seconds_count", "", static_cast<double>(statistics.commits));
  text += type_line("picket_queue_depth", "gauge");
  text += sample("picket_queue_depth", "queue=\"deliveries\"",
                 collector != nullptr ? static_cast<double>(collector->counters().queue_depth) : 0);
  return text;
}

api::Ports make_ports(const ApiRooms& rooms) {
  api::Ports ports;
  ports.store = &rooms.store;
  // The slow worker is one thread, so one parser serves it.
  auto parser = std::make_shared<LiveParser>([&engine = rooms.engine] { return engine.catalog(); }, rooms.formats);
  ports.search = [&store = rooms.store, parser, &clock = rooms.clock](const api::SearchQuery& query) {
    return search_events(store, parser->get(), query, clock);
  };
  ports.fields = [&store = rooms.store, parser]() -> Result<Json> {
    storage::FieldSurvey survey;
    storage::SearchOptions options;
    options.limit = kEventsSurveyed;
    options.parse = [&parser](Batch& batch) { parser->get().parse(batch); };
    PICKET_TRY(const storage::Query all, storage::parse_query(""));
    PICKET_TRY_VOID(storage::search(store, all, options, [&](Batch& batch, const Event& event) {
      survey.add(batch, event);
      return true;
    }));
    return survey.json();
  };
  ports.parse = [parser](Batch& batch) { parser->get().parse(batch); };
  // Likewise of the slow worker alone.
  auto verifier = std::make_shared<Verifier>(
      rooms.store, VerifierContent{.catalog = [&engine = rooms.engine] { return engine.catalog(); },
                                   .taxonomy = rooms.taxonomy,
                                   .payloads = rooms.payloads,
                                   .live = [&engine = rooms.engine] { return engine.rules(); }});
  ports.verify = [&store = rooms.store, verifier](std::string_view id) -> Result<Json> {
    PICKET_TRY(const Alert alert, store.alert(id));
    return to_json(verifier->verify(alert));
  };
  ports.rule_source = [&engine = rooms.engine](std::string_view id) { return rule_source(*engine.rules(), id); };
  ports.rule_cost = [&engine = rooms.engine](std::string_view order, std::size_t limit) -> Result<Json> {
    const std::optional<CostOrder> known = cost_order(order);
    if (!known) return fail(Errc::kInvalid, "by is time, woken or matches");
    return rule_cost_json(*engine.rule_costs(), *known, limit);
  };
  ports.ledger = [&engine = rooms.engine] { return engine.ledger(); };
  ports.runs = [&responder = rooms.responder, &store = rooms.store](std::string_view id) {
    const Result<Incident> incident = store.incident(id);
    return responder.runs(incident ? response::run_owner(*incident) : std::string(id));
  };
  ports.run = [&responder = rooms.responder](std::string_view id) { return responder.run(id); };
  ports.command_step = [&responder = rooms.responder](const api::StepCommand& command) {
    return responder.order({.run = command.run,
                            .step = command.step,
                            .verb = verb_of(command.verb),
                            .user = command.actor,
                            .comment = command.comment});
  };
  ports.change_incident = [&engine = rooms.engine](const correlator::IncidentOrder& order) {
    return engine.change(order);
  };
  ports.start_backtest = [&desk = rooms.backtests](api::BacktestRequest request) {
    return desk.start(std::move(request));
  };
  ports.backtests = [&desk = rooms.backtests] { return desk.list(); };
  ports.backtest = [&desk = rooms.backtests](std::string_view id) { return desk.get(id); };
  ports.cancel_backtest = [&desk = rooms.backtests](std::string_view id) { return desk.cancel(id); };
  ports.try_rule = [&desk = rooms.tries](api::TryRequest request, api::TryAnswer answer) {
    desk.start(std::move(request), std::move(answer));
  };
  ports.sla = rooms.sla;
  ports.now = [&clock = rooms.clock] { return clock.now(); };
  ports.systems = &rooms.systems;
  ports.holds = [&holds = rooms.holds] {
    Json items = Json::array();
    for (const HoldRecord& hold : holds.all()) items.push_back(to_json(hold));
    return items;
  };
  const auto shown = [](const Result<HoldRecord>& hold) -> Result<Json> {
    if (!hold) return tl::unexpected(hold.error());
    return to_json(*hold);
  };
  ports.add_hold = [&holds = rooms.holds, shown](std::string_view actor, const Json& body) {
    return shown(holds.add(body, std::string(actor)));
  };
  ports.lift_hold = [&holds = rooms.holds, shown](std::string_view id, std::string_view actor, const Json& body) {
    return shown(holds.lift(id, body, std::string(actor)));
  };
  const auto told = [](const Result<PurgeRecord>& purge) -> Result<Json> {
    if (!purge) return tl::unexpected(purge.error());
    return to_json(*purge);
  };
  ports.purges = [&purges = rooms.purges] {
    Json items = Json::array();
    for (const PurgeRecord& purge : purges.all()) items.push_back(to_json(purge));
    return items;
  };
  ports.ask_purge = [&purges = rooms.purges, told](std::string_view actor, const Json& body) {
    return told(purges.ask(body, std::string(actor)));
  };
  ports.approve_purge = [&purges = rooms.purges, told](std::string_view id, std::string_view actor, const Json& body) {
    return told(purges.approve(id, body, std::string(actor)));
  };
  ports.reject_purge = [&purges = rooms.purges, told](std::string_view id, std::string_view actor, const Json& body) {
    return told(purges.reject(id, body, std::string(actor)));
  };
  ports.metrics = [&engine = rooms.engine, &collector = rooms.collector, &store = rooms.store,
                   &upkeep = rooms.upkeep, &holds = rooms.holds] {
    return metrics_text(engine.ledger(), engine.statistics(), *engine.rules(), collector.get()) +
           type_line("picket_rules_warming", "gauge") +
           sample("picket_rules_warming", "", static_cast<double>(engine.warming().rules.size())) +
           rule_cost_metrics(*engine.rule_costs()) + source_metrics(*engine.sources()) +
           required_metrics(engine.sources()->datasets) + chain_metrics(store.chain()) +
           packing_metrics(store.packing()) + upkeep_metrics(upkeep.status()) +
           type_line("picket_holds", "gauge") + sample("picket_holds", "", static_cast<double>(holds.in_force()));
  };
  ports.ready = [&engine = rooms.engine]() -> Result<void> {
    const EngineStatistics statistics = engine.statistics();
    if (statistics.failure) return fail(Errc::kIo, *statistics.failure);
    if (statistics.disk_full) return fail(Errc::kFull, "the disk is full");
    return {};
  };
  ports.status = [&engine = rooms.engine, &reloader = rooms.reloader, &collector = rooms.collector,
                  &store = rooms.store, &upkeep = rooms.upkeep, &holds = rooms.holds, &purges = rooms.purges] {
    Json rules = rules_json(*engine.rules(), reloader.status(), engine.warming());
    Json status = status_json(engine.statistics(), std::move(rules), collector.get());
    const std::shared_ptr<const SourceReport> sources = engine.sources();
    status["sources"] = sources_json(*sources);
    status["chain"] = chain_json(store.chain());
    status["packing"] = packing_json(store.packing());
    const UpkeepStatus kept = upkeep.status();
    status["disk"] = disk_json(kept);
    status["expired"] = expired_json(kept.expired);
    status["archive"] = archive_json(kept);
    status["holds"] = {{"in_force", holds.in_force()}, {"blocks_kept", kept.expired.held}};
    status["purges"] = {{"waiting", purges.waiting()}, {"records", kept.purged}};
    status["required_fields"] = required_json(sources->datasets);
    return status;
  };
  return ports;
}

}  // namespace picket::app
