// RecentState: a StatePort before another, which remembers what was read and written of late, so
// that entries asked for again and again are not looked up in the store each time. That something
// is not there is remembered as well.
//
// All changes of the keys that are read through it must go through it. One thread, that of the port
// behind it, which must outlive it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "correlator/state.h"

namespace picket::correlator {

class RecentState final : public StatePort {
 public:
  static constexpr std::size_t kBytesMax = 16 * 1024 * 1024;  // keys and values, about
  static constexpr std::size_t kValueMax = 64 * 1024;         // larger ones are not remembered

  explicit RecentState(StatePort& behind, std::size_t bytes_max = kBytesMax)
      : behind_(behind), bytes_max_(bytes_max) {}

  std::optional<std::string> get(std::string_view key) override;
  void put(std::string key, std::string value) override;
  void erase(std::string key) override;
  using StatePort::for_each;
  void for_each(std::string_view prefix, std::string_view first,
                const std::function<bool(std::string_view, std::string_view)>& entry) override;

  std::size_t bytes() const { return newer_.bytes + older_.bytes; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>()(key);
    }
  };
  // Half of what is remembered; when it is full it becomes the older one, and that is forgotten.
  struct Half {
    std::unordered_map<std::string, std::optional<std::string>, Hash, std::equal_to<>> entries;
    std::size_t bytes = 0;
  };

  void remember(std::string key, std::optional<std::string> value);
  static void forget(Half& half, std::string_view key);

  StatePort& behind_;
  const std::size_t bytes_max_;
  Half newer_;
  Half older_;
};

}  // namespace picket::correlator
