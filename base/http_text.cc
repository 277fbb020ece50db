#include "base/http_text.h"

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <utility>

#include "base/time.h"
#include "base/world.h"

namespace picket {
namespace {

std::string reason_of(int status) {
  return std::string(
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status)));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// RFC 3986 2.1; nullopt for a broken escape or a NUL. In queries '+' is a space.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus_is_space) c = ' ';
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return std::nullopt;
    out.push_back(c);
  }
  return out;
}

bool read_query(std::string_view text, std::map<std::string, std::string>& query) {
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto name = percent_decoded(pair.substr(0, equals), true);
    auto value = percent_decoded(
        equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1), true);
    if (!name || !value) return false;
    query.insert_or_assign(std::move(*name), std::move(*value));
  }
  return true;
}

bool is_header_text(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

// RFC 9110 5.6.7.
std::string http_date(Clock& clock) {
  static constexpr std::array kDays = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Nanos now = clock.now();
  const CivilTime t = to_civil(now.count());
  const auto day = static_cast<std::size_t>(
      std::max<std::int64_t>(0, std::chrono::floor<std::chrono::days>(now).count()) % 7);
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 kDays[day], t.day, kMonths[static_cast<std::size_t>(t.month - 1)],
                                 t.year, t.hour, t.minute, t.second);
  return {text.data(), static_cast<std::size_t>(std::max(size, 0))};
}

}  // namespace

bool read_http_target(std::string_view target, HttpRequest& request) {
  request.target = std::string(target);
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const std::size_t slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  if (target != "*" && !target.starts_with('/')) return false;
  const std::size_t mark = target.find('?');
  auto path = percent_decoded(target.substr(0, mark), false);
  if (!path) return false;
  request.path = std::move(*path);
  return mark == std::string_view::npos || read_query(target.substr(mark + 1), request.query);
}

std::string http_answer_head(const HttpResponse& response, bool keep_alive, bool with_length) {
  RealClock clock;
  std::string head =
      "HTTP/1.1 " + std::to_string(response.status) + ' ' +
      reason_of(response.status) +
      "\r\nDate: " + http_date(clock) + "\r\n";
  const auto line = [&head](std::string_view name, std::string_view value) {
    if (!is_header_text(name) || !is_header_text(value))
      return;  // never let a value split the answer
    head.append(name).append(": ").append(value).append("\r\n");
  };
  if (with_length) {
    if (!response.content_type.empty()) line("Content-Type", response.content_type);
    line("Content-Length", std::to_string(response.body.size()));
  }
  for (const auto& [name, value] : response.headers) line(name, value);
  if (!keep_alive) line("Connection", "close");
  return head += "\r\n";
}

std::string http_event_text(std::string_view event, std::string_view data) {
  std::string text;
  if (!event.empty() && is_header_text(event)) text.append("event: ").append(event).append("\n");
  while (true) {
    const std::size_t end = data.find_first_of("\r\n");
    text.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    const bool crlf = data[end] == '\r' && end + 1 < data.size() && data[end + 1] == '\n';
    data.remove_prefix(end + (crlf ? 2 : 1));
  }
  return text += '\n';
}

}  // namespace picket
