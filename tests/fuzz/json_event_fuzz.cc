#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "event/event.h"
#include "parsers/catalog.h"
#include "parsers/json_reader.h"
#include "parsers/parser.h"
#include "tests/parsers/slow_json.h"

namespace {

std::shared_ptr<const picket::parsers::Catalog> catalog() {
  std::vector<std::string> errors;
  auto loaded = picket::parsers::Catalog::load({PICKET_SOURCE_DIR "/content/sources"}, errors);
  PICKET_CHECK(loaded.has_value() && errors.empty());
  return *loaded;
}

struct Reader {
  explicit Reader(picket::parsers::JsonScan::Kernel kernel) : names(true), reader(names, kernel) {}
  picket::parsers::JsonNames names;
  picket::parsers::JsonReader reader;
};

// Whatever the instructions are, a text is valid when the obvious reader finds it so, and has the
// same fields. `text` is followed by 8 readable bytes.
void check_readers(std::string_view text) {
  using namespace picket::parsers;
  static Reader portable(JsonScan::Kernel::kPortable);
  static Reader best(JsonScan::best());
  static SlowJson slow;
  const bool valid = slow.read(text);
  PICKET_CHECK(portable.reader.read(text) == valid);
  PICKET_CHECK(best.reader.read(text) == valid);
  if (!valid) return;
  PICKET_CHECK(best.reader.plain() == slow.plain());
  const auto fields = portable.reader.fields();
  const auto same = best.reader.fields();
  PICKET_CHECK(fields.size() == same.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    PICKET_CHECK(fields[i].data == same[i].data && fields[i].size == same[i].size);
    PICKET_CHECK(fields[i].id == same[i].id && fields[i].kind == same[i].kind);
    PICKET_CHECK(fields[i].escaped == same[i].escaped);
  }
}

}  // namespace

// One event for the record; every value can be read; a learning parser and a frozen one agree on
// whether it is JSON, and all readers of JSON agree with an obvious one.
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
  check_readers(first.records()[0].raw);
  PICKET_CHECK(first.events()[0].status == second.events()[0].status);
  PICKET_CHECK(first.events()[0].kind == second.events()[0].kind);
  PICKET_CHECK(first.events()[0].time_ns == second.events()[0].time_ns);
  return 0;
}
