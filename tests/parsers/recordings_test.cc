// Against public recordings of Windows events, where they lie beside the project.
#include <filesystem>
#include <fstream>
#include <map>

#include "base/json.h"
#include "tests/parsers/parsing.h"

namespace picket::parsers {
namespace {

const std::string kFolder = "../shared/data/evtx-json/events";

// Every member of System, EventData and UserData under its leaf name.
void leaves(const Json& json, std::multimap<std::string, Json>& out) {
  for (const auto& [key, value] : json.items()) {
    if (value.is_object()) {
      if (value.contains("#text")) out.emplace(key, value["#text"]);
    } else {
      out.emplace(key, value);
    }
  }
}

TEST(Recordings, EveryEventIsParsed) {
  if (!std::filesystem::is_directory(kFolder)) GTEST_SKIP() << "third-party data, " << kFolder << ", is not here: nothing was compared";
  Parsing all(true);
  std::vector<std::string> lines;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    std::ifstream file(entry.path());
    std::string line;
    while (std::getline(file, line)) {
      lines.push_back(line);
    }
  }
  ASSERT_GT(lines.size(), 10'000u);
  for (std::size_t i = 0; i < lines.size(); i += 9) {
    all.parse(lines[i]);
    ASSERT_EQ(all.status(), "parsed") << lines[i];
    const Json event = Json::parse(lines[i])["Event"];
    ASSERT_EQ(all.kind().channel, event["System"]["Channel"].get<std::string>());
    ASSERT_NE(all.event().time_ns, kReceived);
    std::multimap<std::string, Json> expected;
    if (event.contains("EventData") && event["EventData"].is_object())
      leaves(event["EventData"], expected);
    for (const auto& [name, value] : expected) {
      if (!value.is_string() || name.starts_with("#")) continue;
      const std::string got = "|" + all.original(name) + "|";
      ASSERT_NE(got.find("|" + value.get<std::string>() + "|"), std::string::npos)
          << name << " in " << lines[i];
    }
  }
}

// The hot path sees what the slow one sees, of the names that it knows.
TEST(Recordings, FrozenAgreesWithLearning) {
  if (!std::filesystem::is_directory(kFolder)) GTEST_SKIP() << "third-party data, " << kFolder << ", is not here: nothing was compared";
  Parsing frozen(false);
  const std::size_t known = field_count();
  Parsing all(true);
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    std::ifstream file(entry.path());
    std::string line;
    for (int i = 0; std::getline(file, line) && i < 10; ++i) {
      frozen.parse(line);
      all.parse(line);
      ASSERT_EQ(frozen.event().kind, all.event().kind) << line;
      ASSERT_EQ(frozen.event().time_ns, all.event().time_ns) << line;
      std::string left;
      std::string right;
      for (const Field& field : frozen.batch().fields(frozen.event())) {
        left += std::string(field_name(field.id)) + '=' + std::string(field.token()) + '\n';
      }
      for (const Field& field : all.batch().fields(all.event())) {
        if (static_cast<std::size_t>(field.id) >= known) continue;
        right += std::string(field_name(field.id)) + '=' + std::string(field.token()) + '\n';
      }
      ASSERT_EQ(left, right) << line;
      ++seen;
    }
  }
  EXPECT_GT(seen, 500u);
}

}  // namespace
}  // namespace picket::parsers
