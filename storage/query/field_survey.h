// FieldSurvey: which fields events have, for completion: names, types, how often, examples.
//
// Counts a field once an event, under its ECS names and its own. Bounded; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "event/event.h"

namespace picket::storage {

class FieldSurvey {
 public:
  static constexpr std::size_t kNamesMax = 4'096;
  static constexpr std::size_t kExamplesMax = 3;
  static constexpr std::size_t kExampleBytesMax = 80;

  void add(Batch& batch, const Event& event);
  // [{"name", "type": "number" | "ip" | "boolean" | "text", "events", "examples"}], most events
  // first.
  Json json() const;

 private:
  struct Seen {
    std::uint64_t events = 0;
    std::uint64_t last_event = 0;
    bool numbers = true;  // what all values so far have been
    bool addresses = true;
    bool booleans = true;
    std::vector<std::string> examples;
  };

  void count(std::string_view name, std::string_view value);
  static const char* type_of(const Seen& seen);

  std::uint64_t events_ = 0;
  std::map<std::string, Seen, std::less<>> names_;
};

}  // namespace picket::storage
