#include "rules/indicators/value.h"

#include <gtest/gtest.h>

#include <string>

namespace picket::rules {
namespace {

std::string read(std::string_view text, std::string_view type = {}) {
  IndicatorKey key;
  if (const char* reason = read_indicator(text, type, key))
    return std::string("refused: ") + reason;
  return std::string(indicator_type_name(key.type)) + " " +
         indicator_text(key.type, key.bits, key.bytes);
}

TEST(IndicatorValue, IsReadAsWhatItLooksLike) {
  const struct {
    std::string_view text, expected;
  } kCases[] = {
      {"203.0.113.7", "ip 203.0.113.7"},
      {"203.0.113.7/32", "ip 203.0.113.7"},
      {"203.0.113.77/24", "cidr 203.0.113.0/24"},
      {"::ffff:203.0.113.7", "ip 203.0.113.7"},
      {"::ffff:203.0.113.7/120", "cidr 203.0.113.0/24"},
      {"2001:DB8:0:0::1", "ip 2001:db8::1"},
      {"[2001:db8::1]", "ip 2001:db8::1"},
      {"2001:db8::1/33", "cidr 2001:db8::/33"},
      {"2001:db8:ffff::/33", "cidr 2001:db8:8000::/33"},
      {"Evil.Example.", "domain evil.example"},
      {"*.evil.example", "domain evil.example"},
      {".evil.example", "domain evil.example"},
      {"_dmarc.evil.example", "domain _dmarc.evil.example"},
      {"evil[.]example", "domain evil.example"},
      {"evil(dot)example", "domain evil.example"},
      {"1[.]2[.]3[.]4", "ip 1.2.3.4"},
      {"hxxp-things.example", "domain hxxp-things.example"},
      {"HTTP://Evil.Example/A%20b?Q=1#frag", "url http://evil.example/A%20b?Q=1"},
      {"hxxps://evil[.]example", "url https://evil.example/"},
      {"hxxp[://]evil[.]example/x", "url http://evil.example/x"},
      {"http://user:pass@evil.example:80/", "url http://evil.example/"},
      {"https://evil.example:443?x", "url https://evil.example/?x"},
      {"http://evil.example:8080/a", "url http://evil.example:8080/a"},
      {"http://[2001:DB8::1]:80/a", "url http://[2001:db8::1]/a"},
      {"evil.example/payload.exe", "url //evil.example/payload.exe"},
      {"d41d8cd98f00b204e9800998ecf8427e", "md5-or-imphash d41d8cd98f00b204e9800998ecf8427e"},
      {"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709"},
      {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
       "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"localhost", "refused: this is no address, domain, URL or hash that is known"},
      {"1.2.3", "refused: this is no IP address or network"},
      {"1.2.3.04", "refused: this is no IP address or network"},
      {"256.2.3.4", "refused: this is no IP address or network"},
      {"1.2.3.4/33", "refused: this is no IP address or network"},
      {"1.2.3.4/", "refused: this is no IP address or network"},
      {"0.0.0.0/0", "refused: a network of all addresses would match everything"},
      {"1.2.3.4:443", "refused: an address with a port is not supported"},
      {"evil..example", "refused: this is no domain name of two labels or more"},
      {"evil.exa mple", "refused: this is no domain name of two labels or more"},
      {"b\xC3\xBC"
       "cher.example",
       "refused: a domain is written in ASCII (xn--...)"},
      {"http:///path", "refused: this is no URL"},
      {"http://evil.example/a b", "refused: this is no URL"},
      {std::string_view("a.b\0c", 5), "refused: this is no domain name of two labels or more"},
      {"", "refused: the indicator is empty"},
  };
  for (const auto& one : kCases) EXPECT_EQ(read(one.text), one.expected) << one.text;
  EXPECT_EQ(read(std::string(3000, 'a')), "refused: the indicator is too long");
  EXPECT_EQ(read(std::string(64, 'a') + ".example"),
            "refused: this is no domain name of two labels or more");
}

TEST(IndicatorValue, TypeThatIsNamedDecides) {
  const std::string md5 = "d41d8cd98f00b204e9800998ecf8427e";
  EXPECT_EQ(read(md5, "FileHash-MD5"), "md5 " + md5);
  EXPECT_EQ(read(md5, "imphash"), "imphash " + md5);
  EXPECT_EQ(read(md5, "sha1"), "refused: this is no hash of that kind");
  EXPECT_EQ(read("1.2.3.4", "ip-dst"), "ip 1.2.3.4");
  EXPECT_EQ(read("evil.example", "ip-dst"), "refused: this is no IP address or network");
  EXPECT_EQ(read("1.2.3.4", "domain"), "refused: this is no domain name of two labels or more");
  EXPECT_EQ(read("evil.example", "hostname"), "domain evil.example");
  EXPECT_EQ(read("x@evil.example", "email"), "refused: this type of indicator is not supported");
}

}  // namespace
}  // namespace picket::rules
