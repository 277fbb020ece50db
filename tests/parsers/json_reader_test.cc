#include "parsers/json_reader.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "event/event.h"
#include "tests/parsers/slow_json.h"

namespace picket::parsers {
namespace {

// "name=value" in order, arrays and strings as written.
struct Reading {
  explicit Reading(bool learn = true) : names(learn), reader(names) {}

  bool read(std::string_view json) {
    batch.clear();
    return reader.read(batch.add(json, SourceId{0}, 0, 0).raw);
  }
  std::string fields() {
    std::string all;
    for (const Field& field : reader.fields()) {
      if (!all.empty()) all += ' ';
      all += std::string(field_name(field.id)) + '=' + std::string(field.token());
    }
    return all;
  }

  JsonNames names;
  JsonReader reader;
  Batch batch;
};

TEST(JsonReader, Shapes) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({})", ""},
      {R"( { "a" : 1 , "b" : "x y" } )", "a=1 b=x y"},
      {"{\n\t\"a\" :\"x\"\r\n}\n", "a=x"},
      {R"({"a":{"b":{"c":null}}})", "a.b.c=null"},
      {R"({"a.b":{"c":true}})", "a.b.c=true"},
      {R"({"a":[1,"x",null]})", R"(a=[1,"x",null])"},
      {R"({"a":[]})", "a=[]"},
      {R"({"a":[{"b":1},{"b":2,"c":3}]})", "a.b=1 a.b=2 a.c=3"},
      {R"({"a":[{"b":1},7]})", R"(a.b=1 a=[{"b":1},7])"},
      {R"({"a":[[1,2],[{"b":3}]]})", R"(a.b=3 a=[[1,2],[{"b":3}]])"},
      {R"({"a":1,"a":2})", "a=2"},
      {R"({"a":{"b":1},"c":0,"a.b":2})", "a.b=2 c=0"},
      {R"({"\u0061":1})", "a=1"},
      {R"({"a":"\u0041\n"})", R"(a=\u0041\n)"},
      {R"({"":1,"x":2})", "x=2"},
      {R"({"n":-0.5e+10,"z":0})", "n=-0.5e+10 z=0"},
  };
  Reading r;
  for (const auto& [json, expected] : cases) {
    EXPECT_TRUE(r.read(json)) << json;
    EXPECT_EQ(r.fields(), expected) << json;
  }
}

TEST(JsonReader, Refuses) {
  const std::vector<std::string> cases = {"",
                                          " ",
                                          "1",
                                          "\"a\"",
                                          "[]",
                                          "{",
                                          "}",
                                          "{}{}",
                                          "{} x",
                                          "{,}",
                                          "{\"a\"}",
                                          "{\"a\":}",
                                          "{\"a\":1,}",
                                          "{\"a\":1 \"b\":2}",
                                          "{\"a\":1,,\"b\":2}",
                                          "{a:1}",
                                          "{'a':1}",
                                          "{\"a\":01}",
                                          "{\"a\":+1}",
                                          "{\"a\":1.}",
                                          "{\"a\":.5}",
                                          "{\"a\":1e}",
                                          "{\"a\":-}",
                                          "{\"a\":0x1}",
                                          "{\"a\":NaN}",
                                          "{\"a\":nul}",
                                          "{\"a\":nulls}",
                                          "{\"a\":True}",
                                          "{\"a\":[1,]}",
                                          "{\"a\":[,1]}",
                                          "{\"a\":[1 2]}",
                                          "{\"a\":[1}",
                                          "{\"a\":{]}",
                                          "{\"a\":\"x}",
                                          "{\"a\":\"\\x\"}",
                                          "{\"a\":\"\\u12g4\"}",
                                          "{\"a\":\"\\u12\"}",
                                          "{\"a\":\"\\\"}",
                                          "{\"a\":\"\t\"}",
                                          "{\"a\":\"\xff\"}",
                                          "{\"a\":\"\xed\xa0\x80\"}",
                                          "{\"a\":\"\xc0\xaf\"}",
                                          "{\"a\"x:1}",
                                          "{\"a\":\"b\"c}",
                                          "{\"a\":1\\2}",
                                          "{\"a\":\\\"b\"}",
                                          "{\"a\":1}\\",
                                          "{\"\\q\":1}",
                                          std::string("{\"a\":1}\0", 8),
                                          "\xEF\xBB\xBF{\"a\":1}",
                                          "{\"a\":tru\\u0065}"};
  Reading r;
  for (const std::string& json : cases) {
    EXPECT_FALSE(r.read(json)) << json;
    EXPECT_TRUE(r.reader.fields().empty()) << json;
  }
}

