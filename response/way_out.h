// WayOut: the hands of production. Sends mails, calls webhooks, runs the configured programs.
//
// Used by the responder's second thread only.
#pragma once

#include "response/effect.h"
#include "response/notify.h"
#include "response/options.h"

namespace picket::response {

class WayOut final : public Hands {
 public:
  explicit WayOut(Options options, Resolve resolve = resolve_host);
  Outcome perform(const Effect& effect) override;

 private:
  Outcome enforce(const Effect& effect) const;
  Outcome record(const std::string& path, const Effect& effect) const;

  Options options_;
  Notifier notifier_;
};

}  // namespace picket::response
