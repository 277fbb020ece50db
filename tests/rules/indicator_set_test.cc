#include "rules/indicators/set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/time.h"
#include "indicator_feed.h"
#include "rules/compiler.h"
#include "rules/evaluation.h"

namespace picket::rules {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::int64_t at(std::string_view time) {
  return parse_time(time)->time_ns;
}

std::shared_ptr<const IndicatorSet> set_of(std::string_view text, std::string_view format = "list",
                                           IndicatorFeed feed = {.name = "feed",
                                                                 .level = Level::kHigh}) {
  IndicatorSetBuilder builder;
  builder.begin_feed(feed, format);
  read_feed(text, format, builder);
  builder.end_feed("hash");
  return builder.finish();
}

// One event with these fields, in a batch of its own.
class OneEvent {
 public:
  OneEvent(const Fields& fields, std::int64_t time_ns) : texts_(fields) {
    batch_.add("raw", SourceId{}, 0, 0);
    batch_.begin_event().time_ns = time_ns;
    for (const auto& [name, value] : texts_)
      batch_.push(*intern_field(name), std::string_view(value));
  }
  Batch& batch() { return batch_; }
  const Event& event() { return batch_.events().front(); }

 private:
  Fields texts_;
  Batch batch_;
};

// "field=value[span] type pattern" for each match of all rules.
std::vector<std::string> matches(const IndicatorSet& set, const Fields& fields,
                                 std::int64_t time_ns = 0) {
  OneEvent one(fields, time_ns);
  std::vector<std::uint32_t> rules;
  IndicatorMemo memo;
  set.match(one.batch(), one.event(), 100, memo, rules);
  std::vector<std::string> found;
  for (std::uint32_t rule = 0; rule < set.rule_count(); ++rule) {
    const std::vector<Match> proof = set.explain(one.batch(), one.event(), rule);
    EXPECT_EQ(!proof.empty(), std::find(rules.begin(), rules.end(), rule + 100) != rules.end());
    for (const Match& match : proof) {
      found.push_back(match.field + "=" + match.value.substr(match.begin, match.end - match.begin) +
                      " " + match.indicator->type + " " + match.indicator->value);
    }
  }
  return found;
}

using Found = std::vector<std::string>;

TEST(IndicatorSet, DomainsMatchThemselvesAndWhatIsUnderThem) {
  const auto set = set_of("evil.example\nb.evil.example\n");
  EXPECT_EQ(matches(*set, {{"dns.question.name", "EVIL.example."}}),
            (Found{"dns.question.name=EVIL.example domain evil.example"}));
  EXPECT_EQ(matches(*set, {{"dns.question.name", "a.b.evil.example"}}),
            (Found{"dns.question.name=evil.example domain evil.example",
                   "dns.question.name=b.evil.example domain b.evil.example"}));
  for (const char* other : {"notevil.example", "evil.example.org", "example", "evil-example",
                            "xevil.example", ".evil.example", "a..evil.example", "", "."}) {
    EXPECT_EQ(matches(*set, {{"dns.question.name", other}}), Found{}) << other;
  }
  EXPECT_EQ(matches(*set, {{"process.name", "evil.example"}}), Found{});  // not a host name
}

TEST(IndicatorSet, AddressesAndNetworks) {
  const auto set =
      set_of("203.0.113.7\n198.51.100.0/25\n2001:db8::7\n2001:db8:1::/48\n10.0.0.0/8\n");
  EXPECT_EQ(matches(*set, {{"source.ip", "203.0.113.7"}}),
            (Found{"source.ip=203.0.113.7 ip 203.0.113.7"}));
  EXPECT_EQ(matches(*set, {{"source.ip", "::ffff:203.0.113.7"}}),
            (Found{"source.ip=::ffff:203.0.113.7 ip 203.0.113.7"}));
  EXPECT_EQ(matches(*set, {{"destination.ip", "198.51.100.127"}}),
            (Found{"destination.ip=198.51.100.127 cidr 198.51.100.0/25"}));
  EXPECT_EQ(matches(*set, {{"destination.ip", "198.51.100.128"}}), Found{});
  EXPECT_EQ(matches(*set, {{"destination.ip", "10.255.0.1"}}),
            (Found{"destination.ip=10.255.0.1 cidr 10.0.0.0/8"}));
  EXPECT_EQ(matches(*set, {{"source.ip", "2001:DB8:0::0007"}}),
            (Found{"source.ip=2001:DB8:0::0007 ip 2001:db8::7"}));
  EXPECT_EQ(matches(*set, {{"source.ip", "2001:db8:1:ffff::1"}}),
            (Found{"source.ip=2001:db8:1:ffff::1 cidr 2001:db8:1::/48"}));
  EXPECT_EQ(matches(*set, {{"source.ip", "2001:db8:2::1"}}), Found{});
  EXPECT_EQ(matches(*set, {{"source.ip", "203.0.113.70"}, {"host.ip", "not an address"}}), Found{});
  EXPECT_EQ(matches(*set, {{"url.domain", "203.0.113.7"}}),
            (Found{"url.domain=203.0.113.7 ip 203.0.113.7"}));
}

TEST(IndicatorSet, UrlsAndTheHostsInThem) {
  const auto set = set_of("http://evil.example/a?b=C\nother.example/x\nhost.example\n192.0.2.1\n");
  EXPECT_EQ(matches(*set, {{"url.full", "HTTP://EVIL.example:80/a?b=C#x"}}),
            (Found{"url.full=HTTP://EVIL.example:80/a?b=C#x url http://evil.example/a?b=C"}));
  EXPECT_EQ(matches(*set, {{"url.full", "http://evil.example/a?b=c"}}), Found{});
  EXPECT_EQ(matches(*set, {{"url.full", "https://evil.example/a?b=C"}}), Found{});
  EXPECT_EQ(matches(*set, {{"url.original", "https://other.example/x"}}),
            (Found{"url.original=https://other.example/x url //other.example/x"}));
  EXPECT_EQ(matches(*set, {{"url.original", "http://u@a.host.example:8080/"}}),
            (Found{"url.original=host.example domain host.example"}));
  EXPECT_EQ(matches(*set, {{"url.original", "http://192.0.2.1/x"}}),
            (Found{"url.original=192.0.2.1 ip 192.0.2.1"}));
  EXPECT_EQ(matches(*set, {{"url.original", "/host.example/x"}}), Found{});
}

TEST(IndicatorSet, Hashes) {
  const std::string md5(32, 'a'), sha1(40, 'b'), sha256(64, 'c'), imphash(32, 'd');
  const auto list = set_of(md5 + "\n" + sha1 + "\n" + sha256 + "\n");
  const auto csv = set_of("type,value\nmd5," + md5 + "\nimphash," + imphash + "\n", "csv");
  const std::string sysmon =
      "SHA1=" + std::string(40, 'B') + ",MD5=" + md5 + ",SHA256=" + sha256 + ",IMPHASH=" + imphash;
  EXPECT_EQ(matches(*list, {{"Hashes", sysmon}}).size(), 3u);
  EXPECT_EQ(matches(*list, {{"Hashes", sysmon}})[0],
            "Hashes=" + std::string(40, 'B') + " sha1 " + sha1);
  EXPECT_EQ(matches(*csv, {{"Hashes", sysmon}}),
            (Found{"Hashes=" + md5 + " md5 " + md5, "Hashes=" + imphash + " imphash " + imphash}));
  EXPECT_EQ(matches(*csv, {{"file.hash.md5", imphash}}), Found{});
  EXPECT_EQ(matches(*csv, {{"file.pe.imphash", imphash}}).size(), 1u);
  EXPECT_EQ(matches(*list, {{"file.pe.imphash", md5}}).size(),
            1u);  // the list does not say what it is
  EXPECT_EQ(matches(*list, {{"process.hash.sha256", sha256}, {"file.hash.md5", sha256}}).size(),
            1u);
  EXPECT_EQ(matches(*list, {{"Hashes", md5}}).size(), 1u);
  EXPECT_EQ(matches(*list, {{"Hashes", "MD5=" + sha256 + ",,=,SHA1"}}), Found{});
}

TEST(IndicatorSet, TextsOfSeveralHosts) {
  const auto set = set_of("evil.example\n192.0.2.1\n");
  EXPECT_EQ(matches(*set, {{"QueryResults", "type:  5 cdn.evil.example;::ffff:192.0.2.1;"}}),
            (Found{"QueryResults=evil.example domain evil.example",
                   "QueryResults=::ffff:192.0.2.1 ip 192.0.2.1"}));
}

TEST(IndicatorSet, EventTimeDecidesWhatIsValid) {
  const auto set = set_of(
      "value,valid_from,valid_until\nevil.example,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z\n",
      "csv");
  const Fields fields = {{"dns.question.name", "evil.example"}};
  EXPECT_EQ(matches(*set, fields, at("2025-12-31T23:59:59.999999999Z")).size(), 0u);
  EXPECT_EQ(matches(*set, fields, at("2026-01-01T00:00:00Z")).size(), 1u);
  EXPECT_EQ(matches(*set, fields, at("2026-01-31T23:59:59.999999999Z")).size(), 1u);
  EXPECT_EQ(matches(*set, fields, at("2026-02-01T00:00:00Z")).size(), 0u);

  const std::int64_t day = 24LL * 3600 * 1'000'000'000;
  const auto limited =
      set_of("value,valid_from\na.example,2026-01-01\nb.example,\n", "csv",
             {.name = "f", .expires_ns = at("2026-03-01T00:00:00Z"), .valid_for_ns = 10 * day});
  EXPECT_EQ(matches(*limited, {{"url.domain", "a.example"}}, at("2026-01-10T23:00:00Z")).size(),
            1u);
  EXPECT_EQ(matches(*limited, {{"url.domain", "a.example"}}, at("2026-01-11T00:00:00Z")).size(),
            0u);
  EXPECT_EQ(matches(*limited, {{"url.domain", "b.example"}}, at("2026-02-28T00:00:00Z")).size(),
            1u);
  EXPECT_EQ(matches(*limited, {{"url.domain", "b.example"}}, at("2026-03-01T00:00:00Z")).size(),
            0u);
  const auto never =
      set_of("value,valid_from,valid_until\na.example,2026-02-01,2026-01-01\n", "csv");
  EXPECT_EQ(never->size(), 0u);
}

TEST(IndicatorSet, ProofSaysWhatTheFeedSays) {
  const std::string id = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
  const auto set = set_of(
      R"({"objects":[{"type":"identity","id":"identity--1","name":"CERT"},{"type":"indicator","id":")" +
          id +
          R"(","created_by_ref":"identity--1","name":"C2","confidence":80,"valid_from":"2026-01-01T00:00:00Z",
                              "pattern":"[domain-name:value='evil.example']"}]})",
      "stix", {.name = "cert"});
  OneEvent one({{"url.domain", "evil.example"}}, at("2026-01-02T00:00:00Z"));
  const std::vector<Match> proof = set->explain(one.batch(), one.event(), 0);
  ASSERT_EQ(proof.size(), 1u);
  EXPECT_EQ(set->identity(0).id, "indicators.cert.high");
  EXPECT_EQ(proof[0].selection, "domain");
  EXPECT_EQ(proof[0].rule_field, "evil.example");
  const Indicator expected = {.type = "domain",
                              .value = "evil.example",
                              .source = "CERT",
                              .confidence = 80,
                              .valid_from_ns = at("2026-01-01T00:00:00Z"),
                              .reference = id,
                              .description = "C2"};
  EXPECT_EQ(*proof[0].indicator, expected);
  Alert alert;
  alert.id = "x";
  alert.kind = AlertKind::kIndicator;
  alert.matches = proof;
  const auto again = alert_from_json(to_json(alert));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->kind, AlertKind::kIndicator);
  EXPECT_EQ(again->matches[0].indicator, proof[0].indicator);
}

