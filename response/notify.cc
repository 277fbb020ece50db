#include "response/notify.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/check.h"
#include "base/file.h"

namespace picket::response {
namespace {

constexpr std::size_t kAnswerMax = 512;  // bytes of a peer's answer that we keep, to show people

struct CurlCloser {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using CurlPtr = std::unique_ptr<CURL, CurlCloser>;
struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using ListPtr = std::unique_ptr<curl_slist, ListCloser>;

void append(ListPtr& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  PICKET_CHECK(longer != nullptr);
  (void)list.release();
  list.reset(longer);
}

std::size_t keep_answer(char* bytes, std::size_t size, std::size_t count, void* answer) {
  auto& text = *static_cast<std::string*>(answer);
  const std::size_t room = kAnswerMax - std::min(kAnswerMax, text.size());
  text.append(bytes, std::min(room, size * count));
  return size * count;
}

std::size_t give_bytes(char* to, std::size_t size, std::size_t count, void* source) {
  auto& rest = *static_cast<std::string_view*>(source);
  const std::size_t given = std::min(size * count, rest.size());
  std::memcpy(to, rest.data(), given);
  rest.remove_prefix(given);
  return given;
}

// The last line of defence: whatever was resolved, this is the address that would be connected to.
curl_socket_t open_permitted(void* allow, curlsocktype, curl_sockaddr* address) {
  const auto ip = IpAddress::from(address->addr);
  if (!ip || !is_permitted(*ip, *static_cast<const std::vector<Cidr>*>(allow)))
    return CURL_SOCKET_BAD;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

CurlPtr new_handle(const NotifyOptions& options, std::array<char, CURL_ERROR_SIZE>& error) {
  static const CURLcode kStarted = curl_global_init(CURL_GLOBAL_DEFAULT);
  PICKET_CHECK(kStarted == CURLE_OK);
  CurlPtr curl(curl_easy_init());
  PICKET_CHECK(curl != nullptr);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT_MS, options.connect_timeout_ms);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, options.timeout_ms);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, error.data());
  return curl;
}

std::string reason(CURLcode code, const std::array<char, CURL_ERROR_SIZE>& error) {
  return error[0] != '\0' ? std::string(error.data()) : std::string(curl_easy_strerror(code));
}

// Did the request certainly not leave?
bool never_sent(CURLcode code) {
  return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT ||
         code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION;
}

Result<std::string> read_secret(const std::string& path) {
  PICKET_TRY(std::string secret, read_file(path, 4096));
  while (secret.ends_with('\n') || secret.ends_with('\r')) secret.pop_back();
  return secret;
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return text;
}

Outcome mail_outcome(CURL* curl, CURLcode code, const std::string& why, const std::string& to) {
  if (code == CURLE_OK) return {OutcomeKind::kDone, "accepted by the mail server for " + to};
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  const std::string answer = status > 0 ? " (SMTP " + std::to_string(status) + ")" : "";
  // A certificate that does not verify, or a login that is refused, may be mended while we wait.
  const bool permanent = status >= 500 && status != 530 && status != 535;
  return {permanent ? OutcomeKind::kFailed : OutcomeKind::kRetry,
          "mail to " + to + " not accepted: " + why + answer};
}

Outcome http_outcome(long status, const std::string& answer) {
  const std::string text = "HTTP " + std::to_string(status) +
                           (answer.empty() || status < 300 ? "" : ": " + one_line(answer));
  if (status >= 200 && status < 300) return {OutcomeKind::kDone, text};
  if (status >= 300 && status < 400)
    return {OutcomeKind::kFailed, text + " (redirects are not followed)"};
  const bool later = status >= 500 || status == 408 || status == 425 || status == 429;
  return {later ? OutcomeKind::kRetry : OutcomeKind::kFailed, text};
}

ListPtr headers_of(const HttpCall& call, const std::string& key) {
  ListPtr headers;
  for (const auto& [name, value] : call.headers) append(headers, name + ": " + value);
  append(headers, "Idempotency-Key: " + key);
  append(headers, "User-Agent: picket");
  append(headers, "Expect:");
  return headers;
}

void set_request(CURL* curl, const HttpCall& call, const Endpoint& endpoint,
                 const std::vector<Cidr>& allow) {
  curl_easy_setopt(curl, CURLOPT_URL, endpoint.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.data());
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_permitted);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, const_cast<std::vector<Cidr>*>(&allow));
}

}  // namespace

