// What must hold for every stream of bytes, however it is cut: the exhaustive test and the fuzzer
// share it. The reference is slow and obvious: it sees the whole stream at once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "collector/framing.h"

namespace picket::collector {

struct OwnedFrame {
  std::string bytes;
  std::uint64_t length = 0;
  friend bool operator==(const OwnedFrame&, const OwnedFrame&) = default;
};
using Frames = std::vector<OwnedFrame>;

// A count: one to seven digits, the first not 0, then a space. Its length with the space, or
// nullopt.
inline std::optional<std::size_t> reference_count(std::string_view text, std::uint64_t& count) {
  std::size_t digits = 0;
  count = 0;
  while (digits < text.size() && digits < 7 && text[digits] >= '0' && text[digits] <= '9') {
    count = count * 10 + static_cast<unsigned>(text[digits] - '0');
    ++digits;
  }
  if (digits == 0 || text[0] == '0' || digits == text.size() || text[digits] != ' ')
    return std::nullopt;
  return digits + 1;
}

inline Frames reference_frames(std::string_view text, const FramerOptions& options) {
  Frames frames;
  const auto emit = [&](std::string_view bytes, std::uint64_t length) {
    frames.push_back({std::string(bytes.substr(0, options.frame_bytes_max)), length});
  };
  while (!text.empty()) {
    if (text[0] == '\n' || (text[0] == '\0' && options.nul_ends_line)) {
      text.remove_prefix(1);
      continue;
    }
    std::uint64_t count = 0;
    const auto header = options.octet_counting ? reference_count(text, count) : std::nullopt;
    if (header && *header == text.size()) {  // the stream ends with the count: kept as it is
      emit(text, text.size());
      break;
    }
    if (header) {
      emit(text.substr(*header, static_cast<std::size_t>(count)), count);
      text.remove_prefix(
          std::min<std::size_t>(text.size(), *header + static_cast<std::size_t>(count)));
      continue;
    }
    std::size_t end = 0;
    while (end < text.size() && text[end] != '\n' && !(text[end] == '\0' && options.nul_ends_line))
      ++end;
    std::string_view line = text.substr(0, end);
    const bool crlf = end < text.size() && text[end] == '\n' && line.ends_with('\r');
    if (crlf) line.remove_suffix(1);
    if (!line.empty()) emit(line, line.size());
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return frames;
}

// Feeds the parts one after the other.
inline Frames framed(const std::vector<std::string_view>& parts, const FramerOptions& options) {
  Framer framer(options);
  Frames frames;
  Frame frame;
  const auto emit = [&] {
    PICKET_CHECK(frame.bytes.size() <= options.frame_bytes_max);
    PICKET_CHECK(frame.bytes.size() <= frame.length);
    frames.push_back({std::string(frame.bytes), frame.length});
  };
  std::uint64_t fed = 0;
  for (std::string_view part : parts) {
    fed += part.size();
    while (framer.next(part, frame)) emit();
    PICKET_CHECK(part.empty());
    PICKET_CHECK(framer.pending() <= fed);
  }
  if (framer.finish(frame)) emit();
  PICKET_CHECK(!framer.finish(frame));
  return frames;
}

// `seed` says where the stream is cut.
inline void check_framing(std::string_view text, std::uint64_t seed, const FramerOptions& options) {
  const Frames expected = reference_frames(text, options);
  PICKET_CHECK(framed({text}, options) == expected);
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
  PICKET_CHECK(framed(bytes, options) == expected);
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; at < text.size();) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    const std::size_t size = 1 + static_cast<std::size_t>((seed >> 33) % 13);
    pieces.push_back(text.substr(at, size));
    at += size;
  }
  PICKET_CHECK(framed(pieces, options) == expected);
}

}  // namespace picket::collector
