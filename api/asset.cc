#include "api/asset.h"

#include <zlib.h>

#include <array>
#include <string>

#include "api/answer.h"
#include "base/check.h"
#include "base/hash.h"

namespace picket::api {

const Asset* find_asset(std::string_view path) {
  if (path == "/") path = "/index.html";
  for (const Asset& asset : assets()) {
    if (asset.path == path) return &asset;
  }
  return nullptr;
}

std::string inflate_asset(const Asset& asset) {
  z_stream stream{};
  PICKET_CHECK(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK);  // 16: gzip
  std::string input(asset.gzip);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  std::string text;
  std::array<char, 16384> chunk{};
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = chunk.size();
    state = inflate(&stream, Z_NO_FLUSH);
    text.append(chunk.data(), chunk.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  PICKET_CHECK(state == Z_STREAM_END);  // we made it
  return text;
}

HttpResponse asset_answer(const HttpRequest& request, const Asset& asset) {
  HttpResponse response;
  response.content_type = asset.type;
  // Browsers keep the file and ask each time whether it is still the one: an upgrade shows at once.
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("Vary", "Accept-Encoding");
  const bool gzip = header(request, "accept-encoding").find("gzip") != std::string_view::npos;
  const std::string etag = '"' + hash128_hex(asset.gzip) + (gzip ? "-gz\"" : "\"");
  response.headers.emplace_back("ETag", etag);
  if (etag_listed(header(request, "if-none-match"), etag)) {
    response.status = 304;
    return response;
  }
  if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = gzip ? std::string(asset.gzip) : inflate_asset(asset);
  return response;
}

}  // namespace picket::api
