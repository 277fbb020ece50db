#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "event/event.h"
#include "event/event_json.h"
#include "parsers/catalog.h"
#include "parsers/definition_file.h"
#include "parsers/parser.h"

// A definition, a line "---", and records, one a line. The definition is refused or it runs; each
// record gives one event, twice the same, with values that can be read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace picket;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t split = text.find("\n---\n");
  if (split == std::string_view::npos) return 0;
  auto definition = parsers::read_definition(text.substr(0, split + 1), "own.yaml");
  if (!definition) {
    PICKET_CHECK(definition.error().what.find("own.yaml:") == 0 ||
                 !definition.error().what.empty());
    return 0;
  }
  const std::string name = definition->name;
  std::vector<parsers::Definition> all;
  all.push_back(*std::move(definition));
  parsers::Parser parser(parsers::Catalog::make(std::move(all)), true);
  parser.set_source(SourceId{1}, {.definition = name});
  std::string_view rest = text.substr(split + 5);
  for (int lines = 0; lines < 16 && !rest.empty(); ++lines) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    Batch batch;
    for (const std::uint32_t source : {0U, 1U, 1U})
      batch.add(line, SourceId{source}, 0, 1'772'366'400'000'000'000);
    parser.parse(batch);
    PICKET_CHECK(batch.events().size() == 3);
    const std::string second = dump_json(event_json(batch, batch.events()[1], ""));
    PICKET_CHECK(second == dump_json(event_json(batch, batch.events()[2], "")));
    PICKET_CHECK(batch.fields(batch.events()[1]).size() <= 5000);
    (void)event_json(batch, batch.events()[0], "");
  }
  return 0;
}
