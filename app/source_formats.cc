#include "app/source_formats.h"

namespace picket::app {
namespace {

constexpr std::string_view kSpace = "source-formats";

}  // namespace

Result<void> keep_source_format(storage::Store& store, const std::string& source,
                                const parsers::SourceFormat& format) {
  const Json json = {{"format", format.format},
                     {"definition", format.definition},
                     {"layer", layer_name(format.layer)},
                     {"zone_offset_s", format.zone_offset_s},
                     {"future_max_ns", format.future_max_ns}};
  const Result<Json> kept = store.document(kSpace, source);
  if (kept && *kept == json) return {};
  return store.put_document(kSpace, source, json);
}

Json kept_format_documents(const storage::Store& store) {
  Json documents = Json::object();
  for (const std::string& source : store.source_names()) {
    const Result<Json> kept = store.document(kSpace, source);
    if (kept && kept->is_object()) documents[source] = *kept;
  }
  return documents;
}

Result<void> keep_missing_formats(storage::Store& store, const Json& documents) {
  for (const auto& [source, json] : documents.items()) {
    if (!json.is_object() || store.document(kSpace, source)) continue;
    PICKET_TRY_VOID(store.put_document(kSpace, source, json));
  }
  return {};
}

std::vector<parsers::SourceFormat> kept_source_formats(const storage::Store& store) {
  std::vector<parsers::SourceFormat> formats;
  for (const std::string& source : store.source_names()) {
    parsers::SourceFormat& format = formats.emplace_back();
    const Result<Json> kept = store.document(kSpace, source);
    if (!kept || !kept->is_object()) continue;
    const auto text = [&](const char* key) {
      const auto found = kept->find(key);
      return found != kept->end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    format.format = text("format");
    format.definition = text("definition");
    format.layer = layer_of(text("layer"));
    const auto number = [&](const char* key, std::int64_t otherwise) {
      const auto found = kept->find(key);
      const bool there = found != kept->end() && found->is_number_integer();
      return there ? found->get<std::int64_t>() : otherwise;
    };
    format.zone_offset_s = static_cast<std::int32_t>(number("zone_offset_s", 0));
    format.future_max_ns = number("future_max_ns", INT64_MAX);
  }
  return formats;
}

}  // namespace picket::app
