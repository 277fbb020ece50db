// Access logs of Apache and nginx: the common and the combined format, also behind a virtual host.
// https://httpd.apache.org/docs/2.4/mod/mod_log_config.html, nginx ngx_http_log_module.
#include "base/time.h"
#include "parsers/content.h"
#include "parsers/formats/byte_set.h"
#include "parsers/put.h"
#include "parsers/timestamp.h"

namespace picket::parsers {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

// "10/Oct/2000:13:55:36 -0700"
std::optional<std::int64_t> access_time(std::string_view text, std::int32_t zone_offset_s) {
  if (text.size() < 20 || text[2] != '/' || text[6] != '/' || text[11] != ':' || text[14] != ':' ||
      text[17] != ':')
    return std::nullopt;
  for (const std::size_t at : {0u, 7u, 9u, 12u, 15u, 18u}) {
    if (!is_number(text.substr(at, 2))) return std::nullopt;
  }
  const auto time = to_nanos({.year = number(text.substr(7, 4)),
                              .month = month_number(text.substr(3, 3)),
                              .day = number(text.substr(0, 2)),
                              .hour = number(text.substr(12, 2)),
                              .minute = number(text.substr(15, 2)),
                              .second = number(text.substr(18, 2)),
                              .nanosecond = 0});
  if (!time) return std::nullopt;
  std::int64_t offset_s = zone_offset_s;
  const std::string_view zone = text.substr(20);
  if (zone.size() == 6 && is_number(zone.substr(2)) && (zone[1] == '+' || zone[1] == '-')) {
    offset_s = number(zone.substr(2, 2)) * 3600 + number(zone.substr(4, 2)) * 60;
    if (zone[1] == '-') offset_s = -offset_s;
  } else if (!zone.empty()) {
    return std::nullopt;
  }
  return *time - offset_s * kSecond;
}

// A text between quotes; servers escape quotes and control characters, so a backslash hides one.
bool read_quoted(Cursor& at, std::string_view& out) {
  static constexpr ByteSet kSpecial("\"\\");
  if (!at.skip("\"")) return false;
  for (std::size_t i = kSpecial.find(at.rest); i < at.rest.size();
       i = kSpecial.find(at.rest, i + 2)) {
    if (at.rest[i] == '\\') continue;  // with the byte behind it
    out = at.rest.substr(0, i);
    at.rest.remove_prefix(i + 1);
    return true;
  }
  return false;
}

void put_url(std::string_view url, Batch& batch) {
  put(batch, ecs::kUrlOriginal, url);
  std::string_view path = url;
  if (const std::size_t scheme = url.substr(0, 8).find("://"); scheme != std::string_view::npos) {
    const std::string_view rest = url.substr(scheme + 3);
    const std::size_t slash = rest.find('/');
    put(batch, ecs::kUrlDomain, rest.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
  }
  const std::size_t mark = path.find('?');
  put(batch, ecs::kUrlPath, path.substr(0, mark));
  if (mark != std::string_view::npos) put(batch, ecs::kUrlQuery, path.substr(mark + 1));
}

// "GET /path HTTP/1.1"; anything else that a client sent is only the original.
void put_request(std::string_view request, Batch& batch) {
  if (request == "-") return;
  const std::size_t first = request.find(' ');
  if (first == std::string_view::npos) {
    put(batch, ecs::kUrlOriginal, request);
    return;
  }
  std::string_view url = request.substr(first + 1);
  const std::size_t last = url.rfind(" HTTP/");
  if (last != std::string_view::npos) {
    put(batch, ecs::kHttpVersion, url.substr(last + 6));
    url = url.substr(0, last);
  }
  put(batch, ecs::kHttpRequestMethod, request.substr(0, first));
  put_url(url, batch);
}

// Everything up to the time: "[vhost[:port] ]ADDRESS IDENT USER ["; a user may hold spaces.
bool read_client(Cursor& at, Batch& batch) {
  std::string_view head;
  if (!at.until(" [", head)) return false;
  Cursor words{head};
  const std::string_view first = words.word();
  std::string_view address = first;
  const std::size_t spaces = words.rest.find(' ');
  if (first.empty() || spaces == std::string_view::npos) return false;
  if (!is_ip(first) && is_ip(words.rest.substr(0, spaces))) {
    put(batch, ecs::kUrlDomain, first.substr(0, first.find(':')));
    address = words.word();
  }
  (void)words.word();  // ident, which nobody fills
  const std::string_view user = words.rest;
  if (user.empty()) return false;
  put_source(batch, address, {});
  if (user != "-") put(batch, ecs::kUserName, user);
  return true;
}

// "ADDRESS IDENT USER [", none of them with a space in it.
bool skip_client(Cursor& at) {
  const std::string_view address = at.word();
  const std::string_view ident = at.word();
  const std::string_view user = at.word();
  return !ident.empty() && !user.empty() && is_ip(address) && at.skip("[");
}

// 'REFERRER" "AGENT"', the end.
bool skip_combined(Cursor& at) {
  std::string_view quoted;
  return read_quoted(at, quoted) && at.skip(" ") && read_quoted(at, quoted);
}

}  // namespace

bool is_plain_access(std::string_view line) {
  constexpr std::size_t kTimeSize = 26;                  // of access_time(), with a zone
  if (line.empty() || !is_digit(line[0])) return false;  // quicker to be seen
  Cursor at{line};
  if (!skip_client(at) || at.rest.size() < kTimeSize || at.rest[2] != '/') return false;
  at.rest.remove_prefix(kTimeSize);
  std::string_view request;
  if (!at.skip("] ") || !read_quoted(at, request) || !at.skip(" ")) return false;
  const std::string_view status = at.word();
  const std::string_view bytes = at.word();
  if (status.size() != 3 || !is_number(status) || (bytes != "-" && !is_number(bytes))) return false;
  return at.done() || (skip_combined(at) && at.done());
}

bool parse_access(std::string_view line, std::int32_t zone_offset_s, Batch& batch) {
  Cursor at{line};
  std::string_view time_text;
  if (!read_client(at, batch) || !at.until("] ", time_text)) return false;
  const auto time = access_time(time_text, zone_offset_s);
  std::string_view request;
  if (!time || !read_quoted(at, request) || !at.skip(" ")) return false;
  const std::string_view status = at.word();
  if (status.size() != 3 || !is_number(status)) return false;
  put_request(request, batch);
  put_number(batch, ecs::kHttpResponseStatus, status);
  put_number(batch, ecs::kHttpResponseBytes, at.word());
  std::string_view quoted;
  if (read_quoted(at, quoted) && quoted != "-") put(batch, ecs::kHttpRequestReferrer, quoted);
  at.spaces();
  if (read_quoted(at, quoted) && quoted != "-") put(batch, ecs::kUserAgentOriginal, quoted);
  put(batch, Deed{"", "web", "access", status[0] < '4' ? "success" : "failure"});
  batch.events().back().time_ns = *time;
  return true;
}

}  // namespace picket::parsers