TEST(IndicatorSet, SameValueInSeveralFeeds) {
  IndicatorSetBuilder builder;
  for (const char* name : {"one", "two"}) {
    builder.begin_feed({.name = name}, "list");
    read_feed("evil.example\nEVIL.example\n", "list", builder);
    builder.end_feed("hash");
  }
  const auto set = builder.finish();
  EXPECT_EQ(set->repeated(), 2u);
  EXPECT_EQ(matches(*set, {{"url.domain", "evil.example"}}).size(), 2u);
  EXPECT_EQ(set->holding("www.evil[.]example").size(), 2u);
  EXPECT_EQ(set->holding("evil.example.org").size(), 0u);

  std::string many = "value,confidence,description\n";
  for (int i = 0; i < 1000; ++i) many += "a.example,50,d" + std::to_string(i) + "\n";
  const auto bounded = set_of(many, "csv");
  EXPECT_EQ(matches(*bounded, {{"url.domain", "a.example"}}).size(), IndicatorTable::kSameValueMax);
}

TEST(IndicatorSet, RulesOfARuleSet) {
  LoadedRules none;
  const auto compiled =
      compile_rules(std::move(none), Taxonomy::none(), {.indicators = set_of("evil.example\n203.0.113.0/24\n")});
  ASSERT_EQ(compiled.set->rule_count(), 1u);
  EXPECT_EQ(compiled.set->kind(0), AlertKind::kIndicator);
  EXPECT_TRUE(compiled.set->raises_alert(0));
  EXPECT_EQ(compiled.set->identity(0).id, "indicators.feed");
  EvaluationPtr evaluation = compiled.set->make_evaluation();
  OneEvent one({{"source.ip", "203.0.113.9"}, {"url.domain", "evil.example"}}, 0);
  compiled.set->evaluate(one.batch(), *evaluation);
  ASSERT_EQ(one.batch().hits().size(), 1u);  // the rule once, however many indicators
  EXPECT_EQ(compiled.set->explain(one.batch(), one.event(), 0).size(), 2u);
  EXPECT_EQ(compiled.set->field_value(one.batch(), one.event(), 0, "source.ip"), "203.0.113.9");
}

