// Mails and webhooks over real sockets, and the bytes of a mail.
#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "base/file.h"
#include "response/mime.h"
#include "response/notify.h"
#include "response/way_out.h"
#include "tests/response/fake_server.h"

namespace picket::response {
namespace {

Mail make_mail() {
  Mail mail;
  mail.from = "soc@tinh.example";
  mail.from_name = "Trung tâm giám sát";
  mail.to = "an@dvc.tinh.example";
  mail.to_name = "Nguyễn Thị Minh An";
  mail.subject = "[SOC][CAO] Thông báo sự cố an toàn thông tin số 12: Cổng dịch vụ công của tỉnh";
  mail.message_id = "0123abcd@tinh.example";
  mail.references = "4567.incident@tinh.example";
  mail.time_ns = 1'767'258'881'000'000'000;
  mail.text = "Kính gửi: Bà An\n\n.một dòng bắt đầu bằng dấu chấm\n.\ncuối \n";
  return mail;
}

std::string base64_decoded(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) continue;
    group = group << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) bytes += static_cast<char>(group >> (bits -= 8) & 0xff);
  }
  return bytes;
}

std::string header_decoded(const std::string& encoded) {
  std::string text;
  for (std::size_t at = 0; (at = encoded.find("=?UTF-8?B?", at)) != std::string::npos;) {
    const std::size_t end = encoded.find("?=", at);
    EXPECT_LE(end + 2 - at, 75U);
    text += base64_decoded(encoded.substr(at + 10, end - at - 10));
    at = end;
  }
  return text;
}

std::string quoted_decoded(const std::string& encoded) {
  std::string text;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '=') {
      if (encoded[i] != '\r') text += encoded[i];
    } else if (encoded.compare(i, 3, "=\r\n") == 0) {
      i += 2;
    } else {
      text += static_cast<char>(std::stoi(encoded.substr(i + 1, 2), nullptr, 16));
      i += 2;
    }
  }
  return text;
}

TEST(Mime, HeadersAndBodyComeBack) {
  const Mail mail = make_mail();
  const std::string bytes = to_mime(mail).value();
  const std::size_t body = bytes.find("\r\n\r\n") + 4;
  EXPECT_EQ(quoted_decoded(bytes.substr(body)), mail.text);
  EXPECT_EQ(header_decoded(encoded_header(mail.subject)), mail.subject);
  EXPECT_NE(bytes.find("\r\nDate: Thu, 1 Jan 2026 09:14:41 +0000\r\n"), std::string::npos) << bytes;
  EXPECT_NE(bytes.find("\r\nMessage-ID: <0123abcd@tinh.example>\r\n"), std::string::npos);
  EXPECT_NE(bytes.find("\r\nReferences: <4567.incident@tinh.example>\r\n"), std::string::npos);
  for (std::size_t at = 0, end; (end = bytes.find("\r\n", at)) != std::string::npos; at = end + 2) {
    EXPECT_LE(end - at, 160U);
    EXPECT_TRUE(std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                            bytes.begin() + static_cast<std::ptrdiff_t>(end),
                            [](char c) { return c >= ' ' && c < 0x7f; }));
  }
  EXPECT_EQ(std::count(bytes.begin(), bytes.end(), '\n'),
            std::count(bytes.begin(), bytes.end(), '\r'));
  EXPECT_EQ(encoded_header("plain"), "plain");
  EXPECT_EQ(mail_date(-1), "Wed, 31 Dec 1969 23:59:59 +0000");
}

TEST(Mime, LongLinesAndTrailingSpaces) {
  for (const std::string& text :
       {std::string(1000, 'x'), std::string("a \nb\t\nc"), std::string("=\r\n=3D"),
        std::string("\xe1\xba\xa1", 3) + std::string(200, ' ') + "!"}) {
    const std::string encoded = quoted_printable(text);
    std::string expected = text;
    std::erase(expected, '\r');
    std::string decoded = quoted_decoded(encoded);
    if (!expected.ends_with('\n')) decoded.pop_back();  // the line break that ends the last line
    EXPECT_EQ(decoded, expected);
    for (std::size_t at = 0, end; (end = encoded.find("\r\n", at)) != std::string::npos;
         at = end + 2) {
      EXPECT_LE(end - at, 76U);
      EXPECT_FALSE(end > at && (encoded[end - 1] == ' ' || encoded[end - 1] == '\t'));
    }
  }
}

