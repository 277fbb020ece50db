// Log sources and field names: what a taxonomy file says, and what the shipped ones do with the
// names of the Sigma taxonomy appendix.
#include "rules/taxonomy.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace picket::rules {
namespace {

class TaxonomyTest : public ::testing::Test {
 protected:
  TaxonomyTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("picket_taxonomy_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~TaxonomyTest() override { std::filesystem::remove_all(folder_); }

  std::shared_ptr<const Taxonomy> load(const std::string& text) {
    std::ofstream(folder_ / "t.yaml") << text;
    errors_.clear();
    const auto made = Taxonomy::load(folder_.string(), errors_);
    EXPECT_TRUE(made.has_value());
    return made ? *made : Taxonomy::none();
  }

  std::filesystem::path folder_;
  std::vector<std::string> errors_;
};

EventKind kind_of_sysmon(std::int64_t code) {
  EventKind kind;
  kind.product = "windows";
  kind.service = "sysmon";
  kind.channel = "Microsoft-Windows-Sysmon/Operational";
  kind.code = code;
  return kind;
}

TEST_F(TaxonomyTest, EveryEntryThatAppliesMustAdmit) {
  const auto taxonomy = load(
      "name: t\nfields: {EventID: event.code, Image: wide.name}\nlogsources:\n"
      "  - when: {product: windows}\n    events: [{product: windows}]\n"
      "  - when: {product: windows, category: process_creation}\n"
      "    events:\n      - {channel: Microsoft-Windows-Sysmon/Operational, code: [1, 2]}\n      - "
      "{channel: Security, code: 4688}\n"
      "    fields: {Image: process.executable}\n");
  EXPECT_EQ(errors_, std::vector<std::string>());
  const LogSource creation{"windows", "process_creation", ""};
  EXPECT_TRUE(taxonomy->admits(creation, kind_of_sysmon(1)));
  EXPECT_FALSE(taxonomy->admits(creation, kind_of_sysmon(3)));
  EXPECT_TRUE(taxonomy->admits({"windows", "", ""}, kind_of_sysmon(3)));
  EXPECT_FALSE(taxonomy->admits({"linux", "", ""}, kind_of_sysmon(1)));
  EXPECT_FALSE(taxonomy->admits({"", "process_creation", ""},
                                kind_of_sysmon(1)));  // no entry without product
  // A key that no entry names is compared with the kind's own.
  EXPECT_TRUE(taxonomy->admits({"windows", "", "sysmon"}, kind_of_sysmon(1)));
  EXPECT_FALSE(taxonomy->admits({"windows", "", "security"}, kind_of_sysmon(1)));
  EXPECT_TRUE(taxonomy->knows(creation));
  EXPECT_EQ(taxonomy->ecs_name(creation, "Image"), "process.executable");
  EXPECT_EQ(taxonomy->ecs_name({"windows", "", "security"}, "Image"), "wide.name");
  EXPECT_EQ(taxonomy->ecs_name(creation, "EventID"), "event.code");
  EXPECT_EQ(taxonomy->ecs_name(creation, "Hashes"), std::nullopt);
}

TEST_F(TaxonomyTest, AFileThatIsWrongIsRefusedWithItsLine) {
  load("name: t\nlogsources:\n  - when: {produkt: windows}\n    events: [{product: windows}]\n");
  ASSERT_EQ(errors_.size(), 1U);
  EXPECT_NE(errors_[0].find(":3: unknown key 'produkt'"), std::string::npos) << errors_[0];
  load("name: t\nlogsources:\n  - when: {product: windows}\n    events: [{chanel: x}]\n");
  ASSERT_EQ(errors_.size(), 1U);
  EXPECT_NE(errors_[0].find(":4:"), std::string::npos) << errors_[0];
  load("name: t\n");
  ASSERT_EQ(errors_.size(), 1U);
}

TEST(Taxonomy, WithoutOneEverythingIsAdmittedAndLiteral) {
  const auto none = Taxonomy::none();
  EXPECT_TRUE(none->literal());
  EXPECT_TRUE(none->admits({"aws", "x", "y"}, kind_of_sysmon(1)));
  EXPECT_EQ(none->ecs_name({"windows", "process_creation", ""}, "Image"), std::nullopt);
}

// Windows categories of the appendix by Sysmon's event ids, and services by channel.
TEST(Taxonomy, ShippedOnesKnowTheLogSourcesOfTheAppendix) {
  std::vector<std::string> errors;
  const auto loaded = Taxonomy::load(PICKET_SOURCE_DIR "/content/taxonomies", errors);
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(errors, std::vector<std::string>());
  const Taxonomy& taxonomy = **loaded;
  const std::vector<std::pair<std::string, std::int64_t>> categories = {
      {"process_creation", 1},    {"file_change", 2},           {"network_connection", 3},
      {"sysmon_status", 4},       {"process_termination", 5},   {"driver_load", 6},
      {"image_load", 7},          {"create_remote_thread", 8},  {"raw_access_thread", 9},
      {"process_access", 10},     {"file_event", 11},           {"registry_add", 12},
      {"registry_delete", 12},    {"registry_set", 13},         {"registry_rename", 14},
      {"create_stream_hash", 15}, {"pipe_created", 17},         {"wmi_event", 19},
      {"dns_query", 22},          {"file_delete", 23},          {"clipboard_capture", 24},
      {"process_tampering", 25},  {"file_delete_detected", 26}, {"file_block_executable", 27},
      {"sysmon_error", 255}};
  for (const auto& [category, code] : categories) {
    const LogSource source{"windows", category, ""};
    EXPECT_TRUE(taxonomy.knows(source)) << category;
    EXPECT_TRUE(taxonomy.admits(source, kind_of_sysmon(code))) << category;
    EXPECT_FALSE(taxonomy.admits(source, kind_of_sysmon(99))) << category;
  }
  EXPECT_EQ(taxonomy.ecs_name({"windows", "process_creation", ""}, "CommandLine"),
            "process.command_line");
  EventKind security;
  security.product = "windows";
  security.service = "security";
  security.channel = "Security";
  security.code = 4688;
  EXPECT_TRUE(taxonomy.admits({"windows", "", "security"}, security));
  EXPECT_TRUE(taxonomy.admits({"windows", "process_creation", ""}, security));
  EXPECT_FALSE(taxonomy.admits({"windows", "", "system"}, security));
}

}  // namespace
}  // namespace picket::rules
