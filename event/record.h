// Record: the bytes of one message as received. Source: where records come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace picket {

// What a source watches (the four monitored layers).
enum class Layer : std::uint8_t { kNone, kNetwork, kServer, kApplication, kEndpoint };
std::string_view layer_name(Layer layer);           // "network", ...; "" for kNone
Layer layer_of(std::string_view name);              // kNone for an unknown name

// A configured origin of records: a door plus a parser, a layer and an owner system. Ids are dense,
// given by the store and kept for ever; 0 is the first.
enum class SourceId : std::uint32_t {};

struct Source {
  SourceId id{};
  std::string name;               // "auth.log", "edge-fw": unique, as people write it
  std::string format = "auto";    // INTERFACES: auto, ndjson, json, syslog, raw, ...
  std::string definition;         // a source definition by name, or empty: recognised per record
  Layer layer = Layer::kNone;     // kNone: the definition decides
  std::string system;             // the information system that owns it, or empty
};

// A view; `raw` and `heading` point into the arena of its batch and may hold any bytes.
struct Record {
  std::string_view raw;
  std::int64_t received_ns = 0;  // wall time of arrival
  std::uint64_t seq = 0;         // counts the records of this source from 0
  SourceId source{};
  std::uint32_t length = 0;      // of the original, when raw was cut to the frame limit; else raw's
  // The line that names the columns of `raw`, as it stood before it in its file: "#Fields: date time ..."
  // (W3C), "#fields\tts\tuid..." (Zeek). Empty: none did.
  std::string_view heading = {};
};

inline constexpr std::size_t kHeadingBytesMax = 4096;  // a longer line names no columns

}  // namespace picket
