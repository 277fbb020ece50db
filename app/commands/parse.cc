// picket parse: one normalised event per line.
#include <cstdio>

#include "app/command.h"
#include "app/detection.h"
#include "app/record_file.h"
#include "base/world.h"
#include "event/event_json.h"
#include "rules/taxonomy.h"

namespace picket::app {

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
  for (const std::string& path : command.files) {
    auto file = RecordFile::open(path, command.format, command.zero ? RecordEnd::kZero : RecordEnd::kLine);
    if (!file) return complain(file.error().what, kUsageWrong);
    Batch batch;
    for (bool more = true; more;) {
      batch.clear();
      const Result<bool> read = (*file)->read(batch, SourceId{}, RealClock().now().count(), 256, 1024 * 1024);
      if (!read) return complain(read.error().what, kUsageWrong);
      more = *read;
      parser.parse(batch);
      for (const Event& event : batch.events()) {
        const std::string line = dump_json(event_json(batch, event, path)) + "\n";
        std::fwrite(line.data(), 1, line.size(), stdout);
      }
    }
  }
  return kDone;
}

}  // namespace picket::app
