#include "app/server.h"

#include <filesystem>

#include "api/api.h"
#include "app/api_ports.h"
#include "app/backtest_desk.h"
#include "app/expiry_archive.h"
#include "app/health_record.h"
#include "app/live_parser.h"
#include "app/open_store.h"
#include "app/source_formats.h"
#include "app/terminal.h"
#include "app/try_desk.h"
#include "app/upkeep.h"
#include "app/words.h"
#include "base/file.h"
#include "base/http_server.h"
#include "collector/collector.h"
#include "response/responder.h"
#include "response/store_journal.h"
#include "response/way_out.h"

namespace picket::app {
namespace {

constexpr std::size_t kQueueDeliveries = 64;
constexpr const char* kTokenFile = "admin-token";
constexpr const char* kSecretFile = "secret";

// Reads a secret of this installation, made at the first start; readable by its owner alone.
Result<std::string> keep_secret(const std::string& path) {
  Result<std::string> text = read_file(path, 4096);
  if (text) {
    while (text->ends_with('\n')) text->pop_back();
    return text;
  }
  if (text.error().code != Errc::kNotFound) return text;
  std::string token = api::make_token();
  PICKET_TRY_VOID(write_file(path, token + "\n", 0600));
  return token;
}

void tell_chain_problems(const storage::ChainStatus& chain) {
  if (chain.head_ahead > 0) tell(say("notice.head_ahead", {{"head", chain.head_ahead}, {"link", chain.links}}));
}

// What every listening door has.
template <class Door>
void listen_at(Door& door, const SourceConfig& source, SourceId id) {
  door.name = source.name;
  door.address = source.address;
  door.port = source.port;
  door.source = id;
}

}  // namespace

struct Server::Rooms {
  Rooms(Config config_in, ContentPaths content_in, Clock& clock_in)
      : config(std::move(config_in)), content(std::move(content_in)), clock(clock_in), queue(kQueueDeliveries) {}

  // First every room is made. Then their threads start, from the last one that data reaches to the
  // first, so that nobody finds a room that is not there yet. The doors stop first, the console last.
  Result<void> load();
  DetectionOptions detection_options() const;
  Result<Detection> load_again(std::vector<KindId> kinds);  // the reloader's thread
  Result<void> open_store();
  Result<void> make_response();
  std::unique_ptr<ExpiryArchive> make_expiry_archive();
  std::vector<std::string> make_upkeep();
  void make_engine();
  Result<void> add_source(EngineSource source);
  Result<void> make_api();
  Result<void> start_response();
  Result<void> open_doors();
  Result<void> open_console();
  void close();

