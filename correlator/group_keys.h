// The names under which a group is kept in the state (group.h lists them), made of its suffix.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace picket::correlator {

inline constexpr std::string_view kHeadPrefix = "c/g/";
inline constexpr std::string_view kTimerPrefix = "c/d/";
inline constexpr std::string_view kGrownPrefix = "c/u/";  // and the group: its open alert has grown

inline constexpr std::string_view kLogPrefix = "c/l/";

inline std::string head_key(std::string_view suffix) {
  return std::string(kHeadPrefix) + std::string(suffix);
}
inline std::string alert_key(std::string_view suffix) {
  return "c/a/" + std::string(suffix);
}
inline std::string history_key(std::string_view suffix) {
  return "c/h/" + std::string(suffix);
}
inline std::string page_key(std::string_view suffix, std::uint32_t page) {
  return "c/p/" + std::string(suffix) + '/' + std::to_string(page);
}

inline std::string log_key(std::uint64_t segment) {
  std::string key(kLogPrefix);
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(segment >> shift);
  return key;
}
inline std::uint64_t segment_at(std::string_view log_key) {
  std::uint64_t segment = 0;
  for (const char c : log_key.substr(kLogPrefix.size()))
    segment = segment << 8 | static_cast<std::uint8_t>(c);
  return segment;
}

// Which of so many partitions a group belongs to. A name is the hash of the rule and two of the
// values; the first of these is what groups are looked up by.
inline std::size_t partition_of(std::string_view suffix, std::size_t partitions) {
  if (partitions == 1 || suffix.size() < 24) return 0;
  std::uint64_t rule = 0;
  std::uint64_t values = 0;
  std::memcpy(&rule, suffix.data(), sizeof rule);
  std::memcpy(&values, suffix.data() + 16, sizeof values);
  return (rule ^ values) % partitions;
}

}  // namespace picket::correlator