// The obvious reference: every indicator is compared with every value.
class Reference {
 public:
  struct Entry {
    std::string type, value;
    std::int64_t from, until;
    bool repeated = false;  // what a feed says twice counts once: the first of them
  };

  bool holds(const Entry& entry, const std::string& field, std::string value,
             std::int64_t time_ns) const {
    if (time_ns < entry.from || time_ns >= entry.until) return false;
    for (char& c : value) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (field == "file.hash.sha1") return entry.type == "sha1" && value == entry.value;
    const bool number = std::isdigit(static_cast<unsigned char>(value[0])) != 0;
    if (entry.type == "ip") return number && value == entry.value;
    if (entry.type == "cidr") return number && in_network(value, entry.value);
    if (entry.type != "domain" || number) return false;
    if (value.back() == '.') value.pop_back();
    return value == entry.value || value.ends_with("." + entry.value);
  }

 private:
  static std::uint32_t bits_of(const std::string& address) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    EXPECT_EQ(std::sscanf(address.c_str(), "%u.%u.%u.%u", &a, &b, &c, &d), 4);
    return a << 24 | b << 16 | c << 8 | d;
  }
  static bool in_network(const std::string& address, const std::string& network) {
    const std::size_t slash = network.find('/');
    const int bits = std::stoi(network.substr(slash + 1));
    for (int bit = 0; bit < bits; ++bit) {
      const std::uint32_t mask = 1u << (31 - bit);
      if ((bits_of(address) & mask) != (bits_of(network.substr(0, slash)) & mask)) return false;
    }
    return true;
  }
};

