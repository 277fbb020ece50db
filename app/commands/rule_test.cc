// picket rule test: do rules find what their cases say, and nothing else?
#include "app/rule_test.h"

#include <algorithm>

#include "app/command.h"
#include "app/detection.h"
#include "app/junit.h"
#include "app/rule_case.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/file.h"
#include "base/json.h"

namespace picket::app {
namespace {

using Outcome = CaseResult::Outcome;

struct Totals {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t bad = 0;      // cases that are wrong
  std::size_t no_rule = 0;  // counted as failed
  std::size_t skipped = 0;  // cases of the shipped rules, when only some of those are tested
};

std::string expected_text(const RuleCase& one) {
  if (!one.must_fire) return say("rule_test.expect_none");
  return say("rule_test.expect", {{"n", one.hits_min}});
}

class Report {
 public:
  Report(const RuleTestCommand& command, bool skip_unknown)
      : command_(command), skip_unknown_(skip_unknown) {}

  void add(const RuleCase& one, const CaseResult& result) {
    const bool skipped = skip_unknown_ && result.outcome == Outcome::kNoRule;
    count(result.outcome, skipped);
    const std::string message = message_of(one, result);
    if (!command_.junit.empty()) junit_.push_back(junit_of(one, result, skipped, message));
    if (command_.json) {
      print(dump_json(json_of(one, result, skipped)) + "\n");
    } else if (result.outcome != Outcome::kPassed && !skipped) {
      const std::string title = result.rule_name.empty() ? one.rule : result.rule_name;
      print(visible(one.path) + ":" + std::to_string(one.line) + ": " +
            styled(word("outcome", outcome_name(result.outcome)), Style::kRed) + ": " +
            visible(title) + ": " + visible(one.name) + ": " + visible(message) + "\n");
    }
  }

  void add_error(const std::string& error) {
    ++totals_.bad;
    if (!command_.junit.empty()) {
      junit_.push_back({.suite = error.substr(0, error.find(':')),
                        .subject = "",
                        .name = "case file",
                        .outcome = JunitCase::Outcome::kError,
                        .message = error});
    }
    if (command_.json) {
      print(dump_json({{"result", "bad-case"}, {"reason", error}}) + "\n");
    } else {
      print(visible(translated(error)) + "\n");
    }
  }

  void finish(std::size_t files, std::size_t refused) const {
    if (command_.json) {
      print(dump_json({{"files", files},
                       {"passed", totals_.passed},
                       {"failed", totals_.failed + totals_.no_rule},
                       {"bad_cases", totals_.bad},
                       {"skipped", totals_.skipped},
                       {"rules_refused", refused}}) +
            "\n");
      return;
    }
    print(say("rule_test.summary", {{"passed", totals_.passed},
                                    {"failed", totals_.failed + totals_.no_rule},
                                    {"bad", totals_.bad},
                                    {"files", files}}) +
          "\n");
    if (totals_.skipped > 0) print(say("rule_test.skipped", {{"n", totals_.skipped}}) + "\n");
  }

  const Totals& totals() const { return totals_; }
  const std::vector<JunitCase>& junit() const { return junit_; }

 private:
  void count(Outcome outcome, bool skipped) {
    if (skipped) {
      ++totals_.skipped;
      return;
    }
    switch (outcome) {
      case Outcome::kPassed:
        ++totals_.passed;
        break;
      case Outcome::kFailed:
        ++totals_.failed;
        break;
      case Outcome::kNoRule:
        ++totals_.no_rule;
        break;
      case Outcome::kBadCase:
        ++totals_.bad;
        break;
    }
  }

  static std::string message_of(const RuleCase& one, const CaseResult& result) {
    if (result.outcome != Outcome::kFailed) return translated(result.reason);
    return say("rule_test.difference",
               {{"expected", expected_text(one)}, {"found", result.found}, {"n", result.events}});
  }

  static Json json_of(const RuleCase& one, const CaseResult& result, bool skipped) {
    Json json = {
        {"rule", {{"id", one.rule}, {"name", result.rule_name}}},
        {"path", one.path},
        {"line", one.line},
        {"case", one.name},
        {"result", skipped ? "skipped" : outcome_name(result.outcome)},
        {"expected", {{"min", one.must_fire ? one.hits_min : 0}, {"fires", one.must_fire}}},
        {"found", result.found},
        {"events", result.events}};
    if (!result.reason.empty()) json["reason"] = result.reason;
    return json;
  }

  static JunitCase junit_of(const RuleCase& one, const CaseResult& result, bool skipped,
                            const std::string& message) {
    using Kind = JunitCase::Outcome;
    const Kind kind = skipped                               ? Kind::kSkipped
                      : result.outcome == Outcome::kPassed  ? Kind::kPassed
                      : result.outcome == Outcome::kBadCase ? Kind::kError
                                                            : Kind::kFailed;
    return {.suite = one.path,
            .subject = result.rule_name.empty() ? one.rule : result.rule_name,
            .name = one.name + " (" + one.path + ":" + std::to_string(one.line) + ")",
            .outcome = kind,
            .message = message};
  }

  const RuleTestCommand& command_;
  const bool skip_unknown_;
  Totals totals_;
  std::vector<JunitCase> junit_;
};

// A placeholder without a value is for the site to fill: the rule is not tested, but not wrong.
bool is_wrong(const rules::Finding& finding) {
  return finding.code != "placeholder";
}

int code_of(const Totals& totals, const Detection& detection) {
  if (totals.bad > 0 || !detection.errors.empty()) return kUsageWrong;
  if (std::any_of(detection.refused.begin(), detection.refused.end(), is_wrong)) return kRuleWrong;
  return totals.failed + totals.no_rule > 0 ? kFindings : kDone;
}

}  // namespace

int run_rule_test(const RuleTestCommand& command) {
  const ContentPaths content = find_content();
  const Result<Detection> detection =
      load_detection(content, {.rules = command.rules, .keep_trees = true});
  if (!detection) return complain(detection.error().what, kUsageWrong);
  for (const std::string& error : detection->errors) complain(error, kUsageWrong);
  for (const rules::Finding& finding : detection->refused)
    complain(finding.path + ":" + std::to_string(finding.line) + ": " + finding.reason, kRuleWrong);
  const bool shipped = command.cases.empty();
  const Result<RuleCases> cases =
      load_rule_cases(shipped ? std::vector<std::string>{content.rule_cases()} : command.cases);
  if (!cases) return complain(cases.error().what, kUsageWrong);
  if (cases->files == 0 && cases->errors.empty())
    return complain("there is no case file", kUsageWrong);

  Report report(command, shipped && !command.rules.empty());
  for (const std::string& error : cases->errors) report.add_error(error);
  RuleTester tester(*detection);
  Progress progress(say("progress.cases"), cases->cases.size());
  for (std::size_t i = 0; i < cases->cases.size(); ++i) {
    report.add(cases->cases[i], tester.run(cases->cases[i]));
    progress.at(i + 1);
  }
  report.finish(cases->files, detection->refused.size());
  if (!command.junit.empty()) {
    const Result<void> written = write_file(command.junit, junit_xml(report.junit()));
    if (!written) return complain(written.error().what, kUsageWrong);
  }
  return code_of(report.totals(), *detection);
}

}  // namespace picket::app
