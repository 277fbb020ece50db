// Router: the table of paths.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "api/resources.h"

namespace picket::api {

enum class Room : std::uint8_t { kDesk, kSlow };

struct Route {
  std::string_view method;
  std::string_view pattern;  // "/api/v1/incidents/{id}"
  Room room = Room::kDesk;
  bool open = false;  // without a token
  HttpResponse (*answer)(const Call& call) = nullptr;
  // Instead of `answer`: begins what is answered later. It changes nothing, so that no key makes it
  // idempotent.
  void (*begin)(const Call& call, const Reply& reply) = nullptr;
};

std::span<const Route> routes();

struct Routed {
  const Route* route = nullptr;         // nullptr: no such path, or not with this method
  std::vector<std::string_view> parts;  // into `path`
  std::string_view allow;               // the method that the path knows, when this one is wrong
};
Routed find_route(std::string_view method, std::string_view path);

}  // namespace picket::api