TEST(Mime, HtmlPart) {
  Mail mail = make_mail();
  mail.html = "<p>Kính gửi</p>";
  const std::string bytes = to_mime(mail).value();
  EXPECT_NE(bytes.find("Content-Type: multipart/alternative; boundary="), std::string::npos);
  EXPECT_LT(bytes.find("text/plain"), bytes.find("text/html"));
  EXPECT_TRUE(bytes.ends_with("--\r\n"));
}

TEST(Mime, InjectionIsRefused) {
  const auto refused = [](auto change) {
    Mail mail = make_mail();
    change(mail);
    return !to_mime(mail).has_value();
  };
  for (const char* bad : {"a\r\nBcc: x@example.org", "a\nb", "a\rb", "a\x01"}) {
    EXPECT_TRUE(refused([&](Mail& m) { m.subject = bad; }));
    EXPECT_TRUE(refused([&](Mail& m) { m.from_name = bad; }));
    EXPECT_TRUE(refused([&](Mail& m) { m.to_name = bad; }));
    EXPECT_TRUE(refused([&](Mail& m) { m.message_id = bad; }));
    EXPECT_TRUE(refused([&](Mail& m) { m.references = bad; }));
  }
  EXPECT_TRUE(refused([](Mail& m) { m.subject += '\0'; }));
  for (const char* bad : {"", "a", "a@", "@b", "a@b\r\nDATA", "a@b> SIZE=1", "a b@c", "a@b@c",
                          "\"a\"@b", "a,b@c", "<a@b>"}) {
    EXPECT_TRUE(refused([&](Mail& m) { m.to = bad; })) << bad;
    EXPECT_TRUE(refused([&](Mail& m) { m.from = bad; })) << bad;
  }
  EXPECT_FALSE(refused([](Mail&) {}));
}

NotifyOptions options_for(const FakeServer& server) {
  NotifyOptions options;
  options.mail.url = "smtp://" + server.address();
  options.mail.tls = MailTls::kNone;
  options.mail.from = "soc@tinh.example";
  options.webhook_allow = {*Cidr::parse("127.0.0.1")};
  options.connect_timeout_ms = 2'000;
  options.timeout_ms = 3'000;
  return options;
}

TEST(Smtp, TheWholeMailArrives) {
  FakeServer server(smtp());
  const Mail mail = make_mail();
  const Outcome outcome = Notifier(options_for(server)).send(mail);
  EXPECT_EQ(outcome.kind, OutcomeKind::kDone) << outcome.detail;
  const auto notes = server.notes();
  ASSERT_EQ(notes.size(), 3U);
  EXPECT_TRUE(notes[0].starts_with("MAIL FROM:<soc@tinh.example>"));
  EXPECT_TRUE(notes[1].starts_with("RCPT TO:<an@dvc.tinh.example>"));
  // Dots at the start of a line are doubled on the wire (RFC 5321 4.5.2).
  std::string received = notes[2].substr(0, notes[2].size() - 3);
  for (std::size_t at; (at = received.find("\r\n..")) != std::string::npos;)
    received.erase(at + 2, 1);
  EXPECT_EQ(received, to_mime(mail).value());
}

TEST(Smtp, AnswersAreTold) {
  const auto send = [](const std::string& rcpt, const std::string& data) {
    FakeServer server(smtp(rcpt, data));
    return Notifier(options_for(server)).send(make_mail());
  };
  EXPECT_EQ(send("250 ok", "250 ok").kind, OutcomeKind::kDone);
  EXPECT_EQ(send("550 no such user", "").kind, OutcomeKind::kFailed);
  EXPECT_EQ(send("451 later", "").kind, OutcomeKind::kRetry);
  EXPECT_EQ(send("250 ok", "554 spam").kind, OutcomeKind::kFailed);
  EXPECT_EQ(send("250 ok", "452 no room").kind, OutcomeKind::kRetry);
  EXPECT_NE(send("550 no such user", "").detail.find("550"), std::string::npos);
}

