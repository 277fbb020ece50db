// picket parse: one normalised event per line.
#include "app/command.h"
#include "app/detection.h"
#include "app/record_file.h"
#include "app/step_report.h"
#include "app/terminal.h"
#include "base/world.h"
#include "event/event_json.h"
#include "parsers/steps/step.h"
#include "rules/taxonomy.h"

namespace picket::app {
namespace {

// With a definition named, its author sees what the steps did to the first records.
constexpr std::size_t kExplainedMax = 3;

class Printer {
 public:
  Printer(const ParseCommand& command, parsers::Parser& parser) : command_(command), parser_(parser) {
    if (command.steps || !command.source.empty()) parser_.set_trace(&trace_);
  }

  // One record at a time where steps are shown.
  std::size_t records() const { return tracing() ? 1 : 256; }

  void print_event(Batch& batch, const Event& event, const std::string& path) {
    const std::string_view record = batch.record_of(event).raw;
    if (command_.steps) {
      print(command_.json ? dump_json(step_report_json(trace_, event, record)) + "\n" : step_report(trace_, event, record));
    } else {
      if (tracing() && !command_.json && !trace_.entries.empty()) tell(step_report(trace_, event, record));
      print(dump_json(event_json(batch, event, path)) + "\n");
    }
    trace_ = {};
    if (++explained_ == kExplainedMax && !command_.steps) parser_.set_trace(nullptr);
  }

 private:
  bool tracing() const { return command_.steps || (!command_.source.empty() && explained_ < kExplainedMax); }

  const ParseCommand& command_;
  parsers::Parser& parser_;
  parsers::StepTrace trace_;
  std::size_t explained_ = 0;
};

}  // namespace

int run_parse(const ParseCommand& command) {
  const ContentPaths content = find_content();
  if (content.root.empty()) return complain("the shipped content was not found; set PICKET_CONTENT", kUsageWrong);
  std::vector<std::string> errors;
  const auto catalog = parsers::Catalog::load({content.sources()}, errors);
  if (!catalog) return complain(catalog.error().what, kUsageWrong);
  for (const std::string& error : errors) complain(error, kUsageWrong);
  if (!command.source.empty() && (*catalog)->find(command.source) == nullptr) {
    return complain("there is no source definition named '" + command.source + "'", kUsageWrong);
  }
  parsers::Parser parser(*catalog, true);
  parser.set_source(SourceId{}, {.format = command.format, .definition = command.source});
  Printer printer(command, parser);
  for (const std::string& path : command.files) {
    auto file = RecordFile::open(path, command.format, command.zero ? RecordEnd::kZero : RecordEnd::kLine);
    if (!file) return complain(file.error().what, kUsageWrong);
    Batch batch;
    for (bool more = true; more;) {
      batch.clear();
      const Result<bool> read = (*file)->read(batch, SourceId{}, RealClock().now().count(), printer.records(), 1024 * 1024);
      if (!read) return complain(read.error().what, kUsageWrong);
      more = *read;
      parser.parse(batch);
      for (const Event& event : batch.events()) printer.print_event(batch, event, path);
    }
  }
  return kDone;
}

}  // namespace picket::app
