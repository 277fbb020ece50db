// Seed: an incident across four layers with hostile values in it, for tests of the API and the
// console. Everything in it is our own.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "api/ports.h"
#include "tests/api/fake_store.h"

namespace picket::api {

struct Seed {
  FakeStore store;
  Ports ports;  // over the store and the members below
  std::map<std::string, RuleSource> rules;
  Json run;                           // of the incident: one step waits for approval
  std::vector<std::string> commands;  // what was asked of the run, "approve block"
  std::vector<std::string> searches;
  std::vector<correlator::IncidentOrder> orders;
  response::Systems systems;
  std::vector<BacktestRequest> backtests;  // that were started
  std::vector<TryRequest> tries;           // that were asked for

  Seed(const Seed&) = delete;
  Seed& operator=(const Seed&) = delete;
  Seed();

 private:
  struct FieldSeed {
    std::string name;
    std::string token;  // as in the record
    bool escaped = false;
  };
  struct EventSeed {
    std::string source;
    std::string dataset;
    Layer layer = Layer::kNone;
    std::string time;
    std::string raw;
    std::vector<FieldSeed> fields;
  };
  void add_rule(const std::string& id, const std::string& path, const std::string& text,
                std::vector<std::string> refers_to = {});
  EventRef add_event(EventSeed event);
  struct MatchSeed {
    EventRef event;
    std::string selection;
    int line = 0;
    std::string field;
    std::string rule_field;
    std::string value;
    std::string lit;  // the part of the value that matched; empty: no span
  };
  Alert& add_alert(const std::string& rule, AlertKind kind, Level level,
                   const std::vector<EventRef>& events, const std::vector<MatchSeed>& matches);
  void add_scan();
  void add_ssh();
  void add_account();
  void add_download();
  void add_incident();
  void add_noise_incident();
  void add_ledger();
  void fill_ports();
  void parse(Batch& batch);
  SearchPage search(const SearchQuery& query);

  std::map<std::pair<std::string, std::uint64_t>, EventSeed> events_;
};

}  // namespace picket::api