TEST(Smtp, NobodyThereIsTriedAgain) {
  std::string address;
  {
    address = FakeServer([](FakeServer&, int) {}).address();
  }
  NotifyOptions options;
  options.mail.url = "smtp://" + address;
  options.mail.tls = MailTls::kNone;
  EXPECT_EQ(Notifier(options).send(make_mail()).kind, OutcomeKind::kRetry);
  FakeServer hangs_up([](FakeServer&, int fd) { FakeServer::say(fd, "220 test\r\n"); });
  EXPECT_EQ(Notifier(options_for(hangs_up)).send(make_mail()).kind, OutcomeKind::kRetry);
}

TEST(Smtp, RequiredEncryptionIsRequired) {
  FakeServer server(smtp());
  NotifyOptions options = options_for(server);
  options.mail.tls = MailTls::kRequired;
  const Outcome outcome = Notifier(options).send(make_mail());
  EXPECT_NE(outcome.kind, OutcomeKind::kDone);
  for (const std::string& note : server.notes()) EXPECT_FALSE(note.starts_with("MAIL")) << note;
}

TEST(Smtp, LogsInWithThePasswordOfTheFile) {
  FakeServer server(smtp());
  const std::string file = ::testing::TempDir() + "/picket-password";
  ASSERT_TRUE(write_file(file, "hunter2\n", 0600));
  NotifyOptions options = options_for(server);
  options.mail.user = "soc";
  options.mail.password_file = file;
  EXPECT_EQ(Notifier(options).send(make_mail()).kind, OutcomeKind::kDone);
  const auto notes = server.notes();
  const auto auth =
      std::find_if(notes.begin(), notes.end(), [](auto& n) { return n.starts_with("AUTH PLAIN"); });
  ASSERT_NE(auth, notes.end());
  ASSERT_NE(auth + 1, notes.end());
  EXPECT_EQ(base64_decoded(*(auth + 1)), std::string("\0soc\0hunter2", 12));
  options.mail.password_file = file + ".none";
  EXPECT_EQ(Notifier(options).send(make_mail()).kind, OutcomeKind::kRetry);
}

TEST(Smtp, WithoutAServerMailsAreWrittenDown) {
  NotifyOptions options;
  EXPECT_EQ(Notifier(options).send(make_mail()).kind, OutcomeKind::kFailed);
  EXPECT_NE(Notifier(options).send(make_mail()).detail.find("set response.mail.url"),
            std::string::npos);
  options.record_folder = ::testing::TempDir() + "/picket-outbox";
  EXPECT_EQ(Notifier(options).send(make_mail()).kind, OutcomeKind::kDone);
  EXPECT_EQ(read_file(options.record_folder + "/0123abcd.eml").value(),
            to_mime(make_mail()).value());
}

HttpCall make_call(const FakeServer& server) {
  HttpCall call;
  call.url = "http://" + server.address() + "/hook?x=1";
  call.headers = {{"Content-Type", "application/json"}};
  call.body = "{\"a\":\"ạ\"}";
  return call;
}

TEST(Webhook, IsSignedAndCarriesItsKey) {
  FakeServer server(http("HTTP/1.1 204 No Content"));
  const std::string file = ::testing::TempDir() + "/picket-hook-secret";
  ASSERT_TRUE(write_file(file, "s3cret\n", 0600));
  HttpCall call = make_call(server);
  call.secret_file = file;
  const Outcome outcome =
      Notifier(options_for(server)).call(call, "key-1", 1'767'258'881'000'000'000);
  EXPECT_EQ(outcome.kind, OutcomeKind::kDone) << outcome.detail;
  const auto notes = server.notes();
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_TRUE(notes[0].starts_with("POST /hook?x=1 HTTP/1.1\r\n")) << notes[0];
  EXPECT_EQ(notes[1], call.body);
  EXPECT_NE(notes[0].find("\r\nIdempotency-Key: key-1\r\n"), std::string::npos);
  EXPECT_NE(notes[0].find("\r\nContent-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(notes[0].find("\r\nX-Picket-Signature: " +
                          signature("s3cret", 1'767'258'881'000'000'000, call.body)),
            std::string::npos);
}