std::string signature(std::string_view secret, std::int64_t time_ns, std::string_view body) {
  const std::string seconds = std::to_string(time_ns / 1'000'000'000);
  const std::string text = seconds + "." + std::string(body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const unsigned char* done =
      HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  PICKET_CHECK(done != nullptr);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4U];
    hex += kDigits[digest[i] & 15U];
  }
  return "t=" + seconds + ",v1=" + hex;
}

Notifier::Notifier(NotifyOptions options, Resolve resolve)
    : options_(std::move(options)), resolve_(std::move(resolve)) {}

Outcome Notifier::record(const Mail& mail, const std::string& bytes) const {
  if (options_.record_folder.empty()) {
    return {OutcomeKind::kFailed,
            "no mail server is configured: set response.mail.url and response.mail.from"};
  }
  (void)::mkdir(options_.record_folder.c_str(), 0750);
  std::string name;
  for (const char c : mail.message_id.substr(0, mail.message_id.find('@'))) {
    const bool safe = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
    name += safe ? c : '_';
  }
  const auto written = write_file(options_.record_folder + "/" + name + ".eml", bytes, 0640);
  if (!written) return {OutcomeKind::kRetry, written.error().what};
  return {OutcomeKind::kDone,
          "no mail server is configured: written to " + name + ".eml for " + mail.to};
}

Outcome Notifier::send(const Mail& mail) const {
  const Result<std::string> bytes = to_mime(mail);
  if (!bytes) return {OutcomeKind::kFailed, bytes.error().what};
  const MailOptions& options = options_.mail;
  if (options.url.empty()) return record(mail, *bytes);
  std::array<char, CURL_ERROR_SIZE> error{};
  const CurlPtr curl = new_handle(options_, error);
  const std::string from = "<" + mail.from + ">";
  ListPtr recipients;
  append(recipients, "<" + mail.to + ">");
  std::string_view rest = *bytes;
  curl_easy_setopt(curl.get(), CURLOPT_URL, options.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl.get(), CURLOPT_USE_SSL,
                   options.tls == MailTls::kRequired ? CURLUSESSL_ALL : CURLUSESSL_NONE);
  if (!options.ca_file.empty())
    curl_easy_setopt(curl.get(), CURLOPT_CAINFO, options.ca_file.c_str());
  if (!options.user.empty()) {
    const auto password = read_secret(options.password_file);
    if (!password) return {OutcomeKind::kRetry, "mail password: " + password.error().what};
    curl_easy_setopt(curl.get(), CURLOPT_USERNAME, options.user.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_PASSWORD, password->c_str());
  }
  curl_easy_setopt(curl.get(), CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, give_bytes);
  curl_easy_setopt(curl.get(), CURLOPT_READDATA, &rest);
  curl_easy_setopt(curl.get(), CURLOPT_UPLOAD, 1L);
  const CURLcode code = curl_easy_perform(curl.get());
  return mail_outcome(curl.get(), code, reason(code, error), mail.to);
}

Outcome Notifier::call(const HttpCall& call, const std::string& key, std::int64_t time_ns) const {
  const Result<Endpoint> endpoint = check_url(call.url, options_.webhook_allow, resolve_);
  if (!endpoint) {
    const bool later = endpoint.error().code == Errc::kIo;
    return {later ? OutcomeKind::kRetry : OutcomeKind::kFailed, endpoint.error().what};
  }
  std::array<char, CURL_ERROR_SIZE> error{};
  std::string answer;
  const CurlPtr curl = new_handle(options_, error);
  ListPtr headers = headers_of(call, key);
  if (!call.secret_file.empty()) {
    const auto secret = read_secret(call.secret_file);
    if (!secret) return {OutcomeKind::kRetry, "webhook secret: " + secret.error().what};
    append(headers, "X-Picket-Signature: " + signature(*secret, time_ns, call.body));
  }
  ListPtr pinned;
  std::string addresses;
  for (const IpAddress& address : endpoint->addresses) {
    addresses += (addresses.empty() ? "" : ",") +
                 (address.is_v4() ? address.text() : "[" + address.text() + "]");
  }
  append(pinned, endpoint->host + ":" + endpoint->port + ":" + addresses);
  set_request(curl.get(), call, *endpoint, options_.webhook_allow);
  if (!IpAddress::parse(endpoint->host))
    curl_easy_setopt(curl.get(), CURLOPT_RESOLVE, pinned.get());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, keep_answer);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) {
    return {never_sent(code) ? OutcomeKind::kRetry : OutcomeKind::kUnknown,
            "webhook " + endpoint->host + ": " + reason(code, error)};
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  return http_outcome(status, answer);
}

}  // namespace picket::response
