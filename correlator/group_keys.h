// The names under which a group is kept in the state (group.h lists them), made of its suffix.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace picket::correlator {

inline constexpr std::string_view kHeadPrefix = "c/g/";
inline constexpr std::string_view kTimerPrefix = "c/d/";
inline constexpr std::string_view kGrownPrefix = "c/u/";  // and the group: its open alert has grown

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

}  // namespace picket::correlator
