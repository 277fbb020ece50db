// PendingState: what one partition writes while others work too, on top of a state that all of them
// read. The thread that owns that state hands it on, by apply(), when nobody works.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "correlator/state.h"

namespace picket::correlator {

class PendingState final : public StatePort {
 public:
  // `below` must outlive this, and is written by nobody while partitions work.
  explicit PendingState(StatePort& below) : below_(below) {}

  std::optional<std::string> get(std::string_view key) override;
  std::vector<std::optional<std::string>> get_many(const std::vector<std::string>& keys) override;
  void put(std::string key, std::string value) override;
  void erase(std::string key) override;
  using StatePort::for_each;
  // Only while nothing is pending.
  void for_each(std::string_view prefix, std::string_view first,
                const std::function<bool(std::string_view, std::string_view)>& entry) override;

  // Everything pending goes into the state below.
  void apply();

 private:
  StatePort& below_;
  std::unordered_map<std::string, std::optional<std::string>> pending_;  // nullopt: erased
};

}  // namespace picket::correlator
