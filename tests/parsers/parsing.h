// A fixture with verbs: parse one line, ask for its fields by ECS or original name.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "event/ecs.h"
#include "event/event.h"
#include "event/event_json.h"
#include "parsers/catalog.h"
#include "parsers/parser.h"

namespace picket::parsers {

inline std::shared_ptr<const Catalog> shipped_catalog() {
  static const std::shared_ptr<const Catalog> catalog = [] {
    std::vector<std::string> errors;
    auto loaded = Catalog::load({std::string(PICKET_SOURCE_DIR) + "/content/sources"}, errors);
    for (const std::string& error : errors) ADD_FAILURE() << error;
    PICKET_CHECK(loaded.has_value());
    return *loaded;
  }();
  return catalog;
}

// 2026-03-01T12:00:00Z
inline constexpr std::int64_t kReceived = 1'772'366'400'000'000'000;

class Parsing {
 public:
  explicit Parsing(bool keep_all_fields = true, SourceFormat format = {})
      : parser_(shipped_catalog(), keep_all_fields) {
    parser_.set_source(SourceId{0}, std::move(format));
  }

  // The event of the last line parsed.
  const Event& parse(std::string_view line, std::int64_t received_ns = kReceived) {
    batch_.clear();
    batch_.add(line, SourceId{0}, 0, received_ns);
    parser_.parse(batch_);
    PICKET_CHECK(batch_.events().size() == 1);
    return event();
  }

  Parser& parser() { return parser_; }
  const Event& event() const { return batch_.events().back(); }
  Batch& batch() { return batch_; }
  const EventKind& kind() const { return kind_of(event().kind); }

  // "<none>" when there is no such field.
  std::string ecs(std::string_view name) {
    const std::optional<FieldId> id = find_field(name);
    if (!id) return "<none>";
    const auto text = batch_.text(event(), *id);
    return text ? std::string(*text) : "<none>";
  }
  // All values of the very name, joined by '|'.
  std::string original(std::string_view name) {
    const std::optional<FieldId> id = find_field(name);
    std::string all;
    bool any = false;
    for (const Field& field : batch_.fields(event())) {
      if (!id || field.id != *id) continue;
      if (any) all += '|';
      all += field_text(field, batch_.arena());
      any = true;
    }
    return any ? all : "<none>";
  }
  std::string time() const { return format_time(event().time_ns); }
  std::string_view status() const { return parse_status_name(event().status); }
  std::string json() { return dump_json(event_json(batch_, event(), "")); }

 private:
  Parser parser_;
  Batch batch_;
};

}  // namespace picket::parsers
