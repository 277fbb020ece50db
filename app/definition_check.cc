#include "app/definition_check.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "parsers/definition_file.h"

namespace picket::app {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{4} << 20;

bool is_yaml(std::string_view path) {
  return path.ends_with(".yaml") || path.ends_with(".yml");
}

// Looked at as text: what is wrong as YAML may be a definition all the same.
bool is_definition(const std::string& path) {
  constexpr std::array<std::string_view, 2> kSpeaksFor = {"dataset:", "recognise:"};
  constexpr std::array<std::string_view, 2> kSpeaksAgainst = {"detection:", "correlation:"};
  const auto begins = [](std::string_view line) {
    return [line](std::string_view key) { return line.starts_with(key); };
  };
  if (!is_yaml(path)) return false;
  const Result<std::string> text = read_file(path, kFileBytesMax);
  if (!text) return false;
  bool found = false;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (std::any_of(kSpeaksAgainst.begin(), kSpeaksAgainst.end(), begins(line))) return false;
    found = found || std::any_of(kSpeaksFor.begin(), kSpeaksFor.end(), begins(line));
  }
  return found;
}

}  // namespace

CheckPaths split_definitions(const std::vector<std::string>& paths) {
  CheckPaths split;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      (is_definition(path) ? split.definitions : split.others).push_back(path);
      continue;
    }
    const auto files = list_files(path, {".yaml", ".yml", ".yar", ".yara"});
    std::vector<std::string> others;
    const std::size_t before = split.definitions.size();
    for (const std::string& file : files ? *files : std::vector<std::string>{})
      (is_definition(file) ? split.definitions : others).push_back(file);
    if (split.definitions.size() == before) others = {path};
    split.others.insert(split.others.end(), others.begin(), others.end());
  }
  return split;
}

std::vector<std::string> check_definitions(const std::vector<std::string>& files) {
  std::vector<std::string> errors;
  std::map<std::string, std::string> names;  // name -> path
  for (const std::string& file : files) {
    const auto definition = parsers::load_definition(file);
    if (!definition) {
      errors.push_back(definition.error().what);
      continue;
    }
    const auto [known, is_new] = names.emplace(definition->name, file);
    if (!is_new)
      errors.push_back(file + ":1: a definition " + definition->name + " is in " + known->second +
                       " already");
  }
  return errors;
}

}  // namespace picket::app
