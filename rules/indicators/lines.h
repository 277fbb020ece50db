// Lines of a file that comes in pieces. Bounded: what is longer than kIndicatorLineMax is passed
// by, and said.
//
// One thread; lines live until the next one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace picket::rules {

inline constexpr std::size_t kIndicatorLineMax = 64 * 1024;

class Lines {
 public:
  // Calls f(line, number, too_long) for each line that ends in the piece; a line that is too long
  // is empty.
  // "\r\n" ends a line too; a byte order mark at the beginning of the file is dropped.
  template <class F>
  void add(std::string_view piece, F f) {
    while (!piece.empty()) {
      const std::size_t end = piece.find('\n');
      const std::string_view part = piece.substr(0, end);
      if (end == std::string_view::npos) {
        keep(part);
        return;
      }
      piece.remove_prefix(end + 1);
      if (carry_.empty() && !too_long_ && part.size() <= kIndicatorLineMax) {
        hand_on(part, f);
      } else {
        keep(part);
        hand_on(carry_, f);
        carry_.clear();
      }
    }
  }
  template <class F>
  void finish(F f) {
    if (!carry_.empty() || too_long_) hand_on(carry_, f);
    carry_.clear();
  }

 private:
  void keep(std::string_view part) {
    if (carry_.size() + part.size() > kIndicatorLineMax) too_long_ = true;
    if (too_long_) {
      carry_.clear();
    } else {
      carry_.append(part);
    }
  }
  template <class F>
  void hand_on(std::string_view line, F f) {
    if (++number_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool too_long = too_long_;
    too_long_ = false;
    f(too_long ? std::string_view() : line, number_, too_long);
  }

  std::string carry_;
  bool too_long_ = false;
  std::uint32_t number_ = 0;
};

// Without blanks at both ends.
inline std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace picket::rules
