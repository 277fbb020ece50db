// tests/golden/<dataset>/<case>.log, one record a line, beside <case>.expected, one event a line.
// PICKET_UPDATE_GOLDEN=1 rewrites what is expected, to be read in review.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/parsers/parsing.h"

namespace picket::parsers {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string parse_file(const std::filesystem::path& path) {
  Parsing p;
  std::istringstream lines(read(path));
  std::string events;
  for (std::string line; std::getline(lines, line);) {
    p.parse(line);
    events += p.json() + '\n';
  }
  return events;
}

TEST(Golden, Parsers) {
  const std::filesystem::path root = std::filesystem::path(PICKET_SOURCE_DIR) / "tests/golden";
  std::vector<std::filesystem::path> logs;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".log") logs.push_back(entry.path());
  }
  std::sort(logs.begin(), logs.end());
  ASSERT_GE(logs.size(), 8u);
  for (const std::filesystem::path& log : logs) {
    std::filesystem::path expected = log;
    expected.replace_extension(".expected");
    const std::string events = parse_file(log);
    if (std::getenv("PICKET_UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << events;
    EXPECT_EQ(events, read(expected)) << log;
  }
}

}  // namespace
}  // namespace picket::parsers
