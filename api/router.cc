#include "api/router.h"

#include <optional>

namespace picket::api {
namespace {

constexpr Route kRoutes[] = {
    {"GET", "/readyz", Room::kDesk, true, get_ready},
    {"GET", "/metrics", Room::kDesk, false, get_metrics},
    {"GET", "/api/v1/incidents", Room::kDesk, false, list_incidents},
    {"GET", "/api/v1/incidents/{id}", Room::kDesk, false, get_incident},
    {"PATCH", "/api/v1/incidents/{id}", Room::kDesk, false, patch_incident},
    {"POST", "/api/v1/incidents/{id}/{verb}", Room::kDesk, false, change_incident},
    {"GET", "/api/v1/alerts", Room::kDesk, false, list_alerts},
    {"GET", "/api/v1/alerts/{id}", Room::kDesk, false, get_alert},
    {"GET", "/api/v1/alerts/{id}/proof", Room::kSlow, false, get_proof},
    {"GET", "/api/v1/alerts/{id}/verify", Room::kSlow, false, get_verification},
    {"GET", "/api/v1/entities", Room::kSlow, false, list_entities},
    {"GET", "/api/v1/entities/{type}", Room::kSlow, false, get_entity},
    {"GET", "/api/v1/events", Room::kSlow, false, search_events},
    {"GET", "/api/v1/events/fields", Room::kSlow, false, list_event_fields},
    {"GET", "/api/v1/ledger", Room::kDesk, false, get_ledger},
    {"GET", "/api/v1/rules/{id}/source", Room::kDesk, false, get_rule_source},
    {"GET", "/api/v1/rules/cost", Room::kDesk, false, get_rule_cost},
    {"POST", "/api/v1/rules/try", Room::kDesk, false, nullptr, begin_try},
    {"GET", "/api/v1/backtests", Room::kDesk, false, list_backtests},
    {"POST", "/api/v1/backtests", Room::kDesk, false, start_backtest},
    {"GET", "/api/v1/backtests/{id}", Room::kDesk, false, get_backtest},
    {"DELETE", "/api/v1/backtests/{id}", Room::kDesk, false, cancel_backtest},
    {"GET", "/api/v1/runs", Room::kDesk, false, list_runs},
    {"GET", "/api/v1/runs/{id}", Room::kDesk, false, get_run},
    {"POST", "/api/v1/runs/{id}/steps/{step}/{verb}", Room::kDesk, false, command_step},
    {"GET", "/api/v1/systems", Room::kDesk, false, list_systems},
    {"GET", "/api/v1/systems/{name}", Room::kDesk, false, get_system},
    {"GET", "/api/v1/holds", Room::kDesk, false, list_holds},
    {"POST", "/api/v1/holds", Room::kDesk, false, add_hold},
    {"POST", "/api/v1/holds/{id}/lift", Room::kDesk, false, lift_hold},
    {"GET", "/api/v1/purges", Room::kDesk, false, list_purges},
    {"POST", "/api/v1/purges", Room::kDesk, false, ask_purge},
    {"POST", "/api/v1/purges/{id}/approve", Room::kDesk, false, approve_purge},
    {"POST", "/api/v1/purges/{id}/reject", Room::kDesk, false, reject_purge},
    {"GET", "/api/v1/status", Room::kDesk, false, get_status},
};

std::string_view take_part(std::string_view& path) {
  const std::size_t slash = path.find('/');
  const std::string_view part = path.substr(0, slash);
  path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  return part;
}

std::optional<std::vector<std::string_view>> match(std::string_view pattern,
                                                   std::string_view path) {
  if (!path.starts_with('/') || path.ends_with('/')) return std::nullopt;
  pattern.remove_prefix(1);
  path.remove_prefix(1);
  std::vector<std::string_view> parts;
  while (!pattern.empty() && !path.empty()) {
    const std::string_view want = take_part(pattern);
    const std::string_view have = take_part(path);
    if (have.empty()) return std::nullopt;
    if (want.starts_with('{')) {
      parts.push_back(have);
    } else if (want != have) {
      return std::nullopt;
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return parts;
}

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

Routed find_route(std::string_view method, std::string_view path) {
  Routed routed;
  for (const Route& route : kRoutes) {
    auto parts = match(route.pattern, path);
    if (!parts) continue;
    routed.allow = route.method;
    if (route.method != method) continue;
    routed.route = &route;
    routed.parts = *std::move(parts);
    return routed;
  }
  return routed;
}

}  // namespace picket::api
