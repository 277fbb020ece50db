// What must hold for every stream of bytes that is split into records: the same records however it
// is cut; records in order, each as it stands in the stream; between them only what stands around
// records; and the same records from any place at which a reader goes on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "collector/splitter.h"

namespace picket::collector {

struct SplitRecord {
  std::string bytes;
  std::uint64_t length = 0;
  std::uint64_t end = 0;  // of the stream, as a reader would note it
  Splitter::Place place = Splitter::Place::kLine;
  bool same(const SplitRecord& other) const {
    return bytes == other.bytes && length == other.length;
  }
};
using SplitRecords = std::vector<SplitRecord>;

inline SplitRecords split(const std::vector<std::string_view>& parts,
                          const SplitterOptions& options,
                          Splitter::Place place = Splitter::Place::kLine,
                          std::uint64_t* envelopes = nullptr) {
  Splitter splitter(options, place);
  SplitRecords records;
  Frame frame;
  std::uint64_t fed = 0;
  const auto note = [&](std::string_view left) {
    PICKET_CHECK(frame.bytes.size() <= options.frame_bytes_max);
    PICKET_CHECK(frame.bytes.size() <= frame.length);
    PICKET_CHECK(splitter.pending() <= fed - left.size());
    records.push_back({std::string(frame.bytes), frame.length,
                       fed - left.size() - splitter.pending(), splitter.place()});
  };
  for (std::string_view part : parts) {
    fed += part.size();
    while (splitter.next(part, frame)) note(part);
    PICKET_CHECK(part.empty());
  }
  while (splitter.finish(frame)) note({});
  PICKET_CHECK(!splitter.finish(frame));
  PICKET_CHECK(splitter.pending() == 0);
  if (envelopes != nullptr) *envelopes = splitter.take_envelopes();
  return records;
}

inline bool same(const SplitRecords& a, const SplitRecords& b, std::size_t from = 0) {
  if (a.size() != b.size() + from) return false;
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (!a[from + i].same(b[i])) return false;
  }
  return true;
}

inline void check_splitting(std::string_view text, std::uint64_t seed,
                            const SplitterOptions& options) {
  constexpr std::size_t kRestartsMax = 64;
  const SplitRecords expected = split({text}, options);
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
  PICKET_CHECK(same(split(bytes, options), expected));
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; at < text.size();) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    const std::size_t size = 1 + static_cast<std::size_t>((seed >> 33) % 13);
    pieces.push_back(text.substr(at, size));
    at += size;
  }
  PICKET_CHECK(same(split(pieces, options), expected));
  std::size_t at = 0;
  bool whole = true;  // no record was cut to the limit, or made of pieces of that size
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const SplitRecord& record = expected[i];
    const std::size_t found = text.find(record.bytes, at);
    PICKET_CHECK(found != std::string_view::npos);
    at = found + record.bytes.size();
    PICKET_CHECK(at <= record.end || record.length != record.bytes.size());
    whole = whole && record.bytes.size() < options.frame_bytes_max;
    if (!whole || i >= kRestartsMax) continue;
    const std::string_view rest = text.substr(static_cast<std::size_t>(record.end));
    PICKET_CHECK(same(expected, split({rest}, options, record.place), i + 1));
  }
}

}  // namespace picket::collector
