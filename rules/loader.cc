// Files are read and parsed on several threads, each with every n-th file, into results of its own;
// what depends on other files (sigma_collection.h) is then done on one, in the order of the paths.
#include "rules/loader.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>

#include "base/file.h"
#include "base/hash.h"
#include "base/yaml.h"
#include "rules/rule_cache.h"
#include "rules/sigma_collection.h"

namespace picket::rules {
namespace {

constexpr unsigned kThreadsMax = 64;

bool is_yara(const std::string& path) {
  return path.ends_with(".yar") || path.ends_with(".yara");
}

RuleFile read_rule_file(const std::string& path, const LoadOptions& options) {
  const Result<std::string> text = read_file(path, YamlLimits{}.bytes_max);
  if (!text) {
    RuleFile file;
    file.refused.push_back({path, 1, {}, "unreadable", text.error().what});
    return file;
  }
  if (options.cache == nullptr) return parse_rule_file(*text, path, options);
  const std::string hash = sha256_hex(*text);
  if (std::optional<RuleFile> known = options.cache->find(path, hash)) return *std::move(known);
  RuleFile file = parse_rule_file(*text, path, options);
  options.cache->keep(path, hash, file);
  return file;
}

std::vector<RuleFile> read_rule_files(const std::vector<std::string>& paths,
                                      const LoadOptions& options) {
  std::vector<RuleFile> files(paths.size());
  const std::size_t threads = std::clamp(options.threads, 1u, kThreadsMax);
  const auto read_slice = [&](std::size_t first) {
    for (std::size_t i = first; i < paths.size(); i += threads) {
      files[i] = read_rule_file(paths[i], options);
    }
  };
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < threads; ++i) others.emplace_back(read_slice, i);
  read_slice(0);
  for (std::thread& other : others) other.join();
  return files;
}

}  // namespace

Result<LoadedRules> load_rules(const std::vector<std::string>& paths, const LoadOptions& options) {
  std::vector<std::string> sigma_files;
  std::vector<std::string> yara_files;
  std::unordered_set<std::string> seen;  // a file may be named itself and through its folder
  for (const std::string& path : paths) {
    PICKET_TRY(const std::vector<std::string> found,
               list_files(path, {".yml", ".yaml", ".yar", ".yara"}));
    for (const std::string& file : found) {
      if (seen.insert(file).second) (is_yara(file) ? yara_files : sigma_files).push_back(file);
    }
  }
  LoadedRules rules = collect_rules(read_rule_files(sigma_files, options), !yara_files.empty());
  rules.files = sigma_files.size() + yara_files.size();
  rules.yara_files = std::move(yara_files);
  return rules;
}

LoadedRules parse_rules(std::string_view text, const std::string& path,
                        const LoadOptions& options) {
  std::vector<RuleFile> files;
  files.push_back(parse_rule_file(text, path, options));
  LoadedRules rules = collect_rules(std::move(files));
  rules.files = 1;
  return rules;
}

}  // namespace picket::rules
