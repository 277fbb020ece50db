// ValueCache: which rules the values seen lately wake.
//
// Telemetry repeats itself: of most columns nineteen values in twenty were there a moment ago. So
// the answer of a LiteralIndex is kept under the value as it was written, and folding, hash tables
// and Hyperscan are left out for a value that is known. All bytes are compared: a collision of
// hashes costs a look-up and never an answer. A column whose values do not repeat is passed by, and
// tried again later.
//
// Bounded: kEntries answers for values of at most kValueMax bytes, 8.5 MB from the first keep() on.
// Belongs to one thread and one rule set.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace picket::rules {

class ValueCache {
 public:
  static constexpr std::size_t kEntries = 16 * 1024;
  static constexpr std::size_t kValueMax = 512;  // bytes

  // Numbers of their own for the columns of a route that was not seen before: the first of `count`.
  std::uint32_t add_columns(std::size_t count);

  // A value to look up, and then to keep if it was not known.
  struct Key {
    std::string_view token;
    std::uint64_t hash = 0;
    std::uint32_t column = 0;
    bool escaped = false;
    bool worth = false;  // false: too long, or of a column that does not repeat
  };
  Key key(std::uint32_t column, std::string_view token, bool escaped);

  // The rules that the value wakes, if that is known. Until the next keep().
  std::optional<std::span<const std::uint32_t>> find(const Key& key);
  void keep(const Key& key, std::span<const std::uint32_t> rules);

 private:
  static constexpr std::size_t kWays = 2;
  static constexpr std::size_t kPoolMax = 1 << 20;  // rule numbers

  struct Entry {
    std::uint64_t hash = 0;
    std::uint32_t column = 0;
    std::uint32_t size_escaped = kUnused;  // of the token, times two, plus one if it is escaped
    std::uint32_t slot = 0;                // where its bytes are
    std::uint32_t first = 0;               // pool_[first, first + count)
    std::uint32_t count = 0;
  };
  static constexpr std::uint32_t kUnused = 0xFFFFFFFF;

  // How well a column repeats: after kTrial look-ups it is judged, and judged again after kPause.
  struct Use {
    std::uint32_t looked = 0;
    std::uint32_t found = 0;
    std::uint32_t pause = 0;
  };
  static constexpr std::uint32_t kTrial = 2048;
  static constexpr std::uint32_t kPause = 64 * 1024;

  bool worth_looking(Use& use);
  bool is(const Entry& entry, const Key& key) const;
  char* bytes(const Entry& entry) const {
    return bytes_.get() + std::size_t{entry.slot} * kValueMax;
  }
  void forget();

  std::vector<Entry> entries_;
  std::unique_ptr<char[]> bytes_;
  std::vector<std::uint32_t> pool_;
  std::vector<Use> uses_;  // by column
};

}  // namespace picket::rules
