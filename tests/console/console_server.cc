// Serves the console over a seeded incident, prints its address and waits for the end of its input.
// For tests/console/console_test.py, and for looking at the console while it is changed.
#include <cstdio>
#include <cstring>
#include <iostream>

#include "api/api.h"
#include "base/http_server.h"
#include "tests/api/seed.h"

namespace {

// A line on stdin makes something happen: "incident" raises a third one.
void obey(picket::api::Api& api, picket::api::Seed& seed, std::string_view line) {
  if (line != "incident") return;
  picket::Incident incident = seed.store.incident_list.back();
  incident.id = "11fe";
  incident.number = 3;
  api.publish(incident);
}

}  // namespace

int main(int argc, char** argv) {
  picket::RealClock clock;
  picket::api::Seed seed;
  if (argc > 1 && std::strcmp(argv[1], "--empty") == 0) {
    seed.store.incident_list.clear();
    seed.store.ledgers.clear();
  }
  const std::string token = picket::api::make_token();
  auto api = picket::api::Api::make({.admin_token = token, .hosts = {}}, seed.ports, clock);
  if (!api) return 1;
  auto server = picket::start_http_server({}, **api);
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().what.c_str());
    return 1;
  }
  std::printf("http://127.0.0.1:%u/#token=%s\n", static_cast<unsigned>((*server)->port()),
              token.c_str());
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) obey(**api, seed, line);
  (*server)->stop();
  return 0;
}
