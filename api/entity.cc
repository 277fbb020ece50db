#include "api/entity.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "base/time.h"
#include "correlator/entities.h"
#include "correlator/risk.h"
#include "event/incident.h"

namespace picket::api {
namespace {

constexpr std::size_t kAlertsShown = 100;
constexpr std::size_t kRulesShown = 20;
constexpr std::size_t kPeersShown = 30;
constexpr std::size_t kIncidentsShown = 20;
constexpr std::size_t kPage = 200;
constexpr Layer kLayers[] = {Layer::kNetwork, Layer::kServer, Layer::kApplication, Layer::kEndpoint};

struct Type {
  std::string_view name;
  std::optional<std::string> (*read)(std::string_view);
  std::vector<std::string_view> fields;  // of ECS, which hold it
};

const std::array<Type, 6>& types() {
  static const std::array<Type, 6> kTypes = {{
      {"user", correlator::user_entity, {"user.name", "user.target.name"}},
      {"host", correlator::host_entity, {"host.name"}},
      {"ip", correlator::ip_entity, {"source.ip", "destination.ip"}},
      {"hash", correlator::hash_entity, {"process.hash.sha256", "file.hash.sha256"}},
      {"domain", correlator::domain_entity, {"dns.question.name", "url.domain"}},
      {"process", correlator::process_entity, {"process.executable"}},
  }};
  return kTypes;
}

const Type* type_of(std::string_view name) {
  const auto found = std::find_if(types().begin(), types().end(), [&](const Type& type) { return type.name == name; });
  return found == types().end() ? nullptr : &*found;
}

Json to_json(const Entity& entity) { return {{"type", entity.type}, {"value", entity.value}}; }

// What the alerts of one rule, or in one layer, amount to.
struct Tally {
  std::size_t alerts = 0;
  std::uint64_t hits = 0;
  std::int64_t first_ns = INT64_MAX;
  std::int64_t last_ns = INT64_MIN;

  void add(const Alert& alert) {
    ++alerts;
    hits += alert.hit_count;
    first_ns = std::min(first_ns, alert.time_ns);
    last_ns = std::max({last_ns, alert.time_ns, alert.last_seen_ns});
  }
  Json json() const {
    Json json = {{"alerts", alerts}, {"hits", hits}};
    if (alerts > 0) json["first_seen"] = format_time(first_ns);
    if (alerts > 0) json["last_seen"] = format_time(last_ns);
    return json;
  }
};

struct RuleTally {
  RuleIdentity rule;
  Tally tally;
};

class EntityPage {
 public:
  explicit EntityPage(const Entity& entity) : entity_(entity) {}

  void add(const Alert& alert) {
    all_.add(alert);
    ++levels_[alert.rule.level];
    std::set<Layer> layers(alert.layers.begin(), alert.layers.end());
    layers.insert(alert.layer);
    for (const Layer layer : layers) layers_[layer].add(alert);
    RuleTally& rule = rules_[alert.rule.id];
    rule.rule = alert.rule;
    rule.tally.add(alert);
    for (const Entity& other : alert.entities) {
      if (!(other == entity_)) ++peers_[other];
    }
    tags_.insert(alert.tags.begin(), alert.tags.end());
    if (shown_.size() < kAlertsShown) shown_.push_back(summary(alert));
  }

  void add(const Incident& incident) {
    if (std::find(incident.entities.begin(), incident.entities.end(), entity_) == incident.entities.end()) return;
    if (!incident.merged_into.empty()) return;
    ++incidents_;
    if (!is_over(incident.status)) {
      ++open_;
      risk_ = std::max(risk_, incident.risk);
    }
    if (incidents_shown_.size() >= kIncidentsShown) return;
    incidents_shown_.push_back({{"id", incident.id},
                                {"number", incident.number},
                                {"status", incident_status_name(incident.status)},
                                {"level", level_name(incident.level)},
                                {"risk", incident.risk},
                                {"alert_count", incident.alert_count},
                                {"first_seen", format_time(incident.first_ns)},
                                {"last_seen", format_time(incident.last_ns)}});
  }

  Json json(bool alerts_cut, bool incidents_cut) && {
    Json json = {{"entity", to_json(entity_)}, {"query", events_query(entity_)}};
    json["risk"] = risk_;
    json["alerts"] = all_.json();
    json["alerts"]["cut"] = alerts_cut;
    json["alerts"]["levels"] = Json::object();
    for (const auto& [level, n] : levels_) json["alerts"]["levels"][std::string(level_name(level))] = n;
    json["layers"] = Json::object();
    for (const Layer layer : kLayers) json["layers"][std::string(layer_name(layer))] = layers_[layer].json();
    json["tactics"] = correlator::tactics_of({tags_.begin(), tags_.end()});
    json["rules"] = rules();
    json["incidents"] = {{"count", incidents_}, {"open", open_}, {"cut", incidents_cut}, {"items", std::move(incidents_shown_)}};
    json["seen_with"] = peers();
    json["items"] = std::move(shown_);
    return json;
  }

 private:
  static Json summary(const Alert& alert) {
    Json layers = Json::array();
    for (const Layer layer : alert.layers) layers.push_back(layer_name(layer));
    return {{"id", alert.id},
            {"@timestamp", format_time(alert.time_ns)},
            {"last_seen", format_time(std::max(alert.time_ns, alert.last_seen_ns))},
            {"level", level_name(alert.rule.level)},
            {"rule", {{"id", alert.rule.id}, {"name", alert.rule.name}}},
            {"layer", layer_name(alert.layer)},
            {"layers", std::move(layers)},
            {"system", alert.system},
            {"hits", alert.hit_count}};
  }