TEST(JsonReader, Limits) {
  const auto nested = [](std::size_t depth) {
    std::string json;
    for (std::size_t i = 0; i < depth; ++i) json += "{\"a\":";
    return json + "1" + std::string(depth, '}');
  };
  const auto with_keys = [](std::size_t keys) {
    std::string json = "{";
    for (std::size_t i = 0; i < keys; ++i)
      json += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
    return json + "}";
  };
  Reading r;
  EXPECT_TRUE(r.read(nested(JsonReader::kDepthMax)));
  EXPECT_FALSE(r.read(nested(JsonReader::kDepthMax + 1)));
  EXPECT_FALSE(r.read(nested(100'000)));
  EXPECT_FALSE(r.read("{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}"));
  EXPECT_TRUE(r.read(with_keys(JsonReader::kKeysMax)));
  EXPECT_EQ(r.reader.fields().size(), JsonReader::kKeysMax);
  EXPECT_FALSE(r.read(with_keys(JsonReader::kKeysMax + 1)));
  EXPECT_TRUE(r.read("{\"" + std::string(2000, 'k') + "\":1,\"x\":2}"));  // too long for a name
  EXPECT_EQ(r.fields(), "x=2");
}

TEST(JsonReader, FrozenKnowsOnlyWhatWasKnown) {
  ASSERT_TRUE(intern_field("known.name"));
  Reading r(false);
  EXPECT_TRUE(r.read(
      R"({"known":{"name":1,"other-never-seen":2},"known.name":3,"never.seen.before":{"x":4}})"));
  EXPECT_EQ(r.fields(), "known.name=3");
  EXPECT_FALSE(find_field("never.seen.before.x"));
}

TEST(JsonReader, AWholeNameGoesBeforeAPath) {
  Reading r;
  EXPECT_TRUE(r.read(R"({"p.q":1,"p":{"q":2}})"));
  EXPECT_EQ(r.fields(), "p.q=1");
  EXPECT_TRUE(r.read(R"({"p":{"q":2},"p.q":1})"));
  EXPECT_EQ(r.fields(), "p.q=1");
  EXPECT_TRUE(r.read(R"({"p":{"q":2},"p.q":1,"p.q":3,"p":{"q":4}})"));
  EXPECT_EQ(r.fields(), "p.q=3");
  EXPECT_TRUE(r.read(R"({"x":[{"p.q":1,"p":{"q":2}}]})"));
  EXPECT_EQ(r.fields(), "x.p.q=1");
  EXPECT_TRUE(r.read(R"({"p":{"q":1,"q":2}})"));
  EXPECT_EQ(r.fields(), "p.q=2");
}

TEST(JsonReader, EscapesAcrossBlocks) {
  Reading r;
  for (std::size_t fill = 0; fill < 140; ++fill) {
    const std::string pad(fill, 'x');
    for (const auto& [tail, valid] :
         std::vector<std::pair<std::string, bool>>{{R"(\\)", true},
                                                   {R"(\\\\\")", true},
                                                   {R"(\\\q)", false},
                                                   {R"(\\\\q)", true},
                                                   {R"(\u00e9)", true},
                                                   {R"(\u00)", false}}) {
      const std::string json = "{\"a\":\"" + pad + tail + "\",\"b\":\"plain\"}";
      ASSERT_EQ(r.read(json), valid) << json;
      if (!valid) continue;
      EXPECT_TRUE(r.reader.fields()[0].escaped) << json;
      EXPECT_EQ(field_text(r.reader.fields()[0], r.batch.arena()),
                Json::parse(json)["a"].get<std::string>());
      EXPECT_FALSE(r.reader.fields()[1].escaped) << json;
    }
  }
}

// The reference: nlohmann's tree, flattened by the rules of json_reader.h.
struct Leaf {
  std::string name;
  int scope;
  int depth;
  std::string value;  // dumped
};

class Reference {
 public:
  explicit Reference(const Json& json) { object("", json, 0, 0); }
  std::multimap<std::string, std::string> leaves() const {
    std::multimap<std::string, std::string> all;
    for (const Leaf& leaf : leaves_) all.emplace(leaf.name, leaf.value);
    return all;
  }

 private:
  void object(const std::string& prefix, const Json& json, int scope, int depth) {
    for (const auto& [key, value] : json.items()) {
      const std::string name = prefix + key;
      if (value.is_object()) {
        object(name + '.', value, scope, depth + 1);
      } else if (value.is_array()) {
        if (array(name, value)) add(name, value, scope, depth);
      } else {
        add(name, value, scope, depth);
      }
    }
  }
  bool array(const std::string& name, const Json& json) {
    bool plain = json.empty();
    for (const Json& value : json) {
      if (value.is_object()) object(name + '.', value, ++scopes_, 0);
      if (value.is_array()) array(name, value);
      plain |= !value.is_object();
    }
    return plain;
  }
  void add(const std::string& name, const Json& value, int scope, int depth) {
    if (name.empty()) return;
    for (Leaf& leaf : leaves_) {
      if (leaf.name != name || leaf.scope != scope) continue;
      if (depth > leaf.depth) return;
      leaf.depth = depth;
      leaf.value = value.dump();
      return;
    }
    leaves_.push_back({name, scope, depth, value.dump()});
  }

  std::vector<Leaf> leaves_;
  int scopes_ = 0;
};

std::multimap<std::string, std::string> leaves_of(Reading& r) {
  std::multimap<std::string, std::string> all;
  for (const Field& field : r.reader.fields()) {
    const Json value = field.kind == ValueKind::kString
                           ? Json(std::string(field_text(field, r.batch.arena())))
                           : Json::parse(field.token());
    all.emplace(std::string(field_name(field.id)), value.dump());
  }
  return all;
}

class RandomJson {
 public:
  explicit RandomJson(unsigned seed) : random_(seed) {}
  std::size_t below(std::size_t n) { return random_() % n; }

  std::string object(int depth) {
    std::vector<std::string> keys = {
        "a",        "b",     "a.b",      "c",
        "\\u0061x", "\\\"q", "\xC3\xA9", "long-key-of-more-than-sixteen-bytes"};
    std::shuffle(keys.begin(), keys.end(), random_);
    keys.resize(below(5));
    std::string text = "{" + space();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      text += (i == 0 ? "\"" : ",\"") + keys[i] + "\"" + space() + ":" + space() + value(depth) +
              space();
    }
    return text + "}";
  }

 private:
  std::string space() { return std::vector<std::string>{"", "", "", " ", "\n", "\t \r"}[below(6)]; }
  std::string value(int depth) {
    const std::size_t kind = below(depth > 0 ? 10 : 8);
    if (kind == 8) return object(depth - 1);
    if (kind == 9) {
      std::string text = "[" + space();
      for (std::size_t i = below(4); i > 0; --i)
        text += value(depth - 1) + (i > 1 ? space() + "," : "") + space();
      return text + "]";
    }
    return std::vector<std::string>{"0",
                                    "-12.5e3",
                                    "true",
                                    "null",
                                    R"("plain")",
                                    R"("C:\\Windows\\x.exe")",
                                    R"("\u00e9\ud83d\ude00\n")",
                                    R"("")"}[kind];
  }
  std::mt19937 random_;
};

// Shapes that come again, some a little changed, as from several sources; and hostile pieces.
class HostileJson {
 public:
  explicit HostileJson(unsigned seed) : random_(seed), tree_(seed + 1) {}

  std::string next() {
    const std::size_t kind = below(10);
    if (kind == 0) return tree_.object(5);
    std::string text = kind < 6 ? shape(below(4)) : list();
    if (below(3) == 0) damage(text);
    return text;
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }
  template <class List>
  std::string pick(const List& from) {
    return std::string(from[below(std::size(from))]);
  }

  // Keys in an order that belongs to the shape; one of them sometimes missing, doubled or moved.
  std::string shape(std::size_t which) {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < 12; ++i)
      keys.push_back("key" + std::to_string((i * (2 * which + 1)) % 13) + std::string(i, '_'));
    if (below(3) == 0) keys.erase(keys.begin() + static_cast<std::ptrdiff_t>(below(keys.size())));
    if (below(3) == 0) keys.push_back(keys[below(keys.size())]);
    if (below(4) == 0) std::swap(keys[0], keys[below(keys.size())]);
    std::string text = "{";
    for (std::size_t i = 0; i < keys.size(); ++i)
      text += (i == 0 ? "\"" : ",\"") + keys[i] + "\":" + value();
    return text + "}";
  }
  std::string list() {
    std::string text = "{\"l\":[";
    for (std::size_t i = below(6); i > 0; --i) text += shape(below(2)) + (i > 1 ? "," : "");
    return text + "],\"key1\":{\"key1\":" + value() + ",\"x\":{}}}";
  }
  std::string value() {
    static const std::vector<std::string> kValues = {"1",
                                                     "-0",
                                                     "0.0e0",
                                                     "123456789012345678901234567890",
                                                     "-1.5E+400",
                                                     "true",
                                                     "false",
                                                     "null",
                                                     "[]",
                                                     "{}",
                                                     "[1,[2,\"]\"],{}]",
                                                     "[{\"a\":1}]",
                                                     R"("\\\\")",
                                                     R"("\"")",
                                                     R"("\u0041")",
                                                     R"("C:\\a\\b\\c")",
                                                     "\"\xE2\x82\xAC\"",
                                                     "\"" + std::string(70, 'y') + R"(\n")",
                                                     " 7 ",
                                                     "\t\"v\"\r\n"};
    return pick(kValues);
  }
  void damage(std::string& text) {
    static const std::vector<std::string> kPieces = {"\xFF",
                                                     "\xC3",
                                                     "\xED\xA0\x80",
                                                     "\x01",
                                                     "\n",
                                                     "\\",
                                                     "\"",
                                                     "{",
                                                     "}",
                                                     "[",
                                                     "]",
                                                     ",",
                                                     ":",
                                                     "0",
                                                     "-",
                                                     "e",
                                                     ".",
                                                     "\\u12",
                                                     "tru",
                                                     std::string(1, '\0'),
                                                     "\xE2\x82\xAC"};
    for (std::size_t edits = 1 + below(2); edits > 0; --edits) {
      const std::size_t at = below(text.size());
      const std::size_t kind = below(4);
      if (kind == 0) text.insert(at, pick(kPieces));
      if (kind == 1) text.erase(at, 1 + below(3));
      if (kind == 2) text.replace(at, 1, pick(kPieces));
      if (kind == 3) text.resize(at + 1);
    }
  }

  std::mt19937 random_;
  RandomJson tree_;
};

