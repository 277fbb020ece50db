// YARA rules (libyara 4.2) over bytes: script blocks, decoded command lines, files.
//
// YaraRules is an immutable snapshot of everything that compiled, shared by shared_ptr; any thread.
// YaraScanner belongs to one thread and holds the snapshot that it scans with. A scan that ran out
// of time or was too large says so; it is never the same as "nothing found".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rules/rule.h"

namespace picket::rules {

// From the rule's metadata: id, title, level, description; tag, tags and attack ("T1059.001" or
// "attack.t1059.001", separated by commas or blanks). YARA's own tags are added; of those,
// "attack_t1059_001" is read as "attack.t1059.001".
struct YaraRule {
  RuleIdentity identity;   // id: of the metadata, or "<file without ending>.<identifier>"
  std::string identifier;  // as in the file
  std::string description;
  std::vector<std::string> tags;
  int line = 1;  // of the identifier in its file
};

struct YaraSource {
  std::string path;
  std::string text;
};

class YaraRules;

struct LoadedYara {
  std::shared_ptr<const YaraRules> rules;  // never null, possibly of no rules
  std::vector<Finding> refused;            // a bad file is refused whole, the others load
  std::vector<Finding> warnings;
};

// `include` is refused: a rule file may not read others. Rules that are private are not reported.
LoadedYara load_yara(const std::vector<std::string>& files);
LoadedYara compile_yara(const std::vector<YaraSource>& sources);

struct YaraScanLimits {
  std::size_t bytes_max = 4 * 1024 * 1024;
  std::uint32_t timeout_ms = 1'000;
};

struct YaraStringMatch {
  std::string identifier;  // "$a"
  std::size_t offset = 0;
  std::size_t length = 0;
};

struct YaraMatch {
  std::uint32_t rule = 0;                // index into the rules
  std::vector<YaraStringMatch> strings;  // by offset, at most kStringsMax

  static constexpr std::size_t kStringsMax = 64;
};

enum class YaraStatus : std::uint8_t { kDone, kTimedOut, kTooLarge, kFailed };

struct YaraScan {
  YaraStatus status = YaraStatus::kDone;
  bool truncated = false;          // a string matched so often that YARA stopped counting it
  std::vector<YaraMatch> matches;  // by rule; only those found so far unless kDone
};

class YaraScanner {
 public:
  // kLimit when libyara cannot make a scanner.
  static Result<YaraScanner> make(std::shared_ptr<const YaraRules> rules,
                                  YaraScanLimits limits = {});
  YaraScanner(YaraScanner&&) noexcept;
  YaraScanner& operator=(YaraScanner&&) noexcept;
  ~YaraScanner();

  YaraScan scan(std::string_view bytes);

 private:
  struct Impl;
  explicit YaraScanner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class YaraRules {
 public:
  struct Impl;
  explicit YaraRules(std::unique_ptr<Impl> impl);
  YaraRules(const YaraRules&) = delete;
  YaraRules& operator=(const YaraRules&) = delete;
  ~YaraRules();

  std::size_t size() const { return rules_.size(); }
  const YaraRule& rule(std::uint32_t index) const { return rules_[index]; }
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
  std::vector<YaraRule> rules_;
};

}  // namespace picket::rules
