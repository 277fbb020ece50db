// Against public recordings of Windows events, where they lie beside the project.
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

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
  if (!std::filesystem::is_directory(kFolder))
    GTEST_SKIP() << "third-party data, " << kFolder << ", is not here: nothing was compared";
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

// Name and token of each field that the event has under a name it came with, in order; and of those
// that a definition gave it, which only grow when steps are run.
struct Seen {
  std::vector<std::string> original;
  std::set<std::string> made;

  Seen(const Batch& batch, const Event& event, std::size_t known) {
    for (const Field& field : batch.fields(event)) {
      if (static_cast<std::size_t>(field.id) >= known) continue;
      const std::string_view name = field_name(field.id);
      const bool is_made = name.find('.') != std::string_view::npos && !name.starts_with("Event.");
      const std::string line = std::string(name) + '=' + std::string(field.token());
      if (is_made) {
        made.insert(line);
      } else {
        original.push_back(line);
      }
    }
  }
};

// The hot path sees what the slow one sees, of the names that it knows.
TEST(Recordings, FrozenAgreesWithLearning) {
  if (!std::filesystem::is_directory(kFolder))
    GTEST_SKIP() << "third-party data, " << kFolder << ", is not here: nothing was compared";
  Parsing frozen(false);
  const std::size_t known = field_count();
  Parsing all(true);
  std::size_t seen = 0;
  std::size_t more = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    std::ifstream file(entry.path());
    std::string line;
    for (int i = 0; std::getline(file, line) && i < 10; ++i) {
      frozen.parse(line);
      all.parse(line);
      ASSERT_EQ(frozen.event().kind, all.event().kind) << line;
      ASSERT_EQ(frozen.event().time_ns, all.event().time_ns) << line;
      const Seen left(frozen.batch(), frozen.event(), known);
      const Seen right(all.batch(), all.event(), known);
      ASSERT_EQ(left.original, right.original) << line;
      for (const std::string& made : left.made)
        ASSERT_EQ(right.made.count(made), 1u) << made << " of " << line;
      more += right.made.size() - left.made.size();
      ++seen;
    }
  }
  EXPECT_GT(more, 0u) << "steps of Windows definitions do nothing: is the comparison still right?";
  EXPECT_GT(seen, 500u);
}

}  // namespace
}  // namespace picket::parsers
