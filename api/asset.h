// Assets: the console's files, compressed, inside the binary. Made by embed.cmake. Any thread.
#pragma once

#include <span>
#include <string_view>

#include "base/http_server.h"

namespace picket::api {

struct Asset {
  std::string_view path;  // "/console.css"
  std::string_view type;
  std::string_view gzip;  // the file, compressed
};

std::span<const Asset> assets();
const Asset* find_asset(std::string_view path);  // "/" is index.html

// The file, compressed if the client takes gzip, else as it is; 304 when the client has it.
HttpResponse asset_answer(const HttpRequest& request, const Asset& asset);

std::string inflate_asset(const Asset& asset);

}  // namespace picket::api
