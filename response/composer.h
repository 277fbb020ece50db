// Composer: turns a step that is about to start into an effect, complete: the message in the
// recipient's language, the call, or the address to block. Everything that could be wrong with a
// step is found here, before it counts as started. Constant, any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "response/briefing.h"
#include "response/effect.h"
#include "response/options.h"
#include "response/playbook.h"
#include "response/run.h"
#include "response/systems.h"
#include "response/template.h"

namespace picket::response {

// All that a runner reads and nobody changes while it runs.
struct Library {
  Options options;
  Systems systems;
  std::vector<Playbook> playbooks;
  Messages messages;
};

class Composer {
 public:
  // The library must outlive the composer.
  explicit Composer(const Library& library) : library_(library) {}

  // kInvalid and kNotFound say in one sentence why the step cannot be done.
  Result<Effect> compose(const Run& run, const StepRun& step, const Playbook& playbook,
                         std::int64_t now_ns) const;

  // kInvalid: not an address, internal, ours, or on a never-touch list.
  Result<void> may_block(const Playbook& playbook, std::string_view address) const;

 private:
  Result<Addressee> addressee(const Run& run, const StepRun& step, const PlaybookStep& plan) const;
  Result<TemplateValues> values(const Run& run, const StepRun& step, const Addressee& to,
                                std::string_view language) const;
  Result<Mail> mail(const Run& run, const StepRun& step, const PlaybookStep& plan,
                    const Playbook& playbook, const Effect& effect) const;
  Result<HttpCall> webhook(const Run& run, const StepRun& step, const PlaybookStep& plan,
                           const Playbook& playbook) const;
  Result<HttpCall> http(const Run& run, const StepRun& step, const PlaybookStep& plan,
                        const Playbook& playbook) const;

  const Library& library_;
};

// The same for every attempt at a step: Message-ID and Idempotency-Key come from it.
std::string idempotency_key(const Run& run, const StepRun& step);

}  // namespace picket::response