std::string fields_of(const JsonReader& reader) {
  std::string all;
  for (const Field& field : reader.fields()) {
    all += std::string(field_name(field.id)) + '=' + std::string(field.token()) + ' ' +
           std::to_string(static_cast<int>(field.kind)) + (field.escaped ? "e\n" : "\n");
  }
  return all + (reader.plain() ? "plain" : "");
}

std::string fields_of(const SlowJson& reader) {
  std::string all;
  for (const SlowJson::Leaf& leaf : reader.leaves()) {
    all += leaf.name + '=' + leaf.token + ' ' + std::to_string(static_cast<int>(leaf.kind)) +
           (leaf.escaped ? "e\n" : "\n");
  }
  return all + (reader.plain() ? "plain" : "");
}

// One after the other by the same readers, so that guesses are made, and wrong ones too. What
// follows the text in memory goes on as JSON would.
TEST(JsonReader, AgreesWithASlowReader) {
  constexpr std::array<std::string_view, 6> kBehind = {"",           "}",         "]}}}}}}}}",
                                                       "1234567890", ",\"a\":1}", "\"}"};
  for (const auto kernel :
       {JsonScan::Kernel::kPortable, JsonScan::Kernel::kSse2, JsonScan::Kernel::kAvx2,
        JsonScan::Kernel::kAvx512}) {
    if (!JsonScan::has(kernel)) continue;
    JsonNames names(true);
    JsonReader reader(names, kernel);
    SlowJson slow;
    HostileJson random(44);
    int valid = 0;
    constexpr int kTexts = 2'500;
    for (int i = 0; i < kTexts; ++i) {
      const std::string text = random.next();
      const std::string with_tail =
          text + std::string(kBehind[static_cast<std::size_t>(i) % kBehind.size()]) +
          std::string(8, '\0');
      const bool expected = slow.read(text);
      ASSERT_EQ(reader.read({with_tail.data(), text.size()}), expected) << text;
      if (!expected) continue;
      ASSERT_EQ(fields_of(reader), fields_of(slow)) << text;
      ++valid;
    }
    EXPECT_GT(valid, kTexts / 2);
    EXPECT_LT(valid, kTexts * 9 / 10);
  }
}

