#include "app/ask_server.h"

#include <curl/curl.h>

#include <memory>

#include "base/file.h"

namespace picket::app {
namespace {

std::size_t append(char* data, std::size_t size, std::size_t count, void* user) {
  constexpr std::size_t kAnswerMax = 4 * 1024 * 1024;
  auto* text = static_cast<std::string*>(user);
  if (text->size() + size * count > kAnswerMax) return 0;
  text->append(data, size * count);
  return size * count;
}

struct Asked {
  long status = 0;
  std::string body;
};

// GET, or POST where there is a body.
Result<Asked> request(const std::string& url, const std::string& token, const std::string* body) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  curl_slist* list = curl_slist_append(nullptr, ("Authorization: Bearer " + token).c_str());
  if (body != nullptr) list = curl_slist_append(list, "Content-Type: application/json");
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list,
                                                                            curl_slist_free_all);
  Asked asked;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, body != nullptr ? 10'000L : 5000L);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &asked.body);
  if (body != nullptr) {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body->size()));
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body->c_str());
  }
  const CURLcode done = curl_easy_perform(curl.get());
  if (done != CURLE_OK) return fail(Errc::kIo, url + ": " + curl_easy_strerror(done));
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &asked.status);
  return asked;
}

Result<Asked> ask(const std::string& folder, const std::string& path, const std::string* body) {
  const Result<std::string> server = read_file(folder + kServerFile, 4096);
  const Result<std::string> token = read_file(folder + "/admin-token", 4096);
  if (!server || !token)
    return fail(Errc::kNotFound, folder + ": no server has run here; start one with `picket run`");
  const Result<Json> where = parse_json(*server);
  if (!where) return fail(Errc::kInvalid, folder + kServerFile + ": " + where.error().what);
  const std::string url = where->value("api", std::string()) + path;
  Result<Asked> asked = request(url, token->substr(0, token->find('\n')), body);
  if (!asked) return fail(Errc::kIo, "the server cannot be reached: " + asked.error().what);
  if (asked->status == 200 || body != nullptr) return asked;
  return fail(Errc::kIo, "the server cannot be reached: " + url + ": the server answers " +
                             std::to_string(asked->status));
}

Result<Json> json_of(const Asked& asked) {
  Result<Json> json = parse_json(asked.body);
  if (!json) return fail(Errc::kInvalid, "the server's answer cannot be read");
  return json;
}

}  // namespace

Result<Json> ask_server(const std::string& folder, const std::string& path) {
  PICKET_TRY(const Asked asked, ask(folder, path, nullptr));
  return json_of(asked);
}

Result<Json> tell_server(const std::string& folder, const std::string& path, const Json& body) {
  const std::string text = dump_json(body);
  Result<Asked> asked = ask(folder, path, &text);
  if (!asked) return fail(Errc::kIo, asked.error().what);
  PICKET_TRY(Json json, json_of(*asked));
  if (asked->status == 200) return json;
  const bool refused = asked->status >= 400 && asked->status < 500;
  return fail(asked->status == 404 ? Errc::kNotFound : refused ? Errc::kInvalid : Errc::kIo,
              json.value("detail", std::string()));
}

}  // namespace picket::app
