// A sink that remembers what readers of feeds hand on, for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "rules/indicators/loader.h"
#include "rules/indicators/value.h"

namespace picket::rules {

class RecordingSink final : public IndicatorSink {
 public:
  void add(const IndicatorKey& key, const IndicatorNote& note) override {
    std::string line = std::to_string(note.line) + " " +
                       std::string(indicator_type_name(key.type)) + " " +
                       indicator_text(key.type, key.bits, key.bytes);
    if (note.confidence >= 0) line += " confidence=" + std::to_string(note.confidence);
    if (note.valid_from_ns != kSinceEver) line += " from=" + format_time(note.valid_from_ns);
    if (note.valid_until_ns != kForEver) line += " until=" + format_time(note.valid_until_ns);
    if (!note.source.empty()) line += " source=" + std::string(note.source);
    if (!note.description.empty()) line += " description=" + std::string(note.description);
    if (!note.reference.empty()) line += " reference=" + std::string(note.reference);
    lines.push_back(line);
  }
  void refuse(std::uint32_t line, std::string_view code, std::string reason) override {
    lines.push_back(std::to_string(line) + " refused " + std::string(code) + ": " + reason);
  }
  void revoked() override { lines.push_back("revoked"); }
  void name_source(std::string_view id, std::string_view name) override {
    lines.push_back(std::string(id) + " is " + std::string(name));
  }

  std::vector<std::string> lines;
};

inline std::vector<std::string> feed_lines(std::string_view text, std::string_view format,
                                           std::size_t piece_bytes = SIZE_MAX) {
  RecordingSink sink;
  read_feed(text, format, sink, piece_bytes);
  return sink.lines;
}

}  // namespace picket::rules
