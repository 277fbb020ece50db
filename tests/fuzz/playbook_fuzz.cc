// Any bytes as a playbook: refused with a line, or accepted as something that can be run.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "response/playbook.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace picket::response;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<picket::Problem> problems;
  const auto playbook = parse_playbook(text, "fuzz.yaml", problems);
  PICKET_CHECK(playbook.has_value() == problems.empty());
  for (const picket::Problem& problem : problems) PICKET_CHECK(problem.line >= 1);
  if (!playbook) return 0;
  const PlaybookStep* start = playbook->find(playbook->workflow_start);
  PICKET_CHECK(start != nullptr && start->type == StepType::kStart);
  for (const PlaybookStep& step : playbook->steps) {
    for (const auto* next : {&step.on_completion, &step.on_success, &step.on_failure}) {
      PICKET_CHECK(next->empty() || playbook->find(*next) != nullptr);
    }
    PICKET_CHECK(step.command != CommandType::kBlock || playbook->find(step.reverse) != nullptr);
  }
  return 0;
}
