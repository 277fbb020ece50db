// picket rule explain: why a rule is true on an event, or why not.
#include <filesystem>
#include <map>
#include <system_error>

#include "app/command.h"
#include "app/detection.h"
#include "app/event_input.h"
#include "app/find_rule.h"
#include "app/show_truth.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/time.h"
#include "rules/truth.h"

namespace picket::app {
namespace {

bool is_file(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

class Explanation {
 public:
  Explanation(const rules::DetectionRule& rule, const Detection& detection,
              const RuleExplainCommand& command)
      : rule_(rule), command_(command), finder_(rule, *detection.taxonomy) {}

  void print_head() const {
    if (command_.json) return;
    print(styled(visible(rule_.identity.name), Style::kBold) + "  " +
          styled_level(rule_.identity.level) + "\n" + visible(rule_.identity.id) + "  " +
          visible(rule_.identity.path) + ":" + std::to_string(rule_.line) + "\n" +
          visible(describe(rule_.log_source)) + "\n");
  }

  // False when as many events as wanted are explained.
  bool look(Batch& batch) {
    for (const Event& event : batch.events()) {
      if (explained_ >= command_.limit) return false;
      const rules::Truth truth = finder_.find(batch, event);
      if (!truth.admitted) {
        ++others_[event.kind];
        if (!command_.json) continue;
      }
      ++explained_;
      show(batch, event, truth);
    }
    return true;
  }

  void print_summary(bool complete) const {
    if (command_.json) return;
    for (const auto& [kind, events] : others_) {
      print(say("explain.other_source", {{"n", events},
                                         {"kind", visible(kind_text(kind))},
                                         {"source", visible(describe(rule_.log_source))}}) +
            "\n");
    }
    if (explained_ == 0 && others_.empty()) print(say("explain.no_events") + "\n");
    if (!complete) tell(say("explain.limit", {{"n", command_.limit}}));
  }

 private:
  // "windows.sysmon 1"
  static std::string kind_text(KindId id) {
    const EventKind& kind = kind_of(id);
    const std::string name = kind.dataset.empty() ? say("explain.unknown_kind") : kind.dataset;
    return kind.code < 0 ? name : name + " " + std::to_string(kind.code);
  }

  void show(Batch& batch, const Event& event, const rules::Truth& truth) const {
    const std::uint64_t seq = batch.record_of(event).seq;
    if (command_.json) {
      Json json = {{"rule",
                    {{"id", rule_.identity.id},
                     {"name", rule_.identity.name},
                     {"path", rule_.identity.path}}},
                   {"event",
                    {{"source", command_.events.file},
                     {"seq", seq},
                     {"@timestamp", format_time(event.time_ns)},
                     {"dataset", kind_of(event.kind).dataset}}}};
      json.update(truth_json(truth));
      print(dump_json(json) + "\n");
      return;
    }
    const std::string verdict = word("truth", truth.holds() ? "true" : "false");
    print("\n" +
          say("explain.event", {{"n", seq},
                                {"time", format_time(event.time_ns)},
                                {"kind", visible(kind_text(event.kind))}}) +
          "  " + styled(verdict, truth.holds() ? Style::kGreen : Style::kRed) + "\n" +
          show_truth(truth));
  }

  const rules::DetectionRule& rule_;
  const RuleExplainCommand& command_;
  rules::TruthFinder finder_;
  std::uint64_t explained_ = 0;
  std::map<KindId, std::uint64_t> others_;
};

Result<std::vector<const rules::DetectionRule*>> choose_rules(const Detection& detection,
                                                              const RuleExplainCommand& command,
                                                              bool by_path) {
  std::vector<const rules::DetectionRule*> chosen;
  if (!by_path) {
    PICKET_TRY(chosen, find_rules(detection, command.rule));
  }
  if (by_path) {
    for (const rules::DetectionRule& rule : detection.trees) chosen.push_back(&rule);
  }
  if (chosen.empty())
    return fail(Errc::kInvalid, command.rule + ": the file has no rule to explain");
  if (chosen.size() > 1 && command.events.file == "-")
    return fail(Errc::kInvalid, "standard input can be explained with one rule only");
  return chosen;
}

}  // namespace

int run_rule_explain(const RuleExplainCommand& command) {
  const bool by_path = is_file(command.rule);
  const Result<Detection> detection =
      load_detection(find_content(), {.rules = by_path ? std::vector{command.rule} : command.rules,
                                      .literal = command.events.taxonomy == "none",
                                      .keep_trees = true});
  if (!detection) return complain(detection.error().what, kUsageWrong);
  for (const std::string& error : detection->errors) complain(error, kUsageWrong);
  if (const rules::Finding* refused = find_refused(*detection, command.rule)) {
    return complain(refused->path + ":" + std::to_string(refused->line) + ": " + refused->reason,
                    kRuleWrong);
  }
  const Result<std::vector<const rules::DetectionRule*>> chosen =
      choose_rules(*detection, command, by_path);
  if (!chosen) return complain(chosen.error().what, kUsageWrong);
  for (const rules::DetectionRule* rule : *chosen) {
    Explanation explanation(*rule, *detection, command);
    explanation.print_head();
    bool complete = true;
    const Result<void> read = read_events(command.events, *detection, false, [&](Batch& batch) {
      complete = explanation.look(batch);
      return complete;
    });
    if (!read) return complain(read.error().what, kUsageWrong);
    explanation.print_summary(complete);
  }
  return kDone;
}

}  // namespace picket::app
