// ValueTable: the distinct values of one column while a block is written, numbered as they come.
//
// Owns copies of the values. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace picket::storage {

class ValueTable {
 public:
  // The number of a value, a new one if it is new.
  std::uint32_t add(std::string_view value) {
    if (last_ < ends_.size() && at(last_) == value) return last_;
    return last_ = look_up(value);
  }
  std::uint32_t size() const { return static_cast<std::uint32_t>(ends_.size()); }
  std::string_view at(std::uint32_t number) const {
    const std::size_t first = number == 0 ? 0 : ends_[number - 1];
    return std::string_view(bytes_).substr(first, ends_[number] - first);
  }

 private:
  struct Entry {
    std::uint32_t hash = 0;
    std::uint32_t number_plus_one = 0;
  };
  std::uint32_t look_up(std::string_view value);
  void grow();

  std::string bytes_;
  std::vector<std::size_t> ends_;
  std::vector<Entry> entries_;  // open addressing; a power of two
  std::uint32_t last_ = 0;
};

}  // namespace picket::storage