  // The worst first, of one level those with the most alerts.
  Json rules() const {
    std::vector<const RuleTally*> order;
    for (const auto& [id, rule] : rules_) order.push_back(&rule);
    std::stable_sort(order.begin(), order.end(), [](const RuleTally* a, const RuleTally* b) {
      return std::tuple(b->rule.level, b->tally.alerts) < std::tuple(a->rule.level, a->tally.alerts);
    });
    Json list = Json::array();
    for (const RuleTally* rule : order) {
      if (list.size() >= kRulesShown) break;
      Json json = rule->tally.json();
      json["id"] = rule->rule.id;
      json["name"] = rule->rule.name;
      json["level"] = level_name(rule->rule.level);
      list.push_back(std::move(json));
    }
    return list;
  }

  Json peers() const {
    std::vector<std::pair<std::size_t, const Entity*>> order;
    for (const auto& [entity, n] : peers_) order.emplace_back(n, &entity);
    std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    Json list = Json::array();
    for (const auto& [n, entity] : order) {
      if (list.size() >= kPeersShown) break;
      list.push_back({{"type", entity->type}, {"value", entity->value}, {"alerts", n}});
    }
    return list;
  }

  const Entity& entity_;
  Tally all_;
  std::map<Level, std::size_t, std::greater<>> levels_;
  std::map<Layer, Tally> layers_;
  std::map<std::string, RuleTally> rules_;
  std::map<Entity, std::size_t> peers_;
  std::set<std::string> tags_;
  Json shown_ = Json::array();
  std::size_t incidents_ = 0;
  std::size_t open_ = 0;
  std::uint32_t risk_ = 0;
  Json incidents_shown_ = Json::array();
};

// Newest first, at most kEntityIncidentsMax. True: there are more.
template <class F>
Result<bool> for_each_incident(const storage::Store& store, F take) {
  std::string cursor;
  std::size_t seen = 0;
  do {
    PICKET_TRY(const std::vector<Incident> page, store.incidents(kPage, cursor));
    for (const Incident& incident : page) take(incident);
    seen += page.size();
  } while (!cursor.empty() && seen < kEntityIncidentsMax);
  return !cursor.empty();
}

}  // namespace

Result<Entity> entity_of(std::string_view type, std::string_view value) {
  const Type* const found = type_of(type);
  if (found == nullptr) return fail(Errc::kInvalid, "an entity is a user, host, ip, hash, domain or process");
  const std::optional<std::string> read = found->read(value);
  if (!read) return fail(Errc::kInvalid, "this value names no entity");
  return Entity{std::string(type), *read};
}

std::string events_query(const Entity& entity) {
  const Type* const type = type_of(entity.type);
  if (type == nullptr) return {};
  std::string value = "\"";
  for (const char c : entity.value) {
    if (c == '"' || c == '\\') value += '\\';
    value += c;
  }
  value += '"';
  std::string query;
  for (const std::string_view field : type->fields) {
    query += (query.empty() ? "" : " or ") + std::string(field) + ':' + value;
  }
  return query;
}

Result<Json> entity_page(const storage::Store& store, const Entity& entity) {
  EntityPage page(entity);
  const storage::AlertFilter filter = {.rule_id = "", .incident_id = "", .entity = entity};
  std::string cursor;
  std::size_t seen = 0;
  do {
    PICKET_TRY(const std::vector<Alert> alerts, store.alerts(filter, kPage, cursor));
    for (const Alert& alert : alerts) page.add(alert);
    seen += alerts.size();
  } while (!cursor.empty() && seen < kEntityAlertsMax);
  PICKET_TRY(const bool cut, for_each_incident(store, [&](const Incident& incident) { page.add(incident); }));
  return std::move(page).json(!cursor.empty(), cut);
}

Result<Json> entities_at_risk(const storage::Store& store, std::size_t limit) {
  struct Standing {
    std::uint32_t risk = 0;
    std::size_t incidents = 0;
    std::int64_t last_ns = INT64_MIN;
  };
  std::map<Entity, Standing> standings;
  const auto add = [&](const Incident& incident) {
    if (is_over(incident.status)) return;
    for (const Entity& entity : incident.entities) {
      Standing& standing = standings[entity];
      standing.risk = std::max(standing.risk, incident.risk);
      ++standing.incidents;
      standing.last_ns = std::max(standing.last_ns, incident.last_ns);
    }
  };
  PICKET_TRY(const bool cut, for_each_incident(store, add));
  std::vector<std::pair<Entity, Standing>> order(standings.begin(), standings.end());
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::tuple(b.second.risk, b.second.incidents, b.second.last_ns) <
           std::tuple(a.second.risk, a.second.incidents, a.second.last_ns);
  });
  Json json = {{"items", Json::array()}, {"cut", cut || order.size() > limit}};
  for (const auto& [entity, standing] : order) {
    if (json["items"].size() >= limit) break;
    json["items"].push_back({{"type", entity.type},
                             {"value", entity.value},
                             {"risk", standing.risk},
                             {"open_incidents", standing.incidents},
                             {"last_seen", format_time(standing.last_ns)}});
  }
  return json;
}

}  // namespace picket::api
