#include "response/mime.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/time.h"
#include "response/systems.h"

namespace picket::response {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j > bytes.size() ? '=' : kBase64[group >> (18 - 6 * j) & 63U];
    }
  }
  return text;
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

// Where to cut so that a piece is at most `size` bytes and no UTF-8 character is split.
std::size_t cut(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text.size();
  std::size_t at = size;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80) --at;
  return at == 0 ? size : at;
}

std::string two(int number) {
  const std::string text = std::to_string(number);
  return text.size() < 2 ? "0" + text : text;
}

std::string mailbox(const std::string& name, const std::string& address) {
  if (name.empty()) return address;
  // An encoded word stands for a display name as it is; ASCII with specials would need quotes.
  return "=?UTF-8?B?" + base64(name.substr(0, cut(name, 42))) + "?= <" + address + ">";
}

Result<void> check(const Mail& mail) {
  for (const std::string* text :
       {&mail.from_name, &mail.to_name, &mail.subject, &mail.message_id, &mail.references}) {
    if (has_control(*text)) {
      return fail(Errc::kInvalid, "a mail header may not hold control characters or line breaks");
    }
  }
  for (const std::string* address : {&mail.from, &mail.to}) {
    if (!is_mail_address(*address))
      return fail(Errc::kInvalid, "'" + *address + "' is not a mail address");
  }
  const auto is_id = [](const std::string& id) {
    return is_plain(id) && id.find_first_of(" <>") == std::string::npos && id.size() < 250;
  };
  if (mail.message_id.empty() || !is_id(mail.message_id) || !is_id(mail.references)) {
    return fail(Errc::kInvalid, "'" + mail.message_id + "' is not a Message-ID");
  }
  return {};
}

std::string part(std::string_view type, std::string_view text) {
  return "Content-Type: text/" + std::string(type) +
         "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
         quoted_printable(text);
}

}  // namespace

std::string encoded_header(std::string_view text) {
  // 75 characters is the longest encoded word; 60 leaves room for the name of the header.
  if (is_plain(text) && text.size() <= 60 && text.find("=?") == std::string_view::npos) {
    return std::string(text);
  }
  std::string result;
  while (!text.empty()) {
    const std::size_t size = cut(text, 39);
    if (!result.empty()) result += "\r\n ";
    result += "=?UTF-8?B?" + base64(text.substr(0, size)) + "?=";
    text.remove_prefix(size);
  }
  return result;
}

std::string quoted_printable(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (byte == '\n') {
      result += "\r\n";
      column = 0;
      continue;
    }
    const bool line_ends = i + 1 == text.size() || text[i + 1] == '\n' || text[i + 1] == '\r';
    const bool plain = (byte > 0x20 && byte < 0x7f && byte != '=') || (byte == ' ' && !line_ends);
    if (column + (plain ? 1 : 3) > 75) {
      result += "=\r\n";
      column = 0;
    }
    if (plain) {
      result += static_cast<char>(byte);
      ++column;
    } else {
      result += '=';
      result += kDigits[byte >> 4U];
      result += kDigits[byte & 15U];
      column += 3;
    }
  }
  if (column > 0) result += "\r\n";
  return result;
}

std::string mail_date(std::int64_t time_ns) {
  constexpr std::array<std::string_view, 7> kDays = {"Thu", "Fri", "Sat", "Sun",
                                                     "Mon", "Tue", "Wed"};
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::int64_t kDayNs = 86'400LL * 1'000'000'000LL;
  const CivilTime civil = to_civil(time_ns);
  const std::int64_t day =
      time_ns / kDayNs - (time_ns % kDayNs < 0 ? 1 : 0);  // 1970-01-01 was a Thursday
  const auto weekday = static_cast<std::size_t>((day % 7 + 7) % 7);
  return std::string(kDays[weekday]) + ", " + std::to_string(civil.day) + " " +
         std::string(kMonths[static_cast<std::size_t>(civil.month - 1)]) + " " +
         std::to_string(civil.year) + " " + two(civil.hour) + ":" + two(civil.minute) + ":" +
         two(civil.second) + " +0000";
}

Result<std::string> to_mime(const Mail& mail) {
  PICKET_TRY_VOID(check(mail));
  std::string bytes =
      "From: " + mailbox(mail.from_name, mail.from) + "\r\nTo: " + mailbox(mail.to_name, mail.to) +
      "\r\nSubject: " + encoded_header(mail.subject) + "\r\nDate: " + mail_date(mail.time_ns) +
      "\r\nMessage-ID: <" + mail.message_id + ">\r\n";
  if (!mail.references.empty()) {
    bytes += "In-Reply-To: <" + mail.references + ">\r\nReferences: <" + mail.references + ">\r\n";
  }
  // RFC 3834: nobody's out-of-office answers a machine.
  bytes += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";
  if (mail.html.empty()) return bytes + part("plain", mail.text);
  const std::string boundary = "picket-" + hash128_hex(mail.message_id + mail.text);
  return bytes + "Content-Type: multipart/alternative; boundary=\"" + boundary + "\"\r\n\r\n--" +
         boundary + "\r\n" + part("plain", mail.text) + "\r\n--" + boundary + "\r\n" +
         part("html", mail.html) + "\r\n--" + boundary + "--\r\n";
}

}  // namespace picket::response