  Config config;
  ContentPaths content;
  Clock& clock;
  Detection detection;  // until there is an engine
  std::shared_ptr<const rules::Taxonomy> taxonomy;
  std::unique_ptr<storage::Store> store;
  std::unique_ptr<Holds> holds;
  std::unique_ptr<Purges> purges;
  std::unique_ptr<Upkeep> upkeep;
  std::string token;
  std::string secret;
  std::vector<EngineSource> sources;  // by id
  response::Library library;
  std::unique_ptr<response::StoreJournal> journal;
  std::unique_ptr<response::Hands> hands;
  std::unique_ptr<response::Responder> responder;
  collector::DeliveryQueue queue;
  Wakeup wakeup;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Reloader> reloader;
  std::unique_ptr<BacktestDesk> backtests;
  std::unique_ptr<TryDesk> tries;
  std::unique_ptr<api::Api> api;
  std::unique_ptr<HttpServer> http;
  std::unique_ptr<collector::Collector> collector;
  bool closed = false;
};

Result<void> Server::Rooms::open_store() {
  std::error_code error;
  std::filesystem::create_directories(config.data, error);
  if (error) return fail(Errc::kIo, config.data + ": cannot make the data folder: " + error.message());
  storage::StoreOptions options;
  options.path = config.data + "/store";
  options.sync = config.sync;
  options.reserve_bytes = config.reserve_bytes;
  options.key_file = config.data + kIntegrityKeyFile;
  options.head_file = config.head_file;
  PICKET_TRY(store, storage::Store::open(options));
  tell_chain_problems(store->chain());
  PICKET_TRY(token, keep_secret(config.data + "/" + kTokenFile));
  PICKET_TRY(secret, keep_secret(config.data + "/" + kSecretFile));
  for (const SourceConfig& source : config.sources) {
    PICKET_TRY_VOID(add_source({source.name, source.system, config.format_of(source.name), config.watch_sources}));
  }
  if (config.watch_sources) {
    PICKET_TRY_VOID(add_source({std::string(kHealthSource), "", config.format_of(kHealthSource), false}));
  }
  // Sources of earlier configurations: their events are still there to be searched.
  const std::vector<std::string> names = store->source_names();
  sources.resize(std::max(sources.size(), names.size()));
  for (std::size_t i = 0; i < names.size(); ++i) {
    sources[i].name = names[i];
    sources[i].format = config.format_of(names[i]);
  }
  return {};
}

Result<void> Server::Rooms::add_source(EngineSource source) {
  PICKET_TRY(const SourceId id, store->source_id(source.name));
  const Result<void> kept = keep_source_format(*store, source.name, source.format);
  // On a full disk the server waits for space, and searches meanwhile.
  if (!kept && kept.error().code != Errc::kFull) return kept;
  sources.resize(std::max(sources.size(), static_cast<std::size_t>(id) + 1));
  sources[static_cast<std::size_t>(id)] = std::move(source);
  return {};
}

Result<void> Server::Rooms::load() {
  PICKET_TRY(detection, load_detection(content, detection_options()));
  tell_cache_problems(detection);
  tell_geoip_problems(*detection.catalog);
  std::string errors;
  for (const std::string& error : detection.errors) errors += error + "\n";
  if (!errors.empty()) return fail(Errc::kInvalid, errors);
  return {};
}

DetectionOptions Server::Rooms::detection_options() const {
  return {.rules = config.rules,
          .definitions = config.definitions,
          .geoip = config.geoip,
          .indicators = config.indicators,
          .keep_texts = true,
          .payloads = config.payloads,
          .cache = config.rule_cache(),
          .routes = Routes::kAhead};
}

Result<Detection> Server::Rooms::load_again(std::vector<KindId> kinds) {
  DetectionOptions options = detection_options();
  options.kinds = std::move(kinds);
  if (!config.path.empty()) {
    std::vector<std::string> errors;
    const Result<Config> again = load_config(config.path, errors);
    std::string text;
    for (const std::string& error : errors) text += error + "\n";
    if (!again) return fail(again.error().code, text.empty() ? again.error().what : text);
    options.rules = again->rules;
    options.definitions = again->definitions;
    options.geoip = again->geoip;
    options.indicators = again->indicators;
    options.payloads = again->payloads;
  }
  return load_detection(content, options);
}

Result<void> Server::Rooms::make_response() {
  std::vector<Problem> problems;
  library.options = config.response;
  library.options.link_base = config.link_base;
  if (!config.systems.empty()) {
    PICKET_TRY(library.systems, response::load_systems(config.systems, problems));
  }
  if (!config.playbooks.empty()) {
    PICKET_TRY(library.playbooks, response::load_playbooks(config.playbooks, problems));
  }
  PICKET_TRY(library.messages, response::load_messages(content.messages(), problems));
  std::string text;
  for (const Problem& problem : problems) text += problem.text() + "\n";
  for (const std::string& problem : make_upkeep()) text += problem + "\n";
  if (!text.empty()) return fail(Errc::kInvalid, text);
  journal = std::make_unique<response::StoreJournal>(*store);
  hands = std::make_unique<response::WayOut>(library.options);
  responder = std::make_unique<response::Responder>(library, *journal, *hands, clock,
                                                    [this](const Json& run) { api->publish_run(run); });
  return {};
}

// Its parser is made on the thread of upkeep, which starts behind the engine.
std::unique_ptr<ExpiryArchive> Server::Rooms::make_expiry_archive() {
  std::vector<parsers::SourceFormat> formats;
  for (const EngineSource& source : sources) formats.push_back(source.format);
  auto parser = std::make_shared<LiveParser>([this] { return engine->catalog(); }, std::move(formats));
  return std::make_unique<ExpiryArchive>(
      *store, config.retention.archive, [parser](Batch& batch) { parser->get().parse(batch); }, clock);
}

// Answers what is wrong with the times for which sources are kept, or with holds and purges.
std::vector<std::string> Server::Rooms::make_upkeep() {
  std::vector<RetainedSource> retained;
  for (const EngineSource& source : sources) retained.push_back({source.name, source.system});
  std::vector<std::string> problems;
  Retention retention(config.retention, retained, library.systems, problems);
  Result<std::unique_ptr<Holds>> read = Holds::open(*store, retained, library.systems, clock);
  if (!read) {
    problems.push_back(read.error().what);
    return problems;
  }
  holds = *std::move(read);
  Result<std::unique_ptr<Purges>> asked = Purges::open(*store, *holds, config.approvers, clock);
  if (!asked) {
    problems.push_back(asked.error().what);
    return problems;
  }
  purges = *std::move(asked);
  upkeep = std::make_unique<Upkeep>(
      *store, std::move(retention), [this] { return holds->now(); }, config.data, config.reserve_bytes, clock);
  upkeep->purge_with(*purges);
  if (!config.retention.archive.empty()) upkeep->archive_to(make_expiry_archive());
  return problems;
}

Result<void> Server::Rooms::start_response() {
  std::string cursor;
  constexpr std::size_t kRecentIncidents = 1000;
  PICKET_TRY(const std::vector<Incident> recent, store->incidents(kRecentIncidents, cursor));
  return responder->start(recent);
}

void Server::Rooms::make_engine() {
  EngineOptions options;
  options.sources = sources;
  options.lateness_ns = config.lateness_ns;
  options.correlation_threads = config.correlation_threads;
  options.clock_skew_max = Nanos(config.clock_skew_ns);
  options.secret = secret;
  options.lanes = config.lanes;
  options.systems = &library.systems;
  EngineListener listener;
  listener.alert = [this](const Alert& alert) { api->publish(alert); };
  listener.incident = [this](const Incident& incident) {
    api->publish(incident);
    // A full queue means that a thousand incidents wait: this one is found again at the next start.
    if (!responder->offer(incident)) tell(say("notice.response_behind"));
  };
  taxonomy = detection.taxonomy;
  const Detection first = std::exchange(detection, {});  // the engine's and the reloader's from here on
  engine = std::make_unique<Engine>(std::move(options), first, *store, queue, wakeup, clock, std::move(listener));
  reloader = std::make_unique<Reloader>([this](std::vector<KindId> kinds) { return load_again(std::move(kinds)); },
                                        first, config.rule_cache(), *engine, clock);
}

Result<void> Server::Rooms::make_api() {
  std::vector<parsers::SourceFormat> formats;
  for (const EngineSource& source : sources) formats.push_back(source.format);
  api::ApiOptions options;
  options.admin_token = token;
  options.hosts = {config.api_address};
  options.open_metrics = config.api_address.starts_with("127.") || config.api_address == "::1";
  const auto live = [this] {
    Detection detection_now;
    detection_now.rules = engine->rules();
    detection_now.catalog = engine->catalog();
    detection_now.taxonomy = taxonomy;
    return detection_now;
  };
  backtests = std::make_unique<BacktestDesk>(
      BacktestRooms{*store, config, content, library.systems, clock, formats, live});
  tries = std::make_unique<TryDesk>(TryRooms{*store, clock, formats, live});
  const ApiRooms rooms{*store, *engine, *reloader, *responder, taxonomy, config.payloads,
                       formats, clock, library.systems, config.sla, collector, *backtests, *tries, *upkeep, *holds, *purges};
  PICKET_TRY(api, api::Api::make(options, make_ports(rooms), clock));
  return {};
}

Result<void> Server::Rooms::open_console() {
  HttpServerOptions http_options;
  http_options.address = config.api_address;
  http_options.port = config.api_port;
  PICKET_TRY(http, start_http_server(http_options, *api));
  return {};
}

Result<void> Server::Rooms::open_doors() {
  collector::CollectorConfig doors;
  doors.frame_bytes_max = config.frame_bytes_max;
  doors.offsets = store->offsets();
  for (const SourceConfig& source : config.sources) {
    PICKET_TRY(const SourceId id, store->source_id(source.name));
    switch (source.door) {
      case DoorType::kSyslogUdp: listen_at(doors.syslog_udp.emplace_back(), source, id); break;
      case DoorType::kSyslogTcp: listen_at(doors.syslog_tcp.emplace_back(), source, id); break;
      case DoorType::kGelfUdp:
        listen_at(doors.syslog_udp.emplace_back(), source, id);
        doors.syslog_udp.back().gelf = true;
        break;
      case DoorType::kGelfTcp:
        listen_at(doors.syslog_tcp.emplace_back(), source, id);
        doors.syslog_tcp.back().gelf = true;
        break;
      case DoorType::kFile: {
        collector::FileConfig& door = doors.files.emplace_back();
        door.name = source.name;
        door.path = source.path;
        door.multiline = source.multiline;
        door.json = source.format == "auto" || source.format == "json";
        door.first_line_heads = source.format == "csv";
        door.source = id;
        break;
      }
      case DoorType::kHttp: {
        collector::HttpIngestConfig& door = doors.http_ingest.emplace_back();
        listen_at(door, source, id);
        door.resolve_source = [this](std::string_view name) -> std::optional<SourceId> {
          if (name == kHealthSource) return std::nullopt;  // nobody else speaks in our name
          for (std::size_t i = 0; i < sources.size(); ++i) {
            if (sources[i].name == name) return SourceId{static_cast<std::uint32_t>(i)};
          }
          return std::nullopt;
        };
        door.first_line_heads = [this](SourceId of) {
          const auto at = static_cast<std::size_t>(of);
          return at < sources.size() && sources[at].format.format == "csv";
        };
        if (!source.token_file.empty()) {
          PICKET_TRY(door.bearer_token, read_file(source.token_file, 4096));
          while (door.bearer_token.ends_with('\n')) door.bearer_token.pop_back();
        }
        break;
      }
    }
  }
  PICKET_TRY(collector, collector::Collector::start(std::move(doors), queue, wakeup, clock));
  return {};
}

void Server::Rooms::close() {
  if (std::exchange(closed, true)) return;
  if (collector) collector->stop();  // what was read is handed over, and the engine still takes it
  if (reloader) reloader->stop();
  if (upkeep) upkeep->stop();
  if (engine) engine->stop();
  if (responder) responder->stop();
  if (tries) tries->stop();  // what it answers still goes out
  if (http) http->stop();
  http.reset();
  api.reset();  // its workers ask all the rooms above
  if (backtests) backtests->stop();
}

Server::Server(std::unique_ptr<Rooms> rooms) : rooms_(std::move(rooms)) {}

Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::start(Config config, ContentPaths content, Clock& clock) {
  auto rooms = std::make_unique<Rooms>(std::move(config), std::move(content), clock);
  std::unique_ptr<Server> server(new Server(std::move(rooms)));
  Rooms& r = *server->rooms_;
  PICKET_TRY_VOID(r.load());
  PICKET_TRY_VOID(r.open_store());
  PICKET_TRY_VOID(r.make_response());
  r.make_engine();
  PICKET_TRY_VOID(r.make_api());
  PICKET_TRY_VOID(r.start_response());
  r.engine->start();
  r.reloader->start();
  r.upkeep->start();
  PICKET_TRY_VOID(r.open_doors());
  PICKET_TRY_VOID(r.open_console());  // last: whoever can ask finds everything running
  return server;
}

// A failed write is final, and the engine meets it too and says so.
void Server::tick() {
  (void)rooms_->store->seal_chain();
}

void Server::reload() { rooms_->reloader->request(); }

ReloadStatus Server::reload_status() const { return rooms_->reloader->status(); }

void Server::stop() { rooms_->close(); }

std::uint16_t Server::api_port() const { return rooms_->http->port(); }

std::uint16_t Server::door_port(std::string_view source) const { return rooms_->collector->port(source); }

const std::string& Server::admin_token() const { return rooms_->token; }

const storage::Store& Server::store() const { return *rooms_->store; }

EngineStatistics Server::statistics() const { return rooms_->engine->statistics(); }

}  // namespace picket::app
