#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "parsers/definition_file.h"
#include "parsers/steps/condition.h"
#include "parsers/steps/date_format.h"
#include "parsers/steps/network.h"
#include "parsers/steps/pattern.h"
#include "tests/parsers/parsing.h"

namespace picket::parsers {
namespace {

bool may_fit(const Pattern& pattern, std::string_view text) {
  Bigrams bigrams;
  bigrams.read(text);
  return pattern.may_fit(bigrams);
}

// "name=value name=value" of what a pattern takes; "-" if it does not fit.
std::string taken(std::string_view pattern, std::string_view text,
                  const Pattern::Macros& macros = {}) {
  const auto made = Pattern::compile(pattern, macros, "");
  if (!made) return made.error().what;
  std::vector<Capture> captures;
  bool gave_up = false;
  std::uint32_t tries = Pattern::kTriesMax;
  if (!made->match(text, captures, tries, gave_up)) return gave_up ? "gave up" : "-";
  EXPECT_TRUE(may_fit(*made, text)) << pattern << " on " << text;
  std::string all;
  for (const Capture& capture : captures) {
    if (!all.empty()) all += ' ';
    all += field_name(made->values()[capture.value].field);
    all += '=';
    all += text.substr(capture.begin, capture.end - capture.begin);
  }
  return all;
}

TEST(Pattern, Types) {
  struct Case {
    std::string_view pattern, text, expected;
  };
  const std::vector<Case> cases = {
      {"a%{int:n}b", "a-12b", "n=-12"},
      {"a%{int:n}b", "axb", "-"},
      {"%{ip:i}:%{port:p}", "192.0.2.1:80", "i=192.0.2.1 p=80"},
      {"%{ip:i}", "192.0.2.256", "-"},
      {"%{ip:i}: x", "2001:db8::1: x", "i=2001:db8::1"},
      {"%{ip:i} x", "fe80::1%eth0 x", "i=fe80::1%eth0"},
      {"%{port:p}", "65536", "-"},
      {"%{number:n}s", "1.5s", "n=1.5"},
      {"%{hex:h}", "0x1F", "h=0x1F"},
      {"%{mac:m}", "00:11:22:33:44:5f", "m=00:11:22:33:44:5f"},
      {"%{mac:m}", "0011.2233.445f", "m=0011.2233.445f"},
      {"at %{hostname:h}.", "at www.example.org.", "h=www.example.org"},
      {"%{word:w}-%{word:v}", "ab_1-c", "w=ab_1 v=c"},
      {"%{quoted:q} x", "\"a \\\" b\" x", "q=\"a \\\" b\""},
      {"%{email:e}>", "a.b@example.org>", "e=a.b@example.org"},
      {"%{iso8601:t} x", "2026-03-01T10:02:03.5+01:00 x", "t=2026-03-01T10:02:03.5+01:00"},
      {"%{syslogtime:t} x", "Mar  1 10:02:03 x", "t=Mar  1 10:02:03"},
      {"[%{httpdate:t}]", "[10/Oct/2000:13:55:36 -0700]", "t=10/Oct/2000:13:55:36 -0700"},
      {"%{notspace:n}:%{int:p}", "a:b:80", "n=a:b p=80"},
      {"%{notspace:n} %{rest:r}", "ab  c d", "n=ab r=c d"},
      {"%{data:d} end", " end", "d="},
      {"%{data:d}end", "end", "d="},
      {"%{rest:r}:%{int:n}", "a:1:2", "r=a:1 n=2"},
      {"%{(TCP|UDP|UDPLITE):p} x", "UDPLITE x", "p=UDPLITE"},
      {"%{[a-c_]:s}d", "ab_d", "s=ab_"},
      {"%{[^ ]:s} d", "a:b d", "s=a:b"},
      {"%{IP:i} %{GREEDYDATA:r}", "192.0.2.1 x y", "i=192.0.2.1 r=x y"},
      {"%{(deny):p} x", "deny y", "-"},
      {"%{(deny):p}[[ x]]", "deny x", "p=deny"},
      {"%{datetime:t}", "01/02/2026", "t=01/02/2026"},
      {"a b", "a \t b", ""},
      {"a b", "ab", "-"},
      {"a\\%{b", "a%{b", ""},
  };
  for (const Case& c : cases)
    EXPECT_EQ(taken(c.pattern, c.text), c.expected) << c.pattern << " on " << c.text;
}

TEST(Pattern, OptionalAndAlternatives) {
  EXPECT_EQ(taken("a[[ %{int:n}]] b", "a 5 b"), "n=5");
  EXPECT_EQ(taken("a[[ %{int:n}]] b", "a b"), "");
  EXPECT_EQ(taken("[[x%{int:n}||y%{word:w}]]!", "yes!"), "w=es");
  EXPECT_EQ(taken("[[x||y]]!", "!"), "-");
  EXPECT_EQ(taken("[[x||y||]]!", "!"), "");
  EXPECT_EQ(taken("%{notspace:h}[[:%{int:p}]] end", "a:1 end"), "h=a p=1");
  EXPECT_EQ(taken("%{notspace:h}[[:%{int:p}]] end", "a end"), "h=a");
  EXPECT_EQ(taken("[[a[[b[[c]]]]]]d", "abcd"), "");
  EXPECT_EQ(taken("[[a[[b[[c]]]]]]d", "abd"), "");
  EXPECT_EQ(taken("%{>SRC} to %{>SRC}", "1.1.1.1 to 2.2.2.2", {{"SRC", "%{ip:i}"}}),
            "i=1.1.1.1 i=2.2.2.2");
}

TEST(Pattern, WhatFollowsAValueEndsIt) {
  EXPECT_EQ(taken("%{data:d}[[ x||;%{rest}]]", "a b x"), "d=a b");
  EXPECT_EQ(taken("%{data:d}[[ x||;%{rest}]]", "a b; c"), "d=a b");
  EXPECT_EQ(taken("%{data:d}[[ x||;]]", "a b c"), "-");
  EXPECT_EQ(taken("%{data:d}[[ x]]", "a b"), "d=a b");
  EXPECT_EQ(taken("[[-||%{data:d}]] [%{int:n}]", "a b [5]"), "d=a b n=5");
  EXPECT_EQ(taken("[[-||%{data:d}]] [%{int:n}]", "a [b [5]"), "d=a [b n=5");
  EXPECT_EQ(taken("%{data:d}   [%{int:n}]", "a  b \t [5]"), "d=a  b n=5");
  EXPECT_EQ(taken("%{notspace:s}[[(%{int:n})]] end", "ab(5) end"), "s=ab n=5");
  EXPECT_EQ(taken("%{notspace:s}[[(%{int:n})]] end", "ab(c) end"), "s=ab(c)");
  EXPECT_EQ(taken("%{notspace:s}%{[0-9]:n}", "ab12"), "s=ab n=12");
  EXPECT_EQ(taken("%{notspace:s}%{[0-9]:n}", "a b12"), "-");
}

TEST(Pattern, CannotFitWithoutItsTexts) {
  const auto fits = [](std::string_view pattern, std::string_view text) {
    return may_fit(*Pattern::compile(pattern, {}, ""), text);
  };
  EXPECT_FALSE(fits("%{data}segfault at %{rest}", "a fault at"));
  EXPECT_FALSE(fits("%{data}, %{rest}", "a,b"));
  EXPECT_TRUE(fits("%{data}, %{rest}", "a,\tb"));
  EXPECT_TRUE(fits("[[one||two]] %{(three|four)}", "five"));
  EXPECT_FALSE(fits("[[one||two]] x=", "five"));
}

TEST(Pattern, RefusesWhatIsWrong) {
  for (const std::string_view text :
       {"%{int:a", "%{nothing:a}", "[[a", "a]]", "%{(a|):x}", "%{[]:x}", "%{>X}", "%{[z-a]:x}"}) {
    EXPECT_FALSE(Pattern::compile(text, {}, "").has_value()) << text;
  }
  EXPECT_FALSE(Pattern::compile("%{>X}", {{"X", "%{>X}"}}, "").has_value());
}

TEST(Pattern, IsBounded) {
  std::string pattern;
  for (int i = 0; i < 40; ++i) pattern += "%{data}a";
  pattern += "b";
  EXPECT_EQ(taken(pattern, std::string(100'000, 'a')), "gave up");
}

TEST(Dissect, Keys) {
  const auto dissect = [](std::string_view pattern, std::string_view text) {
    const auto made = Pattern::compile_dissect(pattern, "");
    if (!made) return made.error().what;
    std::vector<Capture> captures;
    bool gave_up = false;
    std::uint32_t tries = Pattern::kTriesMax;
    if (!made->match(text, captures, tries, gave_up)) return std::string("-");
    std::string all;
    for (const Capture& capture : captures) {
      all += std::string(field_name(made->values()[capture.value].field)) + "=" +
             std::string(text.substr(capture.begin, capture.end - capture.begin)) + ";";
    }
    return all;
  };
  EXPECT_EQ(dissect("%{a} [%{b}] %{c}", "x [y z] w v"), "a=x;b=y z;c=w v;");
  EXPECT_EQ(dissect("%{a->} %{b}", "x    y"), "a=x;b=y;");
  EXPECT_EQ(dissect("%{} %{?s} %{b}", "x y z"), "b=z;");
  EXPECT_EQ(dissect("<%{a}>", "x"), "-");
  EXPECT_NE(dissect("%{a}%{b}", "x").find("text between"), std::string::npos);
}

std::string date(std::string_view format, std::string_view text, std::int32_t zone_offset_s = 0) {
  const auto made = DateFormat::compile(format);
  if (!made) return made.error().what;
  const auto time = made->read(text, kReceived, zone_offset_s);
  return time ? format_time(*time) : "-";
}

TEST(Dates, Formats) {
  EXPECT_EQ(date("yyyy-MM-dd HH:mm:ss", "2026-03-01 10:00:01", 3600), "2026-03-01T09:00:01Z");
  EXPECT_EQ(date("yyyy-MM-dd HH:mm:ss Z", "2026-03-01 10:00:01 +0700"), "2026-03-01T03:00:01Z");
  EXPECT_EQ(date("dd/MMM/yyyy:HH:mm:ss Z", "10/Oct/2000:13:55:36 -0700"), "2000-10-10T20:55:36Z");
  EXPECT_EQ(date("MMM d HH:mm:ss", "Mar  1 10:00:01"), "2026-03-01T10:00:01Z");
  EXPECT_EQ(date("MMM d HH:mm:ss", "Dec 31 23:00:00"), "2025-12-31T23:00:00Z");
  EXPECT_EQ(date("MMM d HH:mm:ss", "Jun  1 10:00:00"), "2025-06-01T10:00:00Z");
  EXPECT_EQ(date("MMM d HH:mm:ss", "Mar  5 10:00:00"), "2026-03-05T10:00:00Z");
  EXPECT_EQ(date("MMM d HH:mm:ss", "Feb 29 10:00:00"), "2024-02-29T10:00:00Z");
  EXPECT_EQ(date("M/d/yyyy h:mm:ss a", "3/1/2026 1:02:03 PM"), "2026-03-01T13:02:03Z");
  EXPECT_EQ(date("M/d/yy h:mm a", "3/1/26 12:02 am"), "2026-03-01T00:02:00Z");
  EXPECT_EQ(date("EEE MMM dd HH:mm:ss yyyy", "Sun Mar 01 10:00:00 2026"), "2026-03-01T10:00:00Z");
  EXPECT_EQ(date("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2026-03-01T10:00:00.25-08:00"),
            "2026-03-01T18:00:00.250Z");
  EXPECT_EQ(date("yyyy/MM/dd HH:mm:ss zzz", "2026/03/01 10:00:00 EST"), "2026-03-01T15:00:00Z");
  EXPECT_EQ(date("epoch", "1772366400.5"), "2026-03-01T12:00:00.500Z");
  EXPECT_EQ(date("epoch_ms", "1772366400123"), "2026-03-01T12:00:00.123Z");
  EXPECT_EQ(date("epoch_us", "1772366400000001"), "2026-03-01T12:00:00.000001Z");
  EXPECT_EQ(date("epoch_ns", "1772366400000000001"), "2026-03-01T12:00:00.000000001Z");
  EXPECT_EQ(date("auto", "2026-03-01T10:00:00+0100"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(date("yyyy-MM-dd", "2026-02-30"), "-");
  EXPECT_EQ(date("epoch", "99999999999999999999"), "-");
  EXPECT_EQ(date("yyyy-QQ", "x"), "a date format knows no letter Q");
}

TEST(Networks, Addresses) {
  const auto split = [](std::string_view text) {
    const HostPort parts = split_address(text);
    return std::string(parts.host) + "|" + std::string(parts.port);
  };
  EXPECT_EQ(split("192.0.2.1:80"), "192.0.2.1|80");
  EXPECT_EQ(split("[::1]:80"), "::1|80");
  EXPECT_EQ(split("::1"), "::1|");
  EXPECT_EQ(split("name"), "name|");
  EXPECT_EQ(split("name:x"), "name:x|");
  EXPECT_EQ(split("192.0.2.1/443"), "192.0.2.1|443");
  EXPECT_EQ(split("192.0.2.1(443)"), "192.0.2.1|443");
  EXPECT_TRUE(contains(*network_of("10.0.0.0/8"), *address_of("10.255.0.1")));
  EXPECT_FALSE(contains(*network_of("10.0.0.0/8"), *address_of("11.0.0.1")));
  EXPECT_TRUE(contains(*network_of("fe80::/10"), *address_of("febf::1")));
  EXPECT_FALSE(network_of("10.0.0.0/33").has_value());
}

// Whatever the networks are, the set says what each of them says.
TEST(Network, ASetHasWhatOneOfItsNetworksHas) {
  const std::vector<std::string> networks = {"10.0.0.0/8",  "172.16.0.0/12", "192.168.0.0/16",
                                             "203.0.113.7", "0.0.0.0/32",    "fe80::/10",
                                             "::1",         "::ffff:0:0/97", "255.255.255.255/31"};
  std::vector<std::string> addresses = {
      "::1", "::2", "fe80::1", "::ffff:1.2.3.4", "::ffff:128.2.3.4", "2001:db8::1", "fe80::1%eth0"};
  for (int first = 0; first < 256; ++first) {
    for (const char* rest : {".0.0.0", ".15.255.255", ".16.0.1", ".31.9.9", ".32.0.0", ".168.1.1",
                             ".0.113.7", ".255.255.254"})
      addresses.push_back(std::to_string(first) + rest);
  }
  for (unsigned chosen = 1; chosen < 1U << networks.size(); chosen += 3) {
    NetworkSet set;
    for (std::size_t i = 0; i < networks.size(); ++i)
      if ((chosen >> i & 1U) != 0) set.add(*network_of(networks[i]));
    for (const std::string& address : addresses) {
      bool expected = false;
      for (std::size_t i = 0; i < networks.size(); ++i)
        expected |=
            (chosen >> i & 1U) != 0 && contains(*network_of(networks[i]), *address_of(address));
      ASSERT_EQ(set.has(address), std::optional(expected)) << address << " " << chosen;
    }
  }
  EXPECT_EQ(NetworkSet().has("10.0.0.1"), std::optional(false));
  EXPECT_EQ(NetworkSet().has("host"), std::nullopt);
}

// A definition of our own and the events that it makes.
class Defined {
 public:
  explicit Defined(const std::string& yaml) {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("picket-steps-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "own.yaml") << yaml;
    auto loaded = Catalog::load({folder.string()}, errors);
    std::filesystem::remove_all(folder);
    PICKET_CHECK(loaded.has_value());
    parser_.emplace(*loaded, true);
  }

  Json parse(std::string_view line) {
    batch_.clear();
    batch_.add(line, SourceId{0}, 0, kReceived);
    parser_->parse(batch_);
    return event_json(batch_, batch_.events().back(), "");
  }
  std::string text(std::string_view line, std::string_view name) {
    Json json = parse(line);
    const Json* at = &json;
    std::string rest(name);
    while (!rest.empty()) {
      const std::size_t dot = std::min(rest.find('.'), rest.size());
      const auto found = at->find(rest.substr(0, dot));
      if (found == at->end()) return "<none>";
      at = &*found;
      rest.erase(0, std::min(dot + 1, rest.size()));
    }
    return at->is_string() ? at->get<std::string>() : at->dump();
  }

  std::vector<std::string> errors;

 private:
  std::optional<Parser> parser_;
  Batch batch_;
};

const std::string kHead = "name: own\ndataset: own.log\nrecognise: {contains: ['@own ']}\n";

TEST(Steps, Values) {
  Defined d(kHead + R"(
constants: {event.kind: event, event.outcome: unknown}
fields: {srcip: source.ip}
steps:
  - pattern: '@own %{rest:_pairs}'
  - kv: {}
    field: _pairs
  - lookup: code
    table:
      a|b: {event.action: alpha, event.type: [start, info]}
      c: {event.action: gamma}
    default: {event.action: other}
  - set: {event.reason: "%{code} by %{user|=nobody}", event.outcome: success}
    when: code in [a, b] and not srcip starts_with 10.
  - convert: {n: int, p: "lower to network.protocol", d: duration to event.duration, m: mac to source.mac, h: hex}
  - split: list
    by: ";"
    to: user.roles
  - split: pair
    by: "/"
    to: [group.name, group.id]
  - append: {related.ip: ["%{source.ip}", "%{source.ip}"]}
  - url: u
    when: u
  - address: {peer: destination}
  - transport: proto
  - direction: [source.ip, destination.ip]
  - hash: {sum: file}
  - copy: {user: user.name}
  - rename: {old: new}
  - remove: [gone, wipe_*]
  - date: when
    formats: [epoch]
)");
  ASSERT_TRUE(d.errors.empty()) << d.errors[0];
  const std::string line =
      "@own code=a srcip=192.0.2.1 user=ann n=7.0 p=HTTP d=0:01:02 m=001122aabbcc h=0x10 "
      "list=x;y;;z pair=staff/4 "
      "u=https://bob@www.example.org:8443/a/b.php?q=1#f peer=198.51.100.1:53 proto=17 "
      "sum=SHA256=0123456789012345678901234567890123456789012345678901234567890123 old=1 gone=1 "
      "wipe_a=1 when=1772366400";
  const auto is = [&](std::string_view name, std::string_view value) {
    EXPECT_EQ(d.text(line, name), value) << name;
  };
  is("picket.parse_status", "parsed");
  is("@timestamp", "2026-03-01T12:00:00Z");
  is("event.action", "alpha");
  is("event.type", R"(["start","info"])");
  is("event.reason", "a by ann");
  is("event.outcome", "success");
  is("event.kind", "event");
  is("srcip", "192.0.2.1");
  is("source.ip", "192.0.2.1");
  is("n", "7");
  is("network.protocol", "http");
  is("event.duration", "62000000000");
  is("source.mac", "00-11-22-AA-BB-CC");
  is("h", "16");
  is("user.roles", R"(["x","y","z"])");
  is("group.name", "staff");
  is("group.id", "4");
  is("related.ip", R"(["192.0.2.1"])");
  is("url.domain", "www.example.org");
  is("url.port", "8443");
  is("url.path", "/a/b.php");
  is("url.query", "q=1");
  is("url.extension", "php");
  is("url.username", "bob");
  is("destination.ip", "198.51.100.1");
  is("destination.port", "53");
  is("network.transport", "udp");
  is("network.iana_number", "17");
  is("network.direction", "external");
  is("file.hash.sha256", "0123456789012345678901234567890123456789012345678901234567890123");
  is("new", "1");
  is("old", "<none>");
  is("gone", "<none>");
  is("wipe_a", "<none>");
  is("_pairs", "<none>");
  EXPECT_EQ(d.text("@own code=z srcip=10.0.0.1", "event.action"), "other");
  EXPECT_EQ(d.text("@own code=z srcip=10.0.0.1", "event.outcome"), "unknown");
  EXPECT_EQ(d.text("@own code=b srcip=192.0.2.1", "event.reason"), "b by nobody");
}

TEST(Steps, NamesThatComeAgain) {
  Defined d(kHead + R"(
steps:
  - pattern: '@own %{rest:_pairs}'
  - kv: {}
    field: _pairs
  - copy: {user: user.name, group: [group.name, user.group.name]}
  - rename: {old: new}
  - convert: {n: int, host: "lower to host.name"}
)");
  ASSERT_TRUE(d.errors.empty()) << d.errors[0];
  const std::string line = "@own user=ann user=bob group=a old=1 old=2 n=07 n=x n=8 host=A host=B";
  EXPECT_EQ(d.text(line, "user.name"), R"(["ann","bob"])");
  EXPECT_EQ(d.text(line, "group.name"), "a");
  EXPECT_EQ(d.text(line, "user.group.name"), "a");
  EXPECT_EQ(d.text(line, "new"), R"(["1","2"])");
  EXPECT_EQ(d.text(line, "old"), "<none>");
  EXPECT_EQ(d.text(line, "n"), "[7,8]") << "what cannot be converted goes away";
  EXPECT_EQ(d.text(line, "host.name"), R"(["a","b"])");
}

TEST(Steps, OneOfSeveralAndSeveralOfOne) {
  Defined d(
      "name: own\ndataset: own.log\nrecognise: {json: {own: '*'}}\n"
      R"(
format: json
steps:
  - sum: {network.bytes: [in, out], none: [x, y]}
  - collect: {"a*": process.args}
  - pairs: {name: p.name, value: [p.value, p.many]}
    prefix: own_
  - replace: answers
    by: [['type:\s*(\d+) [^;]*;', 'T$1;'], ['::ffff:([\d.]+);', '$1;']]
    to: replaced
  - convert:
      file: [basename to file.name, dirname to file.directory]
      line: args to own_args
      agent: plus_blank to own_agent
  - hash: {sums: file}
)");
  ASSERT_TRUE(d.errors.empty()) << d.errors[0];
  const std::string line =
      R"json({"own":1,"in":"10","out":32,"y":"many","a10":"k","a0":"ls","a2":"-l","ab":"no",)json"
      R"json("p":[{"name":"User Type","value":"x"},{"name":"empty"},{"name":"roles","many":["r","s"]},)json"
      R"json({"value":"lost"}],"answers":"type:  5 a.example;::ffff:192.0.2.1;","file":"C:\\t\\x.exe",)json"
      R"json("line":"\"C:\\a b\" /c  dir","agent":"Mozilla/5.0+(X11)",)json"
      R"json("sums":"MD5=ABCDEF0123456789ABCDEF0123456789"})json";
  const auto is = [&](std::string_view name, std::string_view value) {
    EXPECT_EQ(d.text(line, name), value) << name;
  };
  is("network.bytes", "42");
  is("none", "<none>");
  is("process.args", R"(["ls","-l","k"])");
  is("own_UserType", "x");
  is("own_empty", "<none>");
  is("own_roles", R"(["r","s"])");
  is("replaced", "T5;192.0.2.1;");
  is("answers", "type:  5 a.example;::ffff:192.0.2.1;");
  is("file.name", "x.exe");
  is("file.directory", "C:\\t");
  is("own_args", R"(["\"C:\\a b\"","/c","dir"])");
  is("own_agent", "Mozilla/5.0 (X11)");
  is("file.hash.md5", "abcdef0123456789abcdef0123456789");
}

TEST(Steps, AnObjectOfAnArrayWrittenByLine) {
  Defined d(
      "name: own\ndataset: own.log\nformat: json\nrecognise: {json: {own: '*'}}\n"
      "fields: {list.id: rule.id}\n");
  ASSERT_TRUE(d.errors.empty()) << d.errors[0];
  for (const std::string line : {R"({"own":1,"a":"b"})", R"([{"own":1,"a":"b"},)",
                                 R"({"own":1,"a":"b"},)", R"(,{"own":1,"a":"b"}])"}) {
    EXPECT_EQ(d.text(line, "event.dataset"), "own.log") << line;
    EXPECT_EQ(d.text(line, "a"), "b") << line;
    EXPECT_EQ(d.text(line, "event.original"), line);
  }
  EXPECT_EQ(d.text(R"({"foo":1})", "event.dataset"), "<none>") << "it asks for a key";
  EXPECT_EQ(d.text(R"({"own":1,"list":[{"id":"x"},{"id":"y"},{"id":"x"}]})", "rule.id"),
            R"(["x","y"])");
  EXPECT_EQ(d.text(R"({"own":1,"list":[{"id":"x"}]})", "rule.id"), "x");
}

TEST(Steps, ConstantsOfWindowsEventsBehindSteps) {
  Defined d(
      "name: own\ndataset: own.log\nformat: windows\nrecognise: {channel: [Security]}\n"
      "events:\n  1: {outcome: failure}\n  2: {action: two}\n"
      "steps:\n  - set: {event.outcome: success}\n    when: Status == ok\n");
  ASSERT_TRUE(d.errors.empty()) << d.errors[0];
  const auto outcome = [&](const std::string& id, const std::string& status) {
    return d.text(R"({"EventID":)" + id + R"(,"Channel":"Security","Status":")" + status + "\"}",
                  "event.outcome");
  };
  EXPECT_EQ(outcome("1", "bad"), "failure");
  EXPECT_EQ(outcome("1", "ok"), "success");
  EXPECT_EQ(outcome("2", "bad"), "<none>");
}

TEST(Steps, SwitchFailureAndEvents) {
  Defined d(kHead + R"(
events_by: [kind, verb]
events:
  a: {action: any-a}
  a/x: {action: a-x, fields: {who: user.name}}
steps:
  - dissect: '@own %{kind} %{verb} %{_rest}'
  - switch: verb
    cases:
      x|y: [{pattern: 'user %{word:who}', field: _rest}]
      z*: [{set: {event.reason: zed}}]
      end: [{stop: {}}]
      no: [{fail: not ours}]
    default:
      - pattern: 'nothing'
        field: _rest
        on_failure: [{set: {event.reason: other}}]
  - set: {done: yes}
)");
  ASSERT_TRUE(d.errors.empty()) << d.errors[0];
  EXPECT_EQ(d.text("@own a x user bob", "user.name"), "bob");
  EXPECT_EQ(d.text("@own a x user bob", "event.action"), "a-x");
  EXPECT_EQ(d.text("@own a y user bob", "event.action"), "any-a");
  EXPECT_EQ(d.text("@own a y user bob", "who"), "bob");
  EXPECT_EQ(d.text("@own a zeta q", "event.reason"), "zed");
  EXPECT_EQ(d.text("@own a other q", "event.reason"), "other");
  EXPECT_EQ(d.text("@own a end q", "done"), "<none>");
  EXPECT_EQ(d.text("@own a other q", "done"), "yes");
  // What its definition does not understand is still its own, and partial.
  EXPECT_EQ(d.text("@own a x something", "picket.parse_status"), "partial");
  EXPECT_EQ(d.text("@own a x something", "event.dataset"), "own.log");
  EXPECT_EQ(d.text("@own a no q", "kind"), "<none>");
  EXPECT_EQ(d.text("nobody's", "picket.parse_status"), "raw");
}

TEST(Steps, CsvByType) {
  Defined d(kHead + R"(
steps:
  - csv:
      by: 2
      types:
        T: ["", type, source.ip, destination.ip]
        U: ["", type, user.name]
    null: ["-"]
)");
  ASSERT_TRUE(d.errors.empty()) << d.errors[0];
  EXPECT_EQ(d.text("@own ,T,192.0.2.1,-", "source.ip"), "192.0.2.1");
  EXPECT_EQ(d.text("@own ,T,192.0.2.1,-", "destination.ip"), "<none>");
  EXPECT_EQ(d.text("@own ,U,\"a, b\"", "user.name"), "a, b");
  EXPECT_EQ(d.text("@own ,V,x", "picket.parse_status"), "partial");
}

TEST(Steps, JsonInAField) {
  Defined d(kHead + R"(
steps:
  - pattern: '@own %{rest:_json}'
  - json: {}
    field: _json
    prefix: own.
  - copy: {own.user.name: user.name}
)");
  ASSERT_TRUE(d.errors.empty()) << d.errors[0];
  EXPECT_EQ(d.text(R"(@own {"user":{"name":"a\u00e9"},"n":5})", "user.name"), "a\xC3\xA9");
  EXPECT_EQ(d.text(R"(@own {"user":{"name":"a"},"n":5})", "own.n"), "5");
  EXPECT_EQ(d.text(R"(@own {"user":)", "picket.parse_status"), "partial");
}

TEST(Steps, BoundsAreMarked) {
  Defined d(kHead + "steps:\n  - kv: {}\n");
  std::string line = "@own ";
  for (int i = 0; i < 1500; ++i) line += "k" + std::to_string(i) + "=v ";
  EXPECT_EQ(d.text(line, "picket.parse_status"), "partial");
  EXPECT_EQ(d.text(line, "k0"), "v");
}

TEST(Steps, RefusesWhatIsWrong) {
  const auto error = [](const std::string& steps) {
    Defined d(kHead + "steps:\n" + steps);
    if (d.errors.empty()) return std::string("accepted");
    return d.errors[0].substr(d.errors[0].rfind('/') + 1);
  };
  EXPECT_EQ(error("  - pattern: '%{int:a'\n"), "own.yaml:5: a %{ without its }");
  EXPECT_EQ(error("  - nothing: x\n").substr(0, 35), "own.yaml:5: a step without a verb; ");
  EXPECT_EQ(error("  - kv: {}\n    set: {a: b}\n").substr(0, 32),
            "own.yaml:5: a step has one verb;");
  EXPECT_EQ(error("  - kv: {stile: x}\n").substr(0, 28), "own.yaml:5: unknown key stil");
  EXPECT_EQ(error("  - kv: {}\n    when: a ==\n").substr(0, 39),
            "own.yaml:6: condition: a value is expec");
  EXPECT_EQ(error("  - regex: '(a'\n").substr(0, 30), "own.yaml:5: regular expression");
  EXPECT_EQ(error("  - convert: {a: integr}\n"), "own.yaml:5: there is no conversion integr");
  EXPECT_EQ(error("  - lookup: a\n"), "own.yaml:5: lookup needs a table or a file");
  EXPECT_EQ(error("  - lookup: a\n    file: ../x.csv\n").substr(0, 30),
            "own.yaml:6: a table is a file ");
  EXPECT_EQ(error("  - date: a\n    formats: [yyyy-QQ]\n"),
            "own.yaml:5: a date format knows no letter Q");
  EXPECT_EQ(error("  - direction: [a, b]\n    internal: [x]\n"), "own.yaml:5: 'x' is no network");
  EXPECT_EQ(error("  - set: {'a b': c}\n"), "own.yaml:5: 'a b' is no field name");
  EXPECT_EQ(error("  - kv: {}\n    on_failure: maybe\n").substr(0, 24), "own.yaml:6: on_failure i");
  EXPECT_EQ(error("  - collect: {a: b}\n"), "own.yaml:5: a name with a star is expected");
  EXPECT_EQ(error("  - pairs: {name: a}\n"),
            "own.yaml:5: pairs needs the fields of name and value");
  EXPECT_EQ(error("  - replace: a\n"), "own.yaml:5: by: a list of [pattern, text] is expected");
  EXPECT_EQ(error("  - replace: a\n    by: [['(', b]]\n").substr(0, 30),
            "own.yaml:6: regular expression");
  std::string deep = "  - when: a\n    steps: []\n";
  EXPECT_EQ(error(deep), "accepted");
}

TEST(Conditions, Tests) {
  struct Case {
    std::string_view when;
    bool holds;
  };
  const std::vector<Case> cases = {{"a", true},
                                   {"b", false},
                                   {"not b", true},
                                   {"a == x1", true},
                                   {"a != x1", false},
                                   {"b != x1", true},
                                   {"a in [y, 'x1']", true},
                                   {"a not in [y, z]", true},
                                   {"n > 5 and n <= 10", true},
                                   {"n < 5 or a ends_with 1", true},
                                   {"a == X1", false},
                                   {"a == X1 nocase", true},
                                   {"a matches /^x\\d$/", true},
                                   {"(b or a) and not (b and a)", true},
                                   {"i is_ip", true},
                                   {"a is_ip", false},
                                   {"message contains '@own'", true},
                                   {"record starts_with @own", true},
                                   {"a exists", true}};
  for (const Case& c : cases) {
    Defined d(
        kHead + "steps:\n  - kv: {}\n  - set: {done: yes}\n    when: \"" +
        std::string(c.when.find('\\') == std::string_view::npos ? c.when : "a matches /^x.$/") +
        "\"\n");
    ASSERT_TRUE(d.errors.empty()) << d.errors[0];
    EXPECT_EQ(d.text("@own a=x1 n=10 i=192.0.2.1", "done"), c.holds ? "yes" : "<none>") << c.when;
  }
}

}  // namespace
}  // namespace picket::parsers
