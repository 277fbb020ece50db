// Reads people's YAML (configuration, systems, playbooks, messages) and collects what is wrong with
// it, so that all problems of a file are shown together, each with its line.
//
// A reader lives while one file is read and keeps a reference to the list it was given. One thread.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"

namespace picket {

struct Problem {
  std::string path;
  int line = 1;
  std::string what;  // one sentence

  std::string text() const { return path + ":" + std::to_string(line) + ": " + what; }
};

class YamlReader {
 public:
  YamlReader(std::string path, std::vector<Problem>& problems)
      : path_(std::move(path)), problems_(problems) {}

  void problem(const YamlNode& node, std::string what);
  // Problems reported through this reader so far.
  std::size_t problem_count() const { return count_; }

  // Every key of the map must be one of `known`; the problem names the nearest known one, or all.
  void check_keys(const YamlNode& map, std::initializer_list<std::string_view> known);

  // The scalar under `key`. Missing, not a scalar or too long: a problem, and an empty text.
  std::string need_text(const YamlNode& map, std::string_view key, std::size_t bytes_max = 4096);
  // The same, but it may be missing.
  std::string may_text(const YamlNode& map, std::string_view key, std::size_t bytes_max = 4096);
  // An integer in a range; `fallback` when missing.
  std::int64_t may_integer(const YamlNode& map, std::string_view key, std::int64_t low,
                           std::int64_t high, std::int64_t fallback);
  // A list of scalars (or one); missing gives none.
  std::vector<const YamlNode*> may_list(const YamlNode& map, std::string_view key,
                                        std::size_t count_max = 1000);
  // A map under `key`; nullptr when missing or, with a problem, when it is something else.
  const YamlNode* may_map(const YamlNode& map, std::string_view key);

 private:
  std::string path_;
  std::vector<Problem>& problems_;
  std::size_t count_ = 0;
};

// Splits the "path:line:column: reason" of load_yaml() into a Problem.
Problem problem_of(const std::string& path, const Error& error);

}  // namespace picket
