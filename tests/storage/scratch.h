// A folder of its own for one test, removed behind it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace picket::storage {

class Scratch {
 public:
  Scratch()
      : path_(std::filesystem::temp_directory_path() /
              ("picket-store-" + std::to_string(::getpid()) + "-" + std::to_string(next()++))) {
    std::filesystem::remove_all(path_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }

 private:
  static int& next() {
    static int number = 0;
    return number;
  }
  std::filesystem::path path_;
};

}  // namespace picket::storage

// For statements that must work for the test to go on.
#define ASSERT_OK(expression)                                             \
  do {                                                                    \
    const auto& picket_result = (expression);                             \
    ASSERT_TRUE(picket_result.has_value()) << picket_result.error().what; \
  } while (false)