std::string indicator_words(const std::string& value) {
  IndicatorKey key;
  EXPECT_EQ(read_indicator(value, {}, key), nullptr);
  return indicator_text(key.type, key.bits, key.bytes);
}

class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}
  unsigned below(unsigned n) { return static_cast<unsigned>(random_()) % n; }
  std::string domain() {
    const char* kLabels[] = {"a", "b", "evil", "example", "com", "notevil"};
    std::string text = kLabels[below(6)];
    for (unsigned n = 1 + below(4); n > 0; --n) text += std::string(".") + kLabels[below(6)];
    return text;
  }
  std::string address() {
    return std::to_string(10 + below(2)) + "." + std::to_string(below(3)) + "." +
           std::to_string(below(3)) + "." + std::to_string(below(256));
  }
  std::string sha1() { return std::string(39, "abc"[below(3)]) + "0123456789abcdef"[below(16)]; }

 private:
  std::mt19937 random_;
};

TEST(IndicatorSet, AgreesWithTheObviousReference) {
  std::size_t hits = 0;
  for (unsigned seed = 0; seed < 10; ++seed) {
    Draw draw(seed);
    const Reference reference;
    std::vector<Reference::Entry> entries;
    std::set<std::string> said;
    std::string csv = "type,value,valid_from,valid_until,id\n";
    for (unsigned i = 0; i < 200; ++i) {
      Reference::Entry entry{"", "", draw.below(3) == 0 ? draw.below(50) : 0, 50 + draw.below(51)};
      switch (draw.below(4)) {
        case 0:
          entry.type = "domain", entry.value = draw.domain();
          break;
        case 1:
          entry.type = "ip", entry.value = draw.address();
          break;
        case 2:
          entry.type = "cidr",
          entry.value = draw.address() + "/" + std::to_string(1 + draw.below(31));
          break;
        default:
          entry.type = "sha1", entry.value = draw.sha1();
      }
      csv += entry.type + "," + entry.value + "," + std::to_string(entry.from) + "," +
             std::to_string(entry.until) + "," + std::to_string(i) + "\n";
      entry.from *= 1'000'000'000;
      entry.until *= 1'000'000'000;
      entry.repeated = !said.insert(entry.type + indicator_words(entry.value) +
                                    std::to_string(entry.from) + " " + std::to_string(entry.until))
                            .second;
      entries.push_back(entry);
    }
    const auto set = set_of(csv, "csv");
    IndicatorMemo memo;
    for (unsigned event = 0; event < 60; ++event) {
      std::string name = draw.domain();
      if (draw.below(2) == 0) name[0] = static_cast<char>(std::toupper(name[0]));
      if (draw.below(2) == 0) name += ".";
      const Fields fields = {{"source.ip", draw.address()},
                             {"dns.question.name", name},
                             {"file.hash.sha1", draw.sha1()}};
      const std::int64_t time_ns = draw.below(110) * 1'000'000'000LL;
      std::set<std::string> expected;
      for (std::size_t i = 0; i < entries.size(); ++i) {
        for (const auto& [field, value] : fields) {
          if (!entries[i].repeated && reference.holds(entries[i], field, value, time_ns))
            expected.insert(std::to_string(i));
        }
      }
      OneEvent one(fields, time_ns);
      std::set<std::string> found;
      for (std::uint32_t rule = 0; rule < set->rule_count(); ++rule) {
        for (const Match& match : set->explain(one.batch(), one.event(), rule))
          found.insert(match.indicator->reference);
      }
      std::vector<std::uint32_t> rules;
      set->match(one.batch(), one.event(), 0, memo, rules);
      ASSERT_EQ(rules.empty(), expected.empty()) << "seed " << seed << ", event " << event;
      ASSERT_EQ(found, expected) << "seed " << seed << ", event " << event;
      hits += found.size();
    }
  }
  EXPECT_GT(hits, 1000u);
}

TEST(IndicatorSet, HostileValues) {
  const auto set = set_of("evil.example\n203.0.113.7\n10.0.0.0/8\nhttp://evil.example/\n" +
                          std::string(32, 'a') + "\n");
  std::mt19937 random(3);
  IndicatorMemo memo;
  for (int round = 0; round < 400; ++round) {
    std::string value;
    for (std::size_t n = random() % 600; n > 0; --n)
      value += "evil.xmp:/[]@%#?=,; 0123\0\xFF\n\\\""[random() % 29];
    Fields fields;
    for (const auto& [name, role] : indicator_fields()) fields.emplace_back(name, value);
    OneEvent one(fields, 0);
    std::vector<std::uint32_t> rules;
    set->match(one.batch(), one.event(), 0, memo, rules);
    for (const Match& match : set->explain(one.batch(), one.event(), 0))
      ASSERT_LE(match.begin, match.end);
  }
}

}  // namespace
}  // namespace picket::rules
