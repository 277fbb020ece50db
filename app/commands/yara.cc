// picket yara: YARA rules over files on disk.
//
// A file that was not looked at to its end is said so, one by one; it is never among the clean ones.
#include "app/command.h"
#include "app/paths.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "rules/loader.h"
#include "rules/payload.h"
#include "rules/yara.h"

namespace picket::app {
namespace {

constexpr std::size_t kStringsShown = 3;  // of a match, in text

// One file and what became of it.
struct Verdict {
  std::string path;
  std::string state;  // clean, matched; else why it is neither: timed_out, too_large, failed, unreadable
  std::string reason;
  std::string sha256;
  std::size_t bytes = 0;
  std::vector<rules::YaraMatch> matches;

  bool finished() const { return state == "clean" || state == "matched"; }
};

std::string state_of(const rules::YaraScan& scan) {
  switch (scan.status) {
    case rules::YaraStatus::kDone: return scan.matches.empty() ? "clean" : "matched";
    case rules::YaraStatus::kTimedOut: return "timed_out";
    case rules::YaraStatus::kTooLarge: return "too_large";
    case rules::YaraStatus::kFailed: return "failed";
  }
  return "failed";
}

Verdict judge(const std::string& path, rules::YaraScanner& scanner, std::size_t bytes_max) {
  Verdict verdict;
  verdict.path = path;
  const Result<std::string> bytes = read_file(path, bytes_max);
  if (!bytes) {
    verdict.state = bytes.error().code == Errc::kLimit ? "too_large" : "unreadable";
    verdict.reason = bytes.error().what;
    return verdict;
  }
  rules::YaraScan scan = scanner.scan(*bytes);
  verdict.state = state_of(scan);
  verdict.bytes = bytes->size();
  verdict.sha256 = sha256_hex(*bytes);
  verdict.matches = std::move(scan.matches);
  return verdict;
}

Json json_of(const Verdict& verdict, const rules::YaraRules& rules) {
  Json json = {{"path", verdict.path}, {"state", verdict.state}, {"bytes", verdict.bytes}, {"matches", Json::array()}};
  if (!verdict.sha256.empty()) json["sha256"] = verdict.sha256;
  if (!verdict.reason.empty()) json["reason"] = verdict.reason;
  for (const rules::YaraMatch& match : verdict.matches) {
    const rules::YaraRule& rule = rules.rule(match.rule);
    Json strings = Json::array();
    for (const rules::YaraStringMatch& found : match.strings)
      strings.push_back({{"identifier", found.identifier}, {"offset", found.offset}, {"length", found.length}});
    json["matches"].push_back({{"rule", {{"id", rule.identity.id}, {"name", rule.identity.name},
                                         {"level", level_name(rule.identity.level)}, {"path", rule.identity.path}}},
                               {"strings", std::move(strings)}});
  }
  return json;
}

void print_text(const Verdict& verdict, const rules::YaraRules& rules) {
  if (!verdict.finished()) {
    print(visible(verdict.path) + ": " + styled(word("yara_state", verdict.state), Style::kYellow) + "\n");
  }
  for (const rules::YaraMatch& match : verdict.matches) {
    const rules::YaraRule& rule = rules.rule(match.rule);
    std::string where;
    for (std::size_t i = 0; i < std::min(match.strings.size(), kStringsShown); ++i)
      where += " " + match.strings[i].identifier + "@" + std::to_string(match.strings[i].offset);
    if (match.strings.size() > kStringsShown) where += " …";
    print(visible(verdict.path) + ": " + styled_level(rule.identity.level) + " " + visible(rule.identity.name) +
          visible(where) + "\n");
  }
}

Result<std::vector<std::string>> files_of(const std::vector<std::string>& paths) {
  std::vector<std::string> all;
  for (const std::string& path : paths) {
    PICKET_TRY(const std::vector<std::string> files, list_files(path, {""}));
    all.insert(all.end(), files.begin(), files.end());
  }
  return all;
}

Result<rules::LoadedYara> load(const YaraCommand& command) {
  std::vector<std::string> paths = command.rules;
  if (paths.empty()) paths.push_back(find_content().rules());
  PICKET_TRY(const rules::LoadedRules loaded, rules::load_rules(paths));
  return rules::load_yara(loaded.yara_files);
}

}  // namespace

int run_yara(const YaraCommand& command) {
  const Result<rules::LoadedYara> yara = load(command);
  if (!yara) return complain(yara.error().what, kUsageWrong);
  for (const rules::Finding& finding : yara->refused)
    complain(finding.path + ":" + std::to_string(finding.line) + ": " + finding.reason, kRuleWrong);
  if (yara->rules->size() == 0) return complain("no YARA rule is active, nothing to scan with", kRuleWrong);
  Result<rules::YaraScanner> scanner = rules::YaraScanner::make(
      yara->rules, {.bytes_max = command.max_bytes, .timeout_ms = static_cast<std::uint32_t>(command.timeout_ms)});
  if (!scanner) return complain(scanner.error().what, kUsageWrong);
  const Result<std::vector<std::string>> files = files_of(command.paths);
  if (!files) return complain(files.error().what, kUsageWrong);

  std::uint64_t matched = 0;
  std::uint64_t unfinished = 0;
  {
    Progress progress(say("progress.yara"), files->size());
    for (std::size_t i = 0; i < files->size(); ++i) {
      const Verdict verdict = judge((*files)[i], *scanner, command.max_bytes);
      matched += verdict.matches.empty() ? 0U : 1U;
      unfinished += verdict.finished() ? 0U : 1U;
      if (command.json) {
        print(dump_json(json_of(verdict, *yara->rules)) + "\n");
      } else {
        print_text(verdict, *yara->rules);
      }
      progress.at(i + 1);
    }
  }
  tell(say("yara.summary", {{"files", files->size()}, {"matched", matched}, {"unfinished", unfinished},
                            {"rules", yara->rules->size()}}));
  if (!yara->refused.empty()) return kRuleWrong;
  return matched + unfinished > 0 ? kFindings : kDone;
}

}  // namespace picket::app
