// StatePort: where correlation state lives. The truth is the store; what the rooms' objects hold in
// memory is a cache of it. A port belongs to the thread that correlates; while that thread waits for
// partitions, and so writes nothing, these may call get() and get_many() all at once.
//
// Keys and values are bytes, keys are ordered as unsigned bytes. What was put is read back at once,
// before it is committed.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace picket::correlator {

class StatePort {
 public:
  virtual ~StatePort() = default;
  virtual std::optional<std::string> get(std::string_view key) = 0;
  // The same of many keys, in their order, where that is cheaper than asking for each.
  virtual std::vector<std::optional<std::string>> get_many(const std::vector<std::string>& keys);
  virtual void put(std::string key, std::string value) = 0;
  virtual void erase(std::string key) = 0;
  // In order of keys, those from `first` on, until `entry` returns false. `entry` must not change the
  // state.
  virtual void for_each(
      std::string_view prefix, std::string_view first,
      const std::function<bool(std::string_view key, std::string_view value)>& entry) = 0;
  void for_each(std::string_view prefix,
                const std::function<bool(std::string_view key, std::string_view value)>& entry) {
    for_each(prefix, prefix, entry);
  }
};

// State in memory: for `scan`, which has no store, and for tests.
class MapState final : public StatePort {
 public:
  std::optional<std::string> get(std::string_view key) override;
  void put(std::string key, std::string value) override;
  void erase(std::string key) override;
  using StatePort::for_each;
  void for_each(std::string_view prefix, std::string_view first,
                const std::function<bool(std::string_view, std::string_view)>& entry) override;

  const std::map<std::string, std::string, std::less<>>& entries() const { return entries_; }
  std::size_t bytes() const { return bytes_; }  // of keys and values

 private:
  std::map<std::string, std::string, std::less<>> entries_;
  std::size_t bytes_ = 0;
};

}  // namespace picket::correlator
