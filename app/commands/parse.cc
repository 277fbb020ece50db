// picket parse: one normalised event per line.
#include <map>

#include "app/command.h"
#include "app/detection.h"
#include "app/line_templates.h"
#include "app/record_file.h"
#include "app/required_report.h"
#include "app/step_report.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/world.h"
#include "event/ecs.h"
#include "event/event_json.h"
#include "parsers/steps/step.h"
#include "rules/taxonomy.h"

namespace picket::app {
namespace {

// With a definition named, its author sees what the steps did to the first records.
constexpr std::size_t kExplainedMax = 3;

class Printer {
 public:
  Printer(const ParseCommand& command, parsers::Parser& parser)
      : command_(command), parser_(parser) {
    if (command.steps || !command.source.empty()) parser_.set_trace(&trace_);
  }

  // One record at a time where steps are shown.
  std::size_t records() const { return tracing() ? 1 : 256; }

  void print_event(Batch& batch, const Event& event, const std::string& path) {
    const std::string_view record = batch.record_of(event).raw;
    if (command_.steps) {
      print(command_.json ? dump_json(step_report_json(trace_, event, record)) + "\n"
                          : step_report(trace_, event, record));
    } else {
      if (tracing() && !command_.json && !trace_.entries.empty())
        tell(step_report(trace_, event, record));
      print(dump_json(event_json(batch, event, path)) + "\n");
    }
    trace_ = {};
    if (++explained_ == kExplainedMax && !command_.steps) parser_.set_trace(nullptr);
  }

 private:
  bool tracing() const {
    return command_.steps || (!command_.source.empty() && explained_ < kExplainedMax);
  }

  const ParseCommand& command_;
  parsers::Parser& parser_;
  parsers::StepTrace trace_;
  std::size_t explained_ = 0;
};

// What was recognised, and what the rest looks like.
class UnknownReport {
 public:
  void add(Batch& batch, const Event& event) {
    ++all_;
    const EventKind& kind = kind_of(event.kind);
    if (event.status == ParseStatus::kParsed && !kind.dataset.empty() && kind.dataset != kAnyJson) {
      ++datasets_[kind.dataset];
      return;
    }
    const auto message = batch.text(event, ecs::kMessage);
    templates_.add(message ? *message : batch.record_of(event).raw);
    ++unknown_;
  }

  void print_text() const {
    std::vector<std::vector<std::string>> rows;
    for (const LineTemplates::Template& one : templates_.by_count()) {
      rows.push_back({std::to_string(one.count), visible(one.text(), kColumns),
                      visible(one.sample, kColumns)});
    }
    if (!rows.empty())
      print(table({say("column.count_of"), say("column.template"), say("column.first_of_them")},
                  rows));
    if (templates_.others() > 0) tell(say("parse.no_room", {{"n", templates_.others()}}));
    tell(say("parse.recognised", {{"known", all_ - unknown_}, {"all", all_}, {"share", share()}}));
  }

  void print_json() const {
    for (const LineTemplates::Template& one : templates_.by_count()) {
      print(
          dump_json(Json{{"count", one.count}, {"template", one.text()}, {"sample", one.sample}}) +
          "\n");
    }
    Json datasets = Json::object();
    for (const auto& [name, count] : datasets_) datasets[name] = count;
    print(dump_json(Json{{"records", all_},
                         {"recognised", all_ - unknown_},
                         {"no_room", templates_.others()},
                         {"datasets", std::move(datasets)}}) +
          "\n");
  }

 private:
  static constexpr std::string_view kAnyJson = "json";  // the data set of objects that nobody knows
  static constexpr std::size_t kColumns = 100;

  // With one digit behind the point.
  std::string share() const {
    if (all_ == 0) return "0";
    const std::uint64_t tenths = (all_ - unknown_) * 1000 / all_;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
  }

  LineTemplates templates_;
  std::map<std::string, std::uint64_t> datasets_;
  std::uint64_t all_ = 0;
  std::uint64_t unknown_ = 0;
};

// Asked for, it is the output; beside events, a notice of what they lack.
void tell_required(const ParseCommand& command, const Json& rows) {
  if (command.required && command.json) {
    for (const Json& row : rows) print(dump_json(row) + "\n");
  } else if (command.required) {
    print(required_text(rows, false));
  } else if (!command.unknown && !command.steps) {
    if (const std::string text = required_text(rows, true); !text.empty()) tell(text);
  }
}

}  // namespace

int run_parse(const ParseCommand& command) {
  const ContentPaths content = find_content();
  if (content.root.empty())
    return complain("the shipped content was not found; set PICKET_CONTENT", kUsageWrong);
  std::vector<std::string> errors;
  const auto catalog =
      parsers::Catalog::load(content.sources(command.definitions), errors, command.geoip);
  if (!catalog) return complain(catalog.error().what, kUsageWrong);
  for (const std::string& error : errors) complain(error, kUsageWrong);
  tell_geoip_problems(**catalog);
  if (!command.source.empty() && (*catalog)->find(command.source) == nullptr) {
    return complain("there is no source definition named '" + command.source + "'", kUsageWrong);
  }
  parsers::Parser parser(*catalog, true);
  parser.set_source(SourceId{}, {.format = command.format, .definition = command.source});
  parser.note_for_people();
  Printer printer(command, parser);
  UnknownReport unknown;
  for (const std::string& path : command.files) {
    auto file =
        RecordFile::open(path, command.format, command.zero ? RecordEnd::kZero : RecordEnd::kLine);
    if (!file) return complain(file.error().what, kUsageWrong);
    Batch batch;
    for (bool more = true; more;) {
      batch.clear();
      const Result<bool> read = (*file)->read(batch, SourceId{}, RealClock().now().count(),
                                              printer.records(), 1024 * 1024);
      if (!read) return complain(read.error().what, kUsageWrong);
      more = *read;
      parser.parse(batch);
      for (const Event& event : batch.events()) {
        if (command.unknown) {
          unknown.add(batch, event);
        } else if (!command.required) {
          printer.print_event(batch, event, path);
        }
      }
    }
  }
  if (command.unknown && command.json) unknown.print_json();
  if (command.unknown && !command.json) unknown.print_text();
  tell_required(command, required_json(parser.counters().datasets));
  return kDone;
}

}  // namespace picket::app
