// Step: one thing that a definition does to a record, and the list of them.
//
// Steps are made once from a definition's file (step_file.h) and are immutable; any number of
// threads run them, each with a Work of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parsers/steps/condition.h"
#include "parsers/steps/facts.h"
#include "parsers/steps/work.h"

namespace picket::parsers {

enum class Outcome : std::uint8_t {
  kDone,
  kFailed,  // it found nothing; the step's on_failure says what that means
  kReject,  // the record is not of this definition
  kStop,    // nothing more is to be done
};

struct Step;
using StepList = std::vector<Step>;

// What a verb does: its arguments, compiled.
class Verb {
 public:
  Verb() = default;
  Verb(const Verb&) = delete;
  Verb& operator=(const Verb&) = delete;
  virtual ~Verb() = default;
  virtual Outcome run(Work& work) const = 0;

  // Of those that run other steps: the values that they and these steps compare fields with.
  virtual void ask(AskedValues&) const {}
  // The steps that it runs, and does nothing else, for all records of which this is known; nullptr:
  // that depends on more, or it does something itself. What it relies on is noted there.
  virtual const StepList* chosen(Facts&) const { return nullptr; }
};

enum class OnFailure : std::uint8_t { kFail, kContinue, kStop, kSteps };

struct Step {
  std::string verb;  // "pattern"
  std::string name;  // for the display
  int line = 0;
  std::unique_ptr<const Condition> when;  // nullptr: always
  OnFailure on_failure = OnFailure::kContinue;
  StepList recovery;  // of kSteps
  std::unique_ptr<const Verb> run;
  bool flow = false;  // runs other steps; it takes nothing itself

  Step();
  Step(Step&&) noexcept;
  Step& operator=(Step&&) noexcept;
  ~Step();
};

// What one step did to one record, for people.
struct StepTrace {
  struct Change {
    std::string name;
    std::string value;  // empty: it was removed
  };
  struct Entry {
    int depth = 0;
    int line = 0;      // 0: no step, but what comes before them or behind them
    std::string verb;  // then "record" or "constants"
    std::string name;
    bool skipped = false;  // its condition did not hold
    Outcome outcome = Outcome::kDone;
    std::vector<Change> changes;
  };
  static constexpr std::size_t kEntriesMax = 1000;
  std::vector<Entry> entries;
  int depth = 0;
};

// Adds to the trace, which there is, what has been put into the record behind its first `before`
// fields: by the envelope and the reader, or by constants.
void note_phase(std::string_view name, std::uint32_t before, Work& work);

// Runs them in order. Nothing is undone: the caller does when kReject comes back.
Outcome run_steps(std::span<const Step> steps, Work& work);

// The values that they compare fields with.
void ask_of(const StepList& steps, AskedValues& asked);

// What a step that has failed comes to.
Outcome after_failure(const Step& step, Work& work);

}  // namespace picket::parsers
