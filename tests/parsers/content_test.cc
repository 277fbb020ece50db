#include "tests/parsers/parsing.h"

namespace picket::parsers {
namespace {

struct Case {
  std::string message;
  std::vector<std::pair<std::string, std::string>> expected;
};

void check(const std::string& program, const std::vector<Case>& cases) {
  Parsing p;
  for (const Case& c : cases) {
    p.parse("<86>Mar  1 10:00:00 host " + program + c.message);
    EXPECT_EQ(p.status(), "parsed") << c.message;
    EXPECT_EQ(p.ecs("host.name"), "host");
    for (const auto& [name, value] : c.expected)
      EXPECT_EQ(p.ecs(name), value) << name << " of " << c.message;
  }
}

TEST(Content, Sshd) {
  const std::string login = "ssh_login";
  check(
      "sshd[77]: ",
      {
          {"Accepted password for ann from 192.0.2.1 port 4222 ssh2",
           {{"event.action", login},
            {"event.outcome", "success"},
            {"user.name", "ann"},
            {"source.ip", "192.0.2.1"},
            {"source.port", "4222"},
            {"process.pid", "77"},
            {"event.category", R"(["authentication","session"])"},
            {"observer.layer", "server"}}},
          {"Accepted publickey for ann from 2001:db8::1 port 4222 ssh2: ED25519 SHA256:abc",
           {{"user.name", "ann"}, {"source.ip", "2001:db8::1"}}},
          {"Failed password for root from 192.0.2.1 port 22 ssh2",
           {{"event.outcome", "failure"},
            {"user.name", "root"},
            {"event.category", "authentication"}}},
          {"Failed password for invalid user bob from 192.0.2.1 port 22 ssh2",
           {{"event.outcome", "failure"}, {"user.name", "bob"}, {"event.reason", "invalid user"}}},
          {"Failed password for invalid user a from 198.51.100.1 port 1 ssh2 from 192.0.2.1 port "
           "22 ssh2",
           {{"user.name", "a from 198.51.100.1 port 1 ssh2"}, {"source.ip", "192.0.2.1"}}},
          {"Failed publickey for ann from 192.0.2.1 port 22 ssh2",
           {{"event.action", login}, {"event.outcome", "failure"}}},
          {"Failed none for invalid user  from 192.0.2.1 port 22 ssh2",
           {{"source.ip", "192.0.2.1"}}},
          {"Invalid user admin from 192.0.2.1 port 22",
           {{"user.name", "admin"}, {"source.port", "22"}, {"event.outcome", "failure"}}},
          {"Invalid user admin from 192.0.2.1",
           {{"user.name", "admin"}, {"source.ip", "192.0.2.1"}}},
          {"Connection closed by authenticating user root 192.0.2.1 port 22 [preauth]",
           {{"user.name", "root"},
            {"source.ip", "192.0.2.1"},
            {"source.port", "22"},
            {"event.action", "ssh_disconnect"}}},
          {"Connection closed by invalid user x y 192.0.2.1 port 22 [preauth]",
           {{"user.name", "x y"}, {"source.ip", "192.0.2.1"}, {"event.reason", "invalid user"}}},
          {"Connection closed by 192.0.2.1 port 22",
           {{"source.ip", "192.0.2.1"}, {"source.port", "22"}}},
          {"Connection reset by 192.0.2.1 port 22 [preauth]", {{"source.ip", "192.0.2.1"}}},
          {"Disconnected from user ann 192.0.2.1 port 22", {{"user.name", "ann"}}},
          {"Received disconnect from 192.0.2.1 port 22:11: disconnected by user",
           {{"source.port", "22"}, {"event.reason", "disconnected by user"}}},
          {"Received disconnect from 192.0.2.1: 11: Bye Bye [preauth]",
           {{"source.ip", "192.0.2.1"}}},
          {"error: maximum authentication attempts exceeded for invalid user bob from 192.0.2.1 "
           "port 22 ssh2 [preauth]",
           {{"user.name", "bob"}, {"event.outcome", "failure"}, {"source.port", "22"}}},
          {"Disconnecting authenticating user root 192.0.2.1 port 22: Too many authentication "
           "failures [preauth]",
           {{"user.name", "root"}, {"source.port", "22"}}},
          {"User root from 192.0.2.1 not allowed because not listed in AllowUsers",
           {{"user.name", "root"}, {"source.ip", "192.0.2.1"}, {"event.outcome", "failure"}}},
          {"Did not receive identification string from 192.0.2.1 port 22",
           {{"source.ip", "192.0.2.1"}}},
          {"Bad protocol version identification 'GET / from me' from 192.0.2.1 port 22",
           {{"source.ip", "192.0.2.1"}}},
          {"Unable to negotiate with 192.0.2.1 port 22: no matching key exchange method found.",
           {{"source.ip", "192.0.2.1"}, {"source.port", "22"}}},
          {"Connection from 192.0.2.1 port 22 on 192.0.2.2 port 22",
           {{"event.action", "ssh_connection"}}},
          {"pam_unix(sshd:session): session opened for user ann(uid=1000) by (uid=0)",
           {{"event.action", "logged-on"}, {"user.name", "ann"}}},
          {"pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= "
           "rhost=192.0.2.1  user=root",
           {{"event.outcome", "failure"}, {"user.name", "root"}, {"source.ip", "192.0.2.1"}}},
          {"PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= "
           "rhost=192.0.2.1  user=root",
           {{"user.name", "root"}}},
          {"message repeated 2 times: [ Failed password for root from 192.0.2.1 port 22 ssh2]",
           {{"user.name", "root"}, {"source.port", "22"}, {"event.outcome", "failure"}}},
      });
}

TEST(Content, Sudo) {
  check(
      "sudo: ",
      {
          {"     ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/bin/sh -c 'a ; b'",
           {{"event.action", "sudo_command"},
            {"event.outcome", "success"},
            {"user.name", "ann"},
            {"user.effective.name", "root"},
            {"process.command_line", "/bin/sh -c 'a ; b'"},
            {"process.executable", "/bin/sh"},
            {"process.working_directory", "/home/ann"}}},
          {" ann : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls",
           {{"event.outcome", "failure"},
            {"event.reason", "3 incorrect password attempts"},
            {"process.command_line", "/bin/ls"}}},
          {" bob : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls",
           {{"event.action", "sudo_denied"}, {"event.outcome", "failure"}, {"user.name", "bob"}}},
          {" bob : command not allowed ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls",
           {{"event.outcome", "failure"}}},
          {"pam_unix(sudo:session): session opened for user root(uid=0) by ann(uid=1000)",
           {{"user.name", "ann"}, {"user.effective.name", "root"}}},
      });
}

TEST(Content, Accounts) {
  check("useradd[5]: ", {
                            {"new user: name=bob, UID=1001, GID=1001, home=/home/bob, "
                             "shell=/bin/bash, from=/dev/pts/0",
                             {{"event.action", "added-user-account"},
                              {"event.category", "iam"},
                              {"event.type", R"(["user","creation"])"},
                              {"event.outcome", "success"},
                              {"user.name", "bob"},
                              {"user.id", "1001"}}},
                            {"new group: name=bob, GID=1001",
                             {{"event.action", "added-group-account"}, {"group.name", "bob"}}},
                        });
  check("groupadd[5]: ",
        {{"group added to /etc/group: name=ops, GID=1002", {{"group.name", "ops"}}}});
  check("usermod[5]: ", {{"add 'bob' to group 'sudo'",
                          {{"event.action", "added-member-to-group"},
                           {"user.name", "bob"},
                           {"group.name", "sudo"}}}});
  check("userdel[5]: ",
        {{"delete user 'bob'", {{"event.action", "deleted-user-account"}, {"user.name", "bob"}}},
         {"removed group 'bob' owned by 'bob'", {{"group.name", "bob"}}}});
  check("gpasswd[5]: ",
        {{"user bob added by root to group sudo",
          {{"user.name", "root"}, {"user.target.name", "bob"}, {"group.name", "sudo"}}}});
  check("passwd[5]: ", {{"pam_unix(passwd:chauthtok): password changed for bob",
                         {{"event.action", "password_changed"}, {"user.name", "bob"}}}});
  check("su[5]: ",
        {{"(to root) ann on pts/0",
          {{"user.name", "ann"}, {"user.effective.name", "root"}, {"event.outcome", "success"}}},
         {"FAILED SU (to root) ann on pts/0", {{"event.outcome", "failure"}}}});
}

TEST(Content, Netfilter) {
  check("kernel: ",
        {
            {"[123.456] [UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56:52:54:00:ab:cd:ef:08:00 "
             "SRC=192.0.2.1 DST=192.0.2.2 LEN=60 TOS=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=4000 DPT=22 "
             "WINDOW=1 SYN URGP=0",
             {{"event.action", "denied"},
              {"event.type", R"(["connection","denied"])"},
              {"source.ip", "192.0.2.1"},
              {"destination.ip", "192.0.2.2"},
              {"source.port", "4000"},
              {"destination.port", "22"},
              {"network.transport", "tcp"},
              {"network.type", "ipv4"},
              {"network.bytes", "60"},
              {"observer.ingress.interface.name", "eth0"},
              {"source.mac", "52-54-00-AB-CD-EF"},
              {"destination.mac", "52-54-00-12-34-56"},
              {"network.direction", "inbound"},
              {"rule.name", "[UFW BLOCK]"},
              {"observer.layer", "network"}}},
            {"FW-ACCEPT: IN= OUT=eth1 SRC=2001:db8::1 DST=2001:db8::2 LEN=72 PROTO=UDP SPT=5353 "
             "DPT=53 LEN=32",
             {{"event.action", "allowed"},
              {"network.type", "ipv6"},
              {"network.bytes", "72"},
              {"network.direction", "outbound"},
              {"rule.name", "FW-ACCEPT"}}},
            {"mylog IN=a OUT=b SRC=192.0.2.1 DST=192.0.2.2 PROTO=47",
             {{"event.action", "logged"},
              {"network.transport", "gre"},
              {"network.direction", "<none>"}}},
        });
}

TEST(Content, AccessLogs) {
  Parsing p;
  p.parse(R"x(192.0.2.7 - ann [10/Oct/2025:13:55:36 -0700] "GET /a/b.php?id=1%27&x=2 HTTP/1.1" 404 2326 "http://example.com/" "Mozilla/5.0 (\"x\")")x");
  EXPECT_EQ(p.status(), "parsed");
  EXPECT_EQ(p.kind().dataset, "apache.access");
  EXPECT_EQ(p.kind().category, "webserver");
  EXPECT_EQ(p.time(), "2025-10-10T20:55:36Z");
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"source.ip", "192.0.2.7"},
      {"source.address", "192.0.2.7"},
      {"user.name", "ann"},
      {"http.request.method", "GET"},
      {"url.original", "/a/b.php?id=1%27&x=2"},
      {"url.path", "/a/b.php"},
      {"url.query", "id=1%27&x=2"},
      {"http.version", "1.1"},
      {"http.response.status_code", "404"},
      {"http.response.body.bytes", "2326"},
      {"http.request.referrer", "http://example.com/"},
      {"user_agent.original", R"(Mozilla/5.0 (\"x\"))"},
      {"event.outcome", "failure"},
      {"event.category", "web"},
      {"event.type", "access"}};
  for (const auto& [name, value] : expected) EXPECT_EQ(p.ecs(name), value) << name;