TEST(Webhook, SignatureIsHmacSha256) {
  // RFC 4231, test case 2, has key "Jefe"; here the text begins with the time.
  const std::string text = "1767258881.what do ya want for nothing?";
  unsigned char digest[32];
  unsigned size = 0;
  HMAC(EVP_sha256(), "Jefe", 4, reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       digest, &size);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4];
    hex += "0123456789abcdef"[digest[i] & 15];
  }
  EXPECT_EQ(signature("Jefe", 1'767'258'881'999'999'999, "what do ya want for nothing?"),
            "t=1767258881,v1=" + hex);
}

TEST(Webhook, AnswersAreTold) {
  const auto call = [](const std::string& answer) {
    FakeServer server(http("HTTP/1.1 " + answer));
    return Notifier(options_for(server)).call(make_call(server), "k", 0).kind;
  };
  EXPECT_EQ(call("200 OK"), OutcomeKind::kDone);
  EXPECT_EQ(call("400 Bad"), OutcomeKind::kFailed);
  EXPECT_EQ(call("401 Who"), OutcomeKind::kFailed);
  EXPECT_EQ(call("429 Slow"), OutcomeKind::kRetry);
  EXPECT_EQ(call("503 Busy"), OutcomeKind::kRetry);
}

TEST(Webhook, RedirectsAreNotFollowed) {
  FakeServer canary(http("HTTP/1.1 200 OK"));
  FakeServer server(http("HTTP/1.1 307 Go\r\nLocation: http://" + canary.address() + "/"));
  const Outcome outcome = Notifier(options_for(server)).call(make_call(server), "k", 0);
  EXPECT_EQ(outcome.kind, OutcomeKind::kFailed);
  EXPECT_TRUE(canary.notes().empty());
}

TEST(Webhook, InnerAddressIsNeverConnected) {
  FakeServer canary(http("HTTP/1.1 200 OK"));
  NotifyOptions options = options_for(canary);
  options.webhook_allow.clear();
  EXPECT_EQ(Notifier(options).call(make_call(canary), "k", 0).kind, OutcomeKind::kFailed);
  // A name that is public when asked for is pinned to that answer, whatever it becomes later.
  int asked = 0;
  options.connect_timeout_ms = options.timeout_ms = 200;
  const Notifier rebinding(options, [&](const std::string&) -> Result<std::vector<IpAddress>> {
    return std::vector{*IpAddress::parse(asked++ == 0 ? "93.184.216.34" : "127.0.0.1")};
  });
  HttpCall call = make_call(canary);
  call.url = "http://localhost:" + canary.address().substr(10) + "/";
  EXPECT_EQ(rebinding.call(call, "k", 0).kind == OutcomeKind::kDone, false);
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(canary.notes().empty());
}

TEST(Webhook, LostAnswerIsRepeatedOnlyWhereThatIsHarmless) {
  FakeServer silent(
      [](FakeServer& server, int fd) { server.note(FakeServer::hear(fd, "\r\n\r\n")); });
  Options options;
  options.notify = options_for(silent);
  Effect effect;
  effect.key = "k";
  effect.call = make_call(silent);
  effect.type = CommandType::kWebhook;
  EXPECT_EQ(WayOut(options).perform(effect).kind, OutcomeKind::kRetry);
  effect.type = CommandType::kHttp;  // changes something over there
  EXPECT_EQ(WayOut(options).perform(effect).kind, OutcomeKind::kUnknown);
  options.dry_run = true;
  const std::size_t before = silent.notes().size();
  EXPECT_EQ(WayOut(options).perform(effect).detail, "dry run: nothing was done");
  EXPECT_EQ(silent.notes().size(), before);
}

}  // namespace
}  // namespace picket::response
