// YAML of people: what is accepted, and with which words the rest is refused.
#include "base/yaml.h"

#include <gtest/gtest.h>

namespace picket {
namespace {

std::string show(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull: return "null";
    case YamlNode::Kind::kScalar: return (node.quoted ? "'" + node.scalar + "'" : node.scalar) + "@" + std::to_string(node.line);
    case YamlNode::Kind::kList: {
      std::string text = "[";
      for (const YamlNode& item : node.list) text += show(item) + " ";
      return text + "]";
    }
    case YamlNode::Kind::kMap: {
      std::string text = "{";
      for (const auto& [key, value] : node.map) text += key.scalar + ":" + show(value) + " ";
      return text + "}";
    }
  }
  return "?";
}

TEST(Yaml, KeepsLinesQuotesAndOrder) {
  const auto documents = parse_yaml("b: 1\na:\n  - 'x'\n  - ~\n  - null\n---\nsecond\n");
  ASSERT_TRUE(documents);
  ASSERT_EQ(documents->size(), 2U);
  EXPECT_EQ(show((*documents)[0]), "{b:1@1 a:['x'@3 null null ] }");
  EXPECT_EQ(show((*documents)[1]), "second@7");
}

TEST(Yaml, ReadsNumbersAndTruthsOnlyWhenPlain) {
  const auto documents = parse_yaml("[12, '12', 0x1f, 1.5, true, 'true', yes, .inf]");
  ASSERT_TRUE(documents);
  const std::vector<YamlNode>& list = documents->front().list;
  EXPECT_EQ(list[0].integer(), 12);
  EXPECT_EQ(list[1].integer(), std::nullopt);
  EXPECT_EQ(list[2].integer(), 31);
  EXPECT_EQ(list[3].number(), 1.5);
  EXPECT_EQ(list[4].boolean(), true);
  EXPECT_EQ(list[5].boolean(), std::nullopt);
  EXPECT_EQ(list[6].boolean(), std::nullopt);
  EXPECT_EQ(list[7].number(), std::nullopt);
}

TEST(Yaml, RefusesWhatCouldExplode) {
  const auto refused = [](const std::string& text, std::string_view reason) {
    const auto documents = parse_yaml(text, {.bytes_max = 10'000, .depth_max = 8, .nodes_max = 100});
    ASSERT_FALSE(documents) << text;
    EXPECT_NE(documents.error().what.find(reason), std::string::npos) << documents.error().what;
  };
  refused("a: &x 1\nb: *x\n", "1:4: anchors and aliases");
  refused("&x\n- *x", "anchors");
  refused(std::string(50, '['), "nested too deep");
  refused("[" + std::string(200, ',') + "]", "");
  refused(std::string(20'000, 'a'), "longer than");
  refused("a: 1\na: 2\n", "2:1: key 'a' is repeated");
  refused("a: [\n", "2:");
  refused("? [a]\n: 1\n", "a key must be");
}

}  // namespace
}  // namespace picket