  p.parse(R"(2001:db8::1 - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.0" 200 -)");  // common
  EXPECT_EQ(p.ecs("source.ip"), "2001:db8::1");
  EXPECT_EQ(p.ecs("http.response.body.bytes"), "<none>");
  EXPECT_EQ(p.ecs("event.outcome"), "success");
  p.parse(
      R"(www.example.com:443 192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] "\x16\x03" 400 0 "-" "-")");
  EXPECT_EQ(p.ecs("url.domain"), "www.example.com");
  EXPECT_EQ(p.ecs("source.ip"), "192.0.2.7");
  EXPECT_EQ(p.ecs("url.original"), R"(\x16\x03)");
  EXPECT_EQ(p.ecs("user_agent.original"), "<none>");
  p.parse(
      R"(<190>Mar  1 10:00:00 web nginx: 192.0.2.7 - - [01/Mar/2026:09:59:59 +0000] "POST http://h/x?y HTTP/1.1" 200 5 "-" "curl")");
  EXPECT_EQ(p.kind().dataset, "nginx.access");
  EXPECT_EQ(p.ecs("url.path"), "/x");
  EXPECT_EQ(p.ecs("url.domain"), "h");
  EXPECT_EQ(p.time(), "2026-03-01T09:59:59Z") << "its own, not the envelope's";
  Parsing nginx(true, {.definition = "nginx-access"});
  nginx.parse(R"(192.0.2.7 - - [01/Mar/2026:09:59:59 +0000] "GET / HTTP/1.1" 200 5 "-" "curl")");
  EXPECT_EQ(nginx.kind().dataset, "nginx.access");
}

TEST(Content, NumbersAreNumbers) {
  Parsing p;
  p.parse("<86>Mar  1 10:00:00 h sshd[7]: Accepted password for ann from 192.0.2.1 port 4222 ssh2");
  for (const FieldId id : {ecs::kSourcePort, ecs::kProcessPid, ecs::kLogSyslogPriority}) {
    const Field* field = p.batch().find(p.event(), id);
    ASSERT_NE(field, nullptr);
    EXPECT_EQ(field->kind, ValueKind::kNumber);
  }
}

}  // namespace
}  // namespace picket::parsers
