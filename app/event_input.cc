#include "app/event_input.h"

#include "app/record_file.h"
#include "base/world.h"

namespace picket::app {
namespace {

constexpr std::size_t kBatchRecords = 256;
constexpr std::size_t kBatchBytes = 1024 * 1024;

}  // namespace

Result<void> read_events(const EventInput& input, const Detection& detection, bool keep_all_fields,
                         const std::function<bool(Batch&)>& each) {
  if (!input.source.empty() && detection.catalog->find(input.source) == nullptr) {
    return fail(Errc::kInvalid, "there is no source definition named '" + input.source + "'");
  }
  parsers::Parser parser = detection.make_parser(keep_all_fields);
  parser.set_source(SourceId{},
                    {.format = input.format,
                     .definition = input.taxonomy == "none" ? "json-generic" : input.source});
  PICKET_TRY(const std::unique_ptr<RecordFile> file, RecordFile::open(input.file, input.format));
  Batch batch;
  const std::int64_t now_ns = RealClock().now().count();
  for (bool more = true; more;) {
    batch.clear();
    PICKET_TRY(more, file->read(batch, SourceId{}, now_ns, kBatchRecords, kBatchBytes));
    parser.parse(batch);
    if (!each(batch)) break;
  }
  return {};
}

}  // namespace picket::app
