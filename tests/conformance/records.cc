#include "tests/conformance/records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"

namespace picket::conformance {

std::vector<std::string> lines_in(const std::string& text) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    all.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return all;
}

std::vector<std::string> lines_of(const std::string& path) {
  const auto text = read_file(path, 512 * 1024 * 1024);
  EXPECT_TRUE(text.has_value()) << path;
  return text ? lines_in(*text) : std::vector<std::string>();
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) all.push_back(entry.path());
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace picket::conformance
