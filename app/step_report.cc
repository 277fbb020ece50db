#include "app/step_report.h"

#include "app/terminal.h"
#include "app/words.h"
#include "base/time.h"
#include "event/kind.h"

namespace picket::app {
namespace {

using parsers::Outcome;
using parsers::StepTrace;

constexpr std::size_t kValueColumns = 100;

std::string_view outcome_key(const StepTrace::Entry& entry) {
  if (entry.skipped) return "skipped";
  switch (entry.outcome) {
    case Outcome::kDone:
      return "done";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kReject:
      return "rejected";
    case Outcome::kStop:
      return "stopped";
  }
  return "done";
}

std::string step_line(const StepTrace::Entry& entry) {
  std::string line(2 + 2 * static_cast<std::size_t>(entry.depth), ' ');
  const std::string place = entry.line == 0 ? "" : std::to_string(entry.line) + ": ";
  line += styled(place + entry.verb, entry.skipped ? Style::kDim : Style::kBold);
  if (!entry.name.empty()) line += " (" + visible(entry.name) + ")";
  const std::string_view outcome = outcome_key(entry);
  if (outcome != "done") line += "  " + word("steps", outcome);
  return line + "\n";
}

std::string change_line(const StepTrace::Entry& entry, const StepTrace::Change& change) {
  std::string line(6 + 2 * static_cast<std::size_t>(entry.depth), ' ');
  if (change.value.empty()) return line + "- " + visible(change.name) + "\n";
  return line + "+ " + visible(change.name) + " = " + visible(change.value, kValueColumns) + "\n";
}

}  // namespace

std::string step_report(const StepTrace& trace, const Event& event, std::string_view record) {
  std::string text = visible(record, 200) + "\n";
  for (const StepTrace::Entry& entry : trace.entries) {
    text += step_line(entry);
    for (const StepTrace::Change& change : entry.changes) text += change_line(entry, change);
  }
  const std::string& dataset = kind_of(event.kind).dataset;
  text += "  = " + std::string(parse_status_name(event.status)) + "  " +
          format_time(event.time_ns) + "  " + visible(dataset) + "\n";
  return text;
}

Json step_report_json(const StepTrace& trace, const Event& event, std::string_view record) {
  Json steps = Json::array();
  for (const StepTrace::Entry& entry : trace.entries) {
    Json step = {{"line", entry.line},
                 {"depth", entry.depth},
                 {"verb", entry.verb},
                 {"outcome", outcome_key(entry)}};
    if (!entry.name.empty()) step["name"] = entry.name;
    Json fields = Json::object();
    Json removed = Json::array();
    for (const StepTrace::Change& change : entry.changes) {
      if (change.value.empty()) {
        removed.push_back(change.name);
      } else {
        fields[change.name] = change.value;
      }
    }
    if (!fields.empty()) step["fields"] = std::move(fields);
    if (!removed.empty()) step["removed"] = std::move(removed);
    steps.push_back(std::move(step));
  }
  return Json{{"record", std::string(record)},
              {"dataset", kind_of(event.kind).dataset},
              {"status", std::string(parse_status_name(event.status))},
              {"@timestamp", format_time(event.time_ns)},
              {"steps", std::move(steps)}};
}

}  // namespace picket::app
