// Server: the whole house under one roof, for `run` and `demo`: doors in, engine, store, responder,
// API and console. Starts downstream first and stops upstream first.
//
// The object belongs to one thread, which start()s it, wait()s, and destroys it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/detection.h"
#include "app/engine.h"
#include "app/reloader.h"
#include "base/result.h"
#include "base/world.h"
#include "storage/store.h"

namespace picket::app {

class Server {
 public:
  // Every error that can be found before the doors open is found, and told in one text.
  static Result<std::unique_ptr<Server>> start(Config config, ContentPaths content, Clock& clock);
  ~Server();  // drains and stops

  // Asks for rules and configuration to be read again, and returns at once. What comes of it is told on
  // standard error and in reload_status(); what is wrong leaves everything as it is.
  void reload();
  ReloadStatus reload_status() const;
  // What is due by the clock and by nothing that comes in; every second or so.
  void tick();
  void stop();

  std::uint16_t api_port() const;
  std::uint16_t door_port(std::string_view source) const;  // 0 if there is no such door
  const std::string& admin_token() const;
  const storage::Store& store() const;
  EngineStatistics statistics() const;

 private:
  struct Rooms;
  explicit Server(std::unique_ptr<Rooms> rooms);
  std::unique_ptr<Rooms> rooms_;
};

}  // namespace picket::app
