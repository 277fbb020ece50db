// Addresses, the webhook guard and the programs: what must never get through, does not.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "response/program.h"
#include "response/url_guard.h"
#include "response/way_out.h"

namespace picket::response {
namespace {

TEST(Address, ReadAndPrinted) {
  const auto line = [](std::string_view text, std::string_view expected) {
    const auto address = IpAddress::parse(text);
    EXPECT_EQ(address ? address->text() : "-", expected) << text;
  };
  line("203.0.113.7", "203.0.113.7");
  line("::ffff:203.0.113.7", "203.0.113.7");
  line("2001:DB8:0:0::1", "2001:db8::1");
  // Shorthands, signs, spaces, zones, commands
  for (const char* bad : {"", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.1 ",
                          " 127.0.0.1", "1.2.3.4.5", "1.2.3", "-1.2.3.4", "fe80::1%eth0", "[::1]",
                          "1.2.3.4; id", "1.2.3.4\n", "$(id)", "--flush", ":::", "12345::"}) {
    line(bad, "-");
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
  EXPECT_FALSE(IpAddress::parse(std::string(1000, '1')));
}

TEST(Cidr, Contains) {
  const auto in = [](std::string_view network, std::string_view address) {
    return Cidr::parse(network).value().contains(IpAddress::parse(address).value());
  };
  EXPECT_TRUE(in("10.0.0.0/8", "10.255.1.2"));
  EXPECT_FALSE(in("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(in("192.168.1.128/25", "192.168.1.200"));
  EXPECT_FALSE(in("192.168.1.128/25", "192.168.1.100"));
  EXPECT_TRUE(in("0.0.0.0/0", "8.8.8.8"));
  EXPECT_FALSE(in("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(in("::/0", "2001:db8::1"));
  EXPECT_TRUE(in("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(in("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(in("203.0.113.7", "::ffff:203.0.113.7"));
  for (const char* bad :
       {"", "/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "::/129", "x/8"}) {
    EXPECT_FALSE(Cidr::parse(bad)) << bad;
  }
}

// Every way to write this machine, the cloud's metadata service or an inner network that we know
// of.
TEST(UrlGuard, EncodingsOfInnerAddresses) {
  const Resolve resolve = [](const std::string& host) -> Result<std::vector<IpAddress>> {
    if (host.find("public") != std::string::npos)
      return std::vector{*IpAddress::parse("93.184.216.34")};
    if (host == "rebind.example") {  // one good address beside a bad one
      return std::vector{*IpAddress::parse("93.184.216.34"), *IpAddress::parse("127.0.0.1")};
    }
    return resolve_host(host);
  };
  const char* refused[] = {
      "http://127.0.0.1/",
      "http://127.1/",
      "http://127.0.1/",
      "http://2130706433/",
      "http://0x7f000001/",
      "http://0x7f.0.0.1/",
      "http://0177.0.0.1/",
      "http://017700000001/",
      "http://0x7f.1/",
      "http://127.127.127.127/",
      "http://0/",
      "http://0.0.0.0/",
      "http://[::1]/",
      "http://[::]/",
      "http://[0:0:0:0:0:0:0:1]/",
      "http://[::ffff:127.0.0.1]/",
      "http://[::ffff:7f00:1]/",
      "http://[::127.0.0.1]/",
      "http://[64:ff9b::7f00:1]/",
      "http://[64:ff9b::127.0.0.1]/",
      "http://[2002:7f00:1::]/",
      "http://[2001:0:7f00:1::]/",
      "http://localhost/",
      "http://LOCALHOST:80/",
      "http://localhost./",
      "http://169.254.169.254/latest/meta-data/",
      "http://0xa9fea9fe/",
      "http://[fe80::1]/",
      "http://[fe80::1%25lo]/",
      "http://[fd00::1]/",
      "http://10.0.0.1/",
      "http://172.16.0.1/",
      "http://192.168.0.1/",
      "http://100.64.0.1/",
      "http://224.0.0.1/",
      "http://255.255.255.255/",
      "http://198.18.0.1/",
      "http://192.0.0.8/",
      "http://rebind.example/",
      "http://public.example@127.0.0.1/",
      "http://user:pass@public.example/",
      "http://127.0.0.1#@public.example/",
      "http://127.0.0.1\\@public.example/",
      "file:///etc/passwd",
      "gopher://public.example/",
      "ftp://public.example/",
      "dict://127.0.0.1:11211/",
      "http://",
      "",
      "public.example:80/ x",
      "http://public.example/\r\nHost: x",
      "http://①②⑦.0.0.1/",
  };
  for (const char* url : refused) EXPECT_FALSE(check_url(url, {}, resolve)) << url;
  EXPECT_GE(std::size(refused), 30U);

  const auto good = check_url("https://public.example:8443/hook?x=1", {}, resolve);
  ASSERT_TRUE(good) << good.error().what;
  EXPECT_EQ(good->host + " " + good->port + " " + good->addresses[0].text(),
            "public.example 8443 93.184.216.34");
  // What the site allows, and only that
  const std::vector<Cidr> allow = {*Cidr::parse("127.0.0.1/32")};
  EXPECT_TRUE(check_url("http://127.0.0.1:9/", allow, resolve));
  EXPECT_FALSE(check_url("http://127.0.0.2:9/", allow, resolve));
  EXPECT_TRUE(check_url("http://rebind.example/", allow, resolve));
}

TEST(Program, ArgumentsAreFilledOneByOne) {
  const auto filled = [](const std::vector<std::string>& arguments, std::string_view address) {
    const auto result = fill_arguments(arguments, *IpAddress::parse(address));
    if (!result) return result.error().what;
    std::string text;
    for (const std::string& argument : *result) text += "[" + argument + "]";
    return text;
  };
  EXPECT_EQ(filled({"/usr/sbin/nft", "add", "element", "inet", "picket", "{{family}}_blocked",
                    "{ {{address}} }"},
                   "203.0.113.7"),
            "[/usr/sbin/nft][add][element][inet][picket][ip_blocked][{ 203.0.113.7 }]");
  EXPECT_EQ(filled({"/x", "{{family}}", "{{address}}"}, "2001:DB8::7"), "[/x][ip6][2001:db8::7]");
  EXPECT_NE(filled({"nft", "x"}, "1.1.1.1").find("absolute path"), std::string::npos);
  EXPECT_NE(filled({"/x", "{{user}}"}, "1.1.1.1").find("only {{address}}"), std::string::npos);
  EXPECT_NE(filled({"/x", "{{address"}, "1.1.1.1").find("only {{address}}"), std::string::npos);
}

TEST(Program, OutcomesAreTold) {
  const auto run = [](const std::vector<std::string>& arguments, int timeout_ms = 10'000) {
    return run_program(arguments, timeout_ms);
  };
  EXPECT_EQ(run({"/bin/true"}).kind, OutcomeKind::kDone);
  EXPECT_EQ(run({"/bin/false"}).kind, OutcomeKind::kFailed);
  EXPECT_EQ(run({"/nothing/here"}).kind, OutcomeKind::kFailed);
  EXPECT_NE(run({"/nothing/here"}).detail.find("No such file"), std::string::npos);
  EXPECT_EQ(run({"/bin/sh", "-c", "kill -9 $$"}).kind, OutcomeKind::kUnknown);
  const Outcome slow = run({"/bin/sleep", "60"}, 200);
  EXPECT_EQ(slow.kind, OutcomeKind::kUnknown);
  EXPECT_NE(slow.detail.find("stopped after 200 ms"), std::string::npos);
  EXPECT_EQ(run({"/bin/sh", "-c", "yes | head -c 5000000; echo end"}).kind,
            OutcomeKind::kDone);  // output is bounded
  EXPECT_EQ(run({"/bin/sh", "-c", "sleep 60 & exit 3"}).detail, "/bin/sh ended with exit code 3");
}

TEST(Program, StartsWithNothingOfOurs) {
  ::setenv("PICKET_TEST_SECRET", "hunter2", 1);
  const int leaked = ::open("/dev/null", O_RDONLY);  // no O_CLOEXEC
  EXPECT_EQ(run_program({"/usr/bin/env"}, 10'000).detail, "/usr/bin/env succeeded");
  const Outcome files =
      run_program({"/bin/sh", "-c",
                   "for f in 3 4 5 6 7 8 9; do [ -e /proc/self/fd/$f ] && echo $f; done; true"},
                  10'000);
  EXPECT_EQ(files.detail, "/bin/sh succeeded");
  ::close(leaked);
  // Metacharacters are bytes of an argument.
  EXPECT_EQ(run_program({"/bin/echo", "$(touch canary); `id` | cat & \"'"}, 10'000).detail,
            "/bin/echo succeeded: $(touch canary); `id` | cat & \"'");
  EXPECT_NE(::access("canary", F_OK), 0);
}

Effect block(const std::string& address) {
  Effect effect;
  effect.run = "r";
  effect.step = "s";
  effect.key = "k";
  effect.type = CommandType::kBlock;
  effect.address = address;
  return effect;
}

TEST(WayOut, BlockSaysWhatToConfigure) {
  WayOut hands{Options{}};
  const Outcome outcome = hands.perform(block("203.0.113.7"));
  EXPECT_EQ(outcome.kind, OutcomeKind::kFailed);
  EXPECT_NE(outcome.detail.find("set response.enforcement.block"), std::string::npos);
}

TEST(WayOut, RecordAppendsALine) {
  const std::string path = ::testing::TempDir() + "/picket-blocked.ndjson";
  ::unlink(path.c_str());
  Options options;
  options.enforcement.block = options.enforcement.unblock = {"picket-record", path};
  WayOut hands{options};
  EXPECT_EQ(hands.perform(block("203.0.113.7")).kind, OutcomeKind::kDone);
  EXPECT_EQ(hands.perform(block("203.0.113.8")).kind, OutcomeKind::kDone);
  const std::string text = read_file(path).value();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(parse_json(text.substr(0, text.find('\n')))->value("address", ""), "203.0.113.7");
  // A program really gets the address
  options.enforcement.block = {"/bin/echo", "drop", "{{address}}"};
  EXPECT_EQ(WayOut{options}.perform(block("203.0.113.9")).detail,
            "/bin/echo succeeded: drop 203.0.113.9");
  EXPECT_EQ(WayOut{options}.perform(block("203.0.113.9; id")).kind, OutcomeKind::kFailed);
}

}  // namespace
}  // namespace picket::response
