#include "parsers/formats/cef.h"

#include <gtest/gtest.h>

#include "parsers/formats/leef.h"
#include "tests/parsers/formats.h"

namespace picket::parsers {
namespace {

const std::string kHead =
    "cef.version=0|cef.device.vendor=V|cef.device.product=P|cef.device.version=1|cef.class_id=100|"
    "cef.name=N|cef.severity=5";

TEST(Cef, HeaderAndExtension) {
  EXPECT_EQ(shown_by("CEF:0|V|P|1|100|N|5|src=192.0.2.1 msg=two words  spt=1232", read_cef),
            kHead + "|src=192.0.2.1|msg=two words|spt=1232");
  EXPECT_EQ(shown_by("CEF:0|V|P|1|100|N|5", read_cef), kHead);
  EXPECT_EQ(shown_by("CEF:0|V|P|1|100|N|5|", read_cef), kHead);
  EXPECT_EQ(shown_by("CEF:0|V|P|1|100|N|5|free text", read_cef), kHead);
}

TEST(Cef, Escapes) {
  EXPECT_EQ(
      shown_by("CEF:1|a\\|b|p\\\\|1|100|N|5|msg=x\\=y\\nz\\\\ request=http://h/?q=1&r=2 act=a\\tb",
               read_cef),
      "cef.version=1|cef.device.vendor=a|b|cef.device.product=p\\|cef.device.version=1|"
      "cef.class_id=100|cef.name=N|cef.severity=5|msg=x=y\nz\\|request=http://h/?q=1&r=2|"
      "act=a\\tb");
}

TEST(Cef, WhatIsNone) {
  EXPECT_EQ(shown_by("CEF:0|V|P|1|100|N", read_cef), "no");
  EXPECT_EQ(shown_by("LEEF:1.0|V|P|1|100|", read_cef), "no");
  EXPECT_EQ(shown_by("CEF:", read_cef), "no");
}

TEST(Cef, EmptyValuesAndOddKeys) {
  EXPECT_EQ(shown_by("CEF:0|V|P|1|100|N|5|act= src=1 ad.x[0]=y =z", read_cef),
            kHead + "|act=|src=1|ad.x[0]=y =z");
}

TEST(Cef, Labels) {
  Arena arena;
  std::vector<Pair> pairs;
  ASSERT_TRUE(read_cef(
      "CEF:0|V|P|1|100|N|5|cs1=web cs1Label=Rule Name cn2Label=n csLabel=x cs2Label=", arena,
      pairs));
  add_cef_labels(pairs);
  EXPECT_EQ(shown(pairs),
            kHead + "|cs1=web|cs1Label=Rule Name|cn2Label=n|csLabel=x|cs2Label=|Rule Name=web");
}

TEST(Cef, Bounds) {
  std::string many = "CEF:0|V|P|1|100|N|5|";
  for (int i = 0; i < 5000; ++i) many += "cs1Label=a cs1=b ";
  Arena arena;
  std::vector<Pair> pairs;
  ASSERT_TRUE(read_cef(many, arena, pairs));
  EXPECT_EQ(pairs.size(), kPairsMax);
  add_cef_labels(pairs);
  EXPECT_LT(pairs.size(), kPairsMax + 100);
  pairs.clear();
  ASSERT_TRUE(
      read_cef("CEF:0|V|P|1|100|N|5|k=" + std::string(1'000'000, '\\') + "=", arena, pairs));
}

const std::string kLeef =
    "leef.version=1.0|leef.vendor=V|leef.product=P|leef.device_version=1|leef.event_id=E";
const std::string kLeef2 =
    "leef.version=2.0|leef.vendor=V|leef.product=P|leef.device_version=1|leef.event_id=E";

TEST(Leef, Version1) {
  EXPECT_EQ(shown_by("LEEF:1.0|V|P|1|E|src=192.0.2.1\tmsg=two words\tx=a=b", read_leef),
            kLeef + "|src=192.0.2.1|msg=two words|x=a=b");
  EXPECT_EQ(shown_by("LEEF:1.0|V|P|1|E|src=192.0.2.1 msg=two words x=1", read_leef),
            kLeef + "|src=192.0.2.1|msg=two words|x=1");
  EXPECT_EQ(shown_by("LEEF:1.0|V|P|1|E|", read_leef), kLeef);
  EXPECT_EQ(shown_by("LEEF:1.0|V|P|1|E", read_leef), "no");
}

TEST(Leef, Version2Delimiters) {
  EXPECT_EQ(shown_by("LEEF:2.0|V|P|1|E|^|src=1^dst=2 3", read_leef), kLeef2 + "|src=1|dst=2 3");
  EXPECT_EQ(shown_by("LEEF:2.0|V|P|1|E|x5E|src=1^dst=2", read_leef), kLeef2 + "|src=1|dst=2");
  EXPECT_EQ(shown_by("LEEF:2.0|V|P|1|E|0x09|src=1\tdst=2", read_leef), kLeef2 + "|src=1|dst=2");
  EXPECT_EQ(shown_by("LEEF:2.0|V|P|1|E||src=1\tdst=2", read_leef), kLeef2 + "|src=1|dst=2");
  EXPECT_EQ(shown_by("LEEF:2.0|V|P|1|E|src=1\tdst=a|b", read_leef), kLeef2 + "|src=1|dst=a|b");
  EXPECT_EQ(shown_by("LEEF:2.0|V|P|1|E|||src=1|dst=2", read_leef), kLeef2 + "||src=1|dst=2");
}

}  // namespace
}  // namespace picket::parsers
