// The ports of the correlator over the store: state and incidents, as committed plus as pending.
//
// Both belong to the committing thread. `commit` is the pending commit of the caller: it must
// outlive the port and be cleared once it was committed; StoreIncidents is told then, by committed().
// Reading can fail: the first error is kept in error(), and the caller must not commit then.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "correlator/incidents.h"
#include "correlator/state.h"
#include "storage/store.h"

namespace picket::correlator {

class StoreState final : public StatePort {
 public:
  StoreState(const storage::Store& store, storage::Commit& commit)
      : store_(store), commit_(commit) {}

  std::optional<std::string> get(std::string_view key) override;
  std::vector<std::optional<std::string>> get_many(const std::vector<std::string>& keys) override;
  void put(std::string key, std::string value) override;
  void erase(std::string key) override;
  using StatePort::for_each;
  void for_each(std::string_view prefix, std::string_view first,
                const std::function<bool(std::string_view, std::string_view)>& entry) override;

  const std::optional<Error>& error() const {
    return error_.with([](const auto& first) -> const std::optional<Error>& { return first; });
  }

 private:
  void keep_error(const Error& error);

  const storage::Store& store_;
  storage::Commit& commit_;  // what it holds is pending
  Guarded<std::optional<Error>> error_;
};

class StoreIncidents final : public IncidentPort {
 public:
  StoreIncidents(const storage::Store& store, storage::Commit& commit)
      : store_(store), commit_(commit) {}

  const Incident* look(std::string_view id) override;
  Incident* edit(std::string_view id) override;
  std::uint64_t next_number() override;
  Incident* put(Incident incident) override;
  void rename(std::string_view id, Incident incident) override;
  std::optional<Alert> alert(std::string_view id) override;

  // Alerts of the pending commit, which the caller keeps; alert() looks there first. May be nullptr.
  void look_in(const std::vector<Alert>* pending) { pending_alerts_ = pending; }
  // What the commit holds is in the store now; before the commit is cleared.
  void committed();
  const std::optional<Error>& error() const { return error_; }

 private:
  // Of the incidents at hand together; above it they are read again when they are asked for.
  static constexpr std::size_t kAlertsAtHandMax = 20'000;

  const storage::Store& store_;
  storage::Commit& commit_;
  std::map<std::string, Incident, std::less<>> at_hand_;  // as they are in the store
  std::map<std::string, std::string, std::less<>> renamed_;  // old id to new, since the last commit
  const std::vector<Alert>* pending_alerts_ = nullptr;
  std::uint64_t numbers_given_ = 0;  // since the last commit
  std::optional<Error> error_;
};

}  // namespace picket::correlator
