#include "parsers/catalog.h"

#include <filesystem>
#include <fstream>

#include "tests/parsers/parsing.h"

namespace picket::parsers {
namespace {

class CatalogTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  std::shared_ptr<const Catalog> load() {
    errors_.clear();
    auto loaded = Catalog::load({folder_.string()}, errors_);
    PICKET_CHECK(loaded.has_value());
    return *loaded;
  }
  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) /
                                  testing::UnitTest::GetInstance()->current_test_info()->name();
  std::vector<std::string> errors_;
};

TEST_F(CatalogTest, BadOnesAreRefusedAlone) {
  write("good.yaml", "name: good\nformat: sshd\ndataset: d\nrecognise: {program: sshd}\n");
  write("key.yaml", "name: a\nformat: json\ndataset: d\ncolour: red\n");
  write("format.yaml", "name: b\nformat: morse\ndataset: d\n");
  write("layer.yaml", "name: c\nformat: json\ndataset: d\nlayer: cake\n");
  write("syntax.yaml", "name: [\n");
  write("list.yaml", "- 1\n");
  write("event.yaml", "name: d\nformat: windows\ndataset: d\nevents:\n  one: {}\n");
  write("field.yaml", "name: e\nformat: json\ndataset: d\nfields: {a: {b: c}}\n");
  write("line.yaml", "name: f\nformat: json\ndataset: d\nrecognise: {line: crooked}\n");
  write("dated.yaml", "name: g\nformat: text\ndataset: d\nrecognise: {line: dated}\n");
  write("twice.yaml", "name: good\nformat: json\ndataset: d\n");
  const auto catalog = load();
  EXPECT_EQ(catalog->definitions().size(), 1u);
  ASSERT_EQ(errors_.size(), 10u);
  const auto says = [&](const std::string& text) {
    for (const std::string& error : errors_) {
      if (error.find(text) != std::string::npos) return true;
    }
    return false;
  };
  EXPECT_TRUE(says("key.yaml:4: unknown key colour"));
  EXPECT_TRUE(says("format.yaml:2: format is one of"));
  EXPECT_TRUE(says("layer.yaml:4: layer is one of"));
  EXPECT_TRUE(says("syntax.yaml:"));
  EXPECT_TRUE(says("list.yaml:1: "));
  EXPECT_TRUE(says("event.yaml:5: an event id is a number"));
  EXPECT_TRUE(says("field.yaml:4: "));
  EXPECT_TRUE(says("line.yaml:4: a line is: access, or dated"));
  EXPECT_TRUE(says("dated.yaml:4: many lines are dated"));
  EXPECT_TRUE(says("good"));
  EXPECT_EQ(catalog->for_program("sshd"), catalog->find("good"));
  EXPECT_EQ(catalog->for_program("other"), nullptr);
}

TEST_F(CatalogTest, EventsOverrideTheirDefinition) {
  write("w.yaml",
        "name: w\nformat: windows\ndataset: catalog-test\nrecognise: {channel: C, provider: P}\n"
        "constants: {event.kind: event, event.category: host}\nfields: {A: user.name, B: "
        "user.name, X: host.name}\n"
        "events:\n  5: {category: [process, file], fields: {Z: user.name}}\n");
  const auto catalog = load();
  ASSERT_TRUE(errors_.empty()) << errors_[0];
  const Definition* w = catalog->for_channel("C");
  ASSERT_NE(w, nullptr);
  EXPECT_EQ(catalog->for_provider("P"), w);
  EXPECT_EQ(catalog->for_channel("c"), w) << "senders spell channels as they like";
  EXPECT_EQ(Catalog::windows_kind(*w, "c", 5), Catalog::windows_kind(*w, "C", 5));
  const EventKind& any = kind_of(Catalog::windows_kind(*w, "C", -1));
  const EventKind& five = kind_of(Catalog::windows_kind(*w, "C", 5));
  ASSERT_EQ(any.originals(ecs::kUserName).size(), 2u);
  EXPECT_EQ(field_name(any.originals(ecs::kUserName)[0].second), "A");
  ASSERT_EQ(five.originals(ecs::kUserName).size(), 1u);
  EXPECT_EQ(field_name(five.originals(ecs::kUserName)[0].second), "Z");
  EXPECT_EQ(*any.constant(ecs::kEventCategory), "host");
  EXPECT_EQ(*five.constant(ecs::kEventCategory), "process");
  EXPECT_EQ(*five.constant(ecs::kEventKind), "event");
}

TEST(Catalog, ShippedDefinitionsLoad) {
  const auto catalog = shipped_catalog();
  for (const char* name :
       {"windows-sysmon", "windows-security", "windows-powershell", "windows-powershell-classic",
        "windows-system", "windows-generic", "linux-sshd", "linux-sudo", "linux-useradd",
        "linux-syslog", "iptables", "apache-access", "nginx-access", "json-generic"}) {
    EXPECT_NE(catalog->find(name), nullptr) << name;
  }
  const Definition* security = catalog->for_channel("Security");
  for (const std::int64_t code : {4624, 4625, 4634, 4648, 4672, 4688, 4697, 4720, 4722, 4724, 4728,
                                  4732, 4768, 4769, 4776, 5140, 5145, 1102}) {
    EXPECT_NE(
        kind_of(Catalog::windows_kind(*security, "Security", code)).constant(ecs::kEventAction),
        nullptr)
        << code;
  }
}

TEST(Catalog, MissingFolderIsAnError) {
  std::vector<std::string> errors;
  EXPECT_FALSE(Catalog::load({"no-such-folder"}, errors));
}

}  // namespace
}  // namespace picket::parsers
