// picket why-not: why a rule did not fire on an event, or that it did.
#include <charconv>
#include <filesystem>
#include <system_error>

#include "app/command.h"
#include "app/event_input.h"
#include "app/find_rule.h"
#include "app/open_store.h"
#include "app/terminal.h"
#include "app/why_not.h"
#include "app/words.h"
#include "base/time.h"

namespace picket::app {
namespace {

constexpr std::size_t kEventsShown = 100;  // of standard input

struct Asked {
  std::string where;                 // a source or a file
  std::optional<std::uint64_t> seq;  // none: all of standard input
  bool is_file = false;
};

Result<Asked> read_asked(const std::string& text) {
  if (text == "-") return Asked{"-", std::nullopt, true};
  const std::size_t colon = text.rfind(':');
  const std::string number = colon == std::string::npos ? "" : text.substr(colon + 1);
  std::uint64_t seq = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), seq);
  if (number.empty() || error != std::errc() || end != number.data() + number.size())
    return fail(Errc::kInvalid, "an event is SOURCE:SEQ, such as auth.log:12, or FILE:SEQ, or -");
  Asked asked{text.substr(0, colon), seq, false};
  std::error_code failed;
  asked.is_file = std::filesystem::is_regular_file(asked.where, failed);
  return asked;
}

// The rule that was asked for, of one of three sorts.
class Question {
 public:
  Question(const Detection& detection, const storage::Store* store, const WhyNotCommand& command)
      : detection_(detection), why_(detection, store), command_(command) {}

  Result<void> find() {
    correlation_ = find_correlation(*detection_.rules, command_.rule);
    if (correlation_) return {};
    for (std::uint32_t i = static_cast<std::uint32_t>(detection_.trees.size());
         i < detection_.rules->rule_count(); ++i) {
      const RuleIdentity& identity = detection_.rules->identity(i);
      if (identity.id == command_.rule || identity.name == command_.rule) other_ = i;
    }
    if (other_) return {};
    PICKET_TRY(rules_, find_rules(detection_, command_.rule));
    return {};
  }

  WhyNot& why() { return why_; }

  void answer(Batch& batch, std::uint32_t index, const EventRef& ref) {
    if (correlation_) {
      const rules::Correlation& correlation = detection_.rules->correlations()[*correlation_];
      show(correlation.rule.identity, correlation.rule.line, batch.events()[index], ref,
           why_.of_correlation(correlation, batch, index, ref));
    }
    if (other_) {
      show(detection_.rules->identity(*other_), 1, batch.events()[index], ref,
           why_.of_other(*other_, batch, index, ref));
    }
    for (const rules::DetectionRule* rule : rules_) {
      show(rule->identity, rule->line, batch.events()[index], ref,
           why_.of_detection(*rule, batch, index, ref));
    }
  }

 private:
  void show(const RuleIdentity& identity, int line, const Event& event, const EventRef& ref,
            const WhyAnswer& answer) const {
    const EventKind& kind = kind_of(event.kind);
    if (command_.json) {
      Json json = {
          {"rule",
           {{"id", identity.id}, {"name", identity.name}, {"path", identity.path}, {"line", line}}},
          {"event",
           {{"source", ref.source},
            {"seq", ref.seq},
            {"@timestamp", format_time(event.time_ns)},
            {"dataset", kind.dataset},
            {"status", parse_status_name(event.status)}}}};
      json.update(answer.json);
      print(dump_json(json) + "\n");
      return;
    }
    std::string kind_text = kind.dataset.empty() ? say("explain.unknown_kind") : kind.dataset;
    if (kind.code >= 0) kind_text += " " + std::to_string(kind.code);
    print(styled(visible(identity.name), Style::kBold) + "  " + styled_level(identity.level) +
          "\n" + visible(identity.id) + "  " + visible(identity.path) + ":" + std::to_string(line) +
          "\n" + visible(ref.source) + " #" + std::to_string(ref.seq) + "  " +
          format_time(event.time_ns) + "  " + visible(kind_text) + "\n" + answer.text);
  }

  const Detection& detection_;
  WhyNot why_;
  const WhyNotCommand& command_;
  std::optional<std::size_t> correlation_;
  std::optional<std::uint32_t> other_;
  std::vector<const rules::DetectionRule*> rules_;
};

int ask_file(const Detection& detection, const Asked& asked, const WhyNotCommand& command) {
  Question question(detection, nullptr, command);
  if (const Result<void> found = question.find(); !found)
    return complain(found.error().what, kUsageWrong);
  const EventInput input{
      .file = asked.where, .format = command.format, .source = command.source, .taxonomy = {}};
  std::size_t shown = 0;
  const Result<void> read = read_events(input, detection, false, [&](Batch& batch) {
    for (std::uint32_t i = 0; i < batch.events().size(); ++i) {
      const std::uint64_t seq = batch.records()[i].seq;
      if (asked.seq && seq != *asked.seq) continue;
      batch.hits().clear();
      question.answer(batch, i,
                      {.source = asked.where, .seq = seq, .time_ns = batch.events()[i].time_ns});
      if (asked.seq || ++shown >= kEventsShown) {
        ++shown;
        return false;
      }
    }
    return true;
  });
  if (!read) return complain(read.error().what, kUsageWrong);
  if (shown > 0) return kDone;
  return complain(
      asked.where + ": there is no event " + (asked.seq ? std::to_string(*asked.seq) : ""),
      kUsageWrong);
}

int ask_store(const Detection& detection, const Asked& asked, const WhyNotCommand& command) {
  const auto store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  Question question(detection, store->get(), command);
  if (const Result<void> found = question.find(); !found)
    return complain(found.error().what, kUsageWrong);
  EventRef ref{.source = asked.where, .seq = *asked.seq};
  Batch batch;
  const Result<void> fetched = question.why().fetch(ref, batch);
  if (!fetched) return complain(fetched.error().what, kUsageWrong);
  question.answer(batch, 0, ref);
  return kDone;
}

}  // namespace

int run_why_not(const WhyNotCommand& command) {
  const Result<Asked> asked = read_asked(command.event);
  if (!asked) return complain(asked.error().what, kUsageWrong);
  std::vector<std::string> errors;
  const Result<Config> config = effective_config(command.config, errors);
  if (!config) return complain(config.error().what, kUsageWrong);
  const Result<Detection> detection = load_detection(
      find_content(), {.rules = command.rules.empty() ? config->rules : command.rules,
                       .definitions = config->definitions,
                       .geoip = config->geoip,
                       .indicators = config->indicators,
                       .keep_trees = true,
                       .payloads = config->payloads});
  if (!detection) return complain(detection.error().what, kUsageWrong);
  for (const std::string& error : detection->errors) complain(error, kUsageWrong);
  if (const rules::Finding* refused = find_refused(*detection, command.rule)) {
    return complain(say("why_not.refused", {{"path", refused->path},
                                            {"line", refused->line},
                                            {"reason", translated(refused->reason)}}),
                    kRuleWrong);
  }
  return asked->is_file ? ask_file(*detection, *asked, command)
                        : ask_store(*detection, *asked, command);
}

}  // namespace picket::app