// More keys than are remembered at a time, which come again after they were forgotten.
TEST(JsonReader, KeysAreForgottenAndMetAgain) {
  Reading r;
  SlowJson slow;
  for (std::size_t round = 0; round < 2; ++round) {
    for (std::size_t text = 0; text < 5; ++text) {
      std::string json = "{\"first\":1";
      for (std::size_t i = 0; i < 350; ++i) {
        json += ",\"many.names." + std::to_string(350 * text + i) +
                "\":{\"x\":" + std::to_string(round) + ",\"y\":[" + std::to_string(i) + "]}";
      }
      json += ",\"" + std::string(600, 'k') + "\":true,\"last\":2}";
      ASSERT_TRUE(slow.read(json));
      ASSERT_TRUE(r.read(json));
      ASSERT_EQ(fields_of(r.reader), fields_of(slow));
    }
  }
}

// Two readers with the same names, and a field that is learnt behind their backs.
TEST(JsonReader, ReadersShareNames) {
  JsonNames names(true);
  JsonReader one(names);
  JsonReader other(names);
  const std::string padding(8, '\0');
  const std::string nested = R"({"shared":{"a":1},"more":{"b":2}})" + padding;
  const std::string flat = R"({"shared":"x","more":"y","shared":"z"})" + padding;
  const auto read = [](JsonReader& reader, const std::string& text) {
    EXPECT_TRUE(reader.read({text.data(), text.size() - 8}));
    return fields_of(reader);
  };
  EXPECT_EQ(read(one, nested), "shared.a=1 1\nmore.b=2 1\nplain");
  ASSERT_TRUE(names.field_named("shared"));
  ASSERT_TRUE(names.field_named("more"));
  EXPECT_EQ(read(one, flat), "shared=z 0\nmore=y 0\nplain");
  EXPECT_EQ(read(other, flat), "shared=z 0\nmore=y 0\nplain");
  EXPECT_EQ(read(other, nested), "shared.a=1 1\nmore.b=2 1\nplain");
}

