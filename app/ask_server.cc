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

Result<std::string> get(const std::string& url, const std::string& token) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  curl_slist* list = curl_slist_append(nullptr, ("Authorization: Bearer " + token).c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list,
                                                                            curl_slist_free_all);
  std::string body;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, 5000L);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  const CURLcode done = curl_easy_perform(curl.get());
  if (done != CURLE_OK) return fail(Errc::kIo, url + ": " + curl_easy_strerror(done));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return fail(Errc::kIo, url + ": the server answers " + std::to_string(status));
  return body;
}

}  // namespace

Result<Json> ask_server(const std::string& folder, const std::string& path) {
  const Result<std::string> server = read_file(folder + kServerFile, 4096);
  const Result<std::string> token = read_file(folder + "/admin-token", 4096);
  if (!server || !token)
    return fail(Errc::kNotFound, folder + ": no server has run here; start one with `picket run`");
  const Result<Json> where = parse_json(*server);
  if (!where) return fail(Errc::kInvalid, folder + kServerFile + ": " + where.error().what);
  const Result<std::string> answer =
      get(where->value("api", std::string()) + path, token->substr(0, token->find('\n')));
  if (!answer) return fail(Errc::kIo, "the server cannot be reached: " + answer.error().what);
  Result<Json> json = parse_json(*answer);
  if (!json) return fail(Errc::kInvalid, "the server's answer cannot be read");
  return json;
}

}  // namespace picket::app
