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
bool split_client(Cursor& at, std::string_view& host, AccessLine& out) {
  std::string_view head;
  if (!at.until(" [", head)) return false;
  Cursor words{head};
  const std::string_view first = words.word();
  out.address = first;
  const std::size_t spaces = words.rest.find(' ');
  if (first.empty() || spaces == std::string_view::npos) return false;
  if (!is_ip(first) && is_ip(words.rest.substr(0, spaces))) {
    host = first.substr(0, first.find(':'));
    out.address = words.word();
  }
  (void)words.word();  // ident, which nobody fills
  out.user = words.rest;
  return !out.user.empty();
}

// A line that begins and ends otherwise than the two formats do; of what stands behind the agent
// nothing is taken.
bool split_access(std::string_view line, std::string_view& host, AccessLine& out) {
  Cursor at{line};
  if (!split_client(at, host, out) || !at.until("] ", out.time)) return false;
  if (!read_quoted(at, out.request) || !at.skip(" ")) return false;
  out.status = at.word();
  out.bytes = at.word();
  out.referrer = out.agent = {};
  if (!read_quoted(at, out.referrer)) out.referrer = {};
  at.spaces();
  if (!read_quoted(at, out.agent)) out.agent = {};
  return out.status.size() == 3 && is_number(out.status);
}

// 'REFERRER" "AGENT"', the end.
bool split_combined(Cursor& at, AccessLine& out) {
  return read_quoted(at, out.referrer) && at.skip(" ") && read_quoted(at, out.agent) && at.done();
}

}  // namespace

bool split_plain_access(std::string_view line, AccessLine& out) {
  constexpr std::size_t kTimeSize = 26;                  // of access_time(), with a zone
  if (line.empty() || !is_digit(line[0])) return false;  // quicker to be seen
  Cursor at{line};
  out.address = at.word();
  const std::string_view ident = at.word();
  out.user = at.word();
  if (ident.empty() || out.user.empty() || !at.skip("[")) return false;
  if (at.rest.size() < kTimeSize || at.rest[2] != '/' || !is_ip(out.address)) return false;
  out.time = at.rest.substr(0, kTimeSize);
  at.rest.remove_prefix(kTimeSize);
  if (!at.skip("] ") || !read_quoted(at, out.request) || !at.skip(" ")) return false;
  out.status = at.word();
  out.bytes = at.word();
  if (out.status.size() != 3 || !is_number(out.status)) return false;
  if (out.bytes != "-" && !is_number(out.bytes)) return false;
  out.referrer = out.agent = {};
  return at.done() || split_combined(at, out);
}

bool parse_access(std::string_view line, std::int32_t zone_offset_s, Batch& batch,
                  const AccessLine* plain) {
  AccessLine parts;
  std::string_view host;
  bool plain_address = true;
  if (plain == nullptr && split_plain_access(line, parts)) {
    plain = &parts;
  } else if (plain == nullptr) {
    if (!split_access(line, host, parts)) return false;
    plain = &parts;
    plain_address = is_ip(parts.address);
  }
  const auto time = access_time(plain->time, zone_offset_s);
  if (!time) return false;
  put(batch, ecs::kUrlDomain, host);
  put(batch, ecs::kSourceAddress, plain->address);
  put(batch, plain_address ? ecs::kSourceIp : ecs::kSourceDomain, plain->address);
  if (plain->user != "-") put(batch, ecs::kUserName, plain->user);
  put_request(plain->request, batch);
  put_number(batch, ecs::kHttpResponseStatus, plain->status);
  put_number(batch, ecs::kHttpResponseBytes, plain->bytes);
  if (plain->referrer != "-") put(batch, ecs::kHttpRequestReferrer, plain->referrer);
  if (plain->agent != "-") put(batch, ecs::kUserAgentOriginal, plain->agent);
  put(batch, Deed{"", "web", "access", plain->status[0] < '4' ? "success" : "failure"});
  batch.events().back().time_ns = *time;
  return true;
}

}  // namespace picket::parsers