TEST(JsonReader, AgreesWithATree) {
  Reading r;
  RandomJson random(42);
  for (int i = 0; i < 4000; ++i) {
    const std::string json = random.object(4);
    ASSERT_TRUE(r.read(json)) << json;
    ASSERT_EQ(leaves_of(r), Reference(Json::parse(json)).leaves()) << json;
  }
}

TEST(JsonReader, AgreesOnDamagedText) {
  Reading r;
  RandomJson random(43);
  constexpr std::string_view kBytes = "{}[]:,\"\\ \n0123456789-+.eEtrufalsn\x01\xC3\xA9\xFF/u";
  int valid = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string json = random.object(3);
    for (std::size_t edits = 1 + random.below(2); edits > 0; --edits) {
      const std::size_t at = random.below(json.size());
      const char byte = kBytes[random.below(kBytes.size())];
      switch (random.below(3)) {
        case 0:
          json[at] = byte;
          break;
        case 1:
          json.insert(at, 1, byte);
          break;
        default:
          json.erase(at, 1);
      }
    }
    const bool ours = r.read(json);
    bool theirs = false;
    try {
      theirs = Json::parse(json).is_object();
    } catch (const Json::out_of_range&) {
      continue;  // a number beyond double is still JSON
    } catch (const Json::exception& error) {
      if (std::string_view(error.what()).find("surrogate") != std::string_view::npos)
        continue;  // RFC 8259 8.2 allows it
    }
    ASSERT_EQ(ours, theirs) << json;
    valid += ours ? 1 : 0;
  }
  EXPECT_GT(valid, 1000);
}

}  // namespace
}  // namespace picket::parsers
