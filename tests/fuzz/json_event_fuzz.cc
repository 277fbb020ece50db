#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "event/event.h"
#include "parsers/catalog.h"
#include "parsers/parser.h"

namespace {

std::shared_ptr<const picket::parsers::Catalog> catalog() {
  std::vector<std::string> errors;
  auto loaded = picket::parsers::Catalog::load({PICKET_SOURCE_DIR "/content/sources"}, errors);
  PICKET_CHECK(loaded.has_value() && errors.empty());
  return *loaded;
}

}  // namespace

// One event for the record; every value can be read; a learning parser and a frozen one agree on
// whether it is JSON.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace picket;
  static parsers::Parser frozen(catalog(), false);
  static parsers::Parser learning(catalog(), true);
  static Batch first;
  static Batch second;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& pair : {std::pair{&frozen, &first}, std::pair{&learning, &second}}) {
    parsers::Parser* const parser = pair.first;
    Batch* const batch = pair.second;  // clang 14 captures no structured bindings
    batch->clear();
    batch->add(text, SourceId{0}, 0, 0);
    parser->parse(*batch);
    PICKET_CHECK(batch->events().size() == 1);
    for (const Field& field : batch->fields(batch->events()[0])) {
      for_each_value(field, [&](const Field& value) { (void)field_text(value, batch->arena()); });
    }
  }
  PICKET_CHECK(first.events()[0].status == second.events()[0].status);
  PICKET_CHECK(first.events()[0].kind == second.events()[0].kind);
  PICKET_CHECK(first.events()[0].time_ns == second.events()[0].time_ns);
  return 0;
}
