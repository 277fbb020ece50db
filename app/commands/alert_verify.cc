// picket alert verify: decides stored alerts again, and says what differs.
#include <cstdio>

#include "app/command.h"
#include "app/detection.h"
#include "app/open_store.h"
#include "app/terminal.h"
#include "app/verifier.h"
#include "app/words.h"

namespace picket::app {
namespace {

constexpr std::size_t kPage = 200;  // alerts read at once

struct Counts {
  std::size_t same = 0;
  std::size_t differ = 0;
  std::size_t cannot = 0;

  void add(Outcome outcome) {
    ++(outcome == Outcome::kSame ? same : outcome == Outcome::kDiffers ? differ : cannot);
  }
  std::size_t all() const { return same + differ + cannot; }
};

void show(const Verification& verification, bool json) {
  print(json ? dump_json(to_json(verification)) + "\n" : show_verification(verification));
}

int verify_one(const storage::Store& store, Verifier& verifier, const AlertVerifyCommand& command) {
  const Result<Alert> alert = find_alert(store, command.id);
  if (!alert) return complain(alert.error().what, kUsageWrong);
  const Verification verification = verifier.verify(*alert);
  show(verification, command.json);
  return verification.outcome() == Outcome::kSame ? kDone : kFindings;
}

Result<std::size_t> count_alerts(const storage::Store& store) {
  std::size_t n = 0;
  std::string cursor;
  do {
    PICKET_TRY(const std::vector<Alert> alerts, store.alerts({}, kPage, cursor));
    n += alerts.size();
  } while (!cursor.empty());
  return n;
}

// As text, those that are the same are only counted.
Result<Counts> verify_each(const storage::Store& store, Verifier& verifier, bool json) {
  PICKET_TRY(const std::size_t total,
             stderr_is_terminal() ? count_alerts(store) : Result<std::size_t>(0));
  Progress progress(say("progress.verifying"), total);
  Counts counts;
  std::string cursor;
  do {
    PICKET_TRY(const std::vector<Alert> alerts, store.alerts({}, kPage, cursor));
    for (const Alert& alert : alerts) {
      const Verification verification = verifier.verify(alert);
      counts.add(verification.outcome());
      if (json || verification.outcome() != Outcome::kSame) show(verification, json);
      progress.at(counts.all());
    }
  } while (!cursor.empty());
  return counts;
}

int verify_all(const storage::Store& store, Verifier& verifier, bool json) {
  const Result<Counts> counts = verify_each(store, verifier, json);
  if (!counts) return complain(counts.error().what, kUsageWrong);
  const std::string summary = say("verification.summary", {{"n", counts->all()},
                                                           {"same", counts->same},
                                                           {"differ", counts->differ},
                                                           {"cannot", counts->cannot}});
  json ? tell(summary) : print(summary + "\n");
  return counts->differ > 0 ? kFindings : kDone;
}

}  // namespace

int run_alert_verify(const AlertVerifyCommand& command) {
  if (command.id.empty() && !command.all)
    return complain(say("usage.missing", {{"name", "id"}}), kUsageWrong);
  const auto store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  std::vector<std::string> errors;
  const Result<Config> config = effective_config(command.config, errors);
  if (!config) return complain(config.error().what, kUsageWrong);
  const Result<Detection> live = load_detection(
      find_content(),
      {.rules = config->rules, .definitions = config->definitions,
                               .geoip = config->geoip, .payloads = config->payloads});
  if (!live) return complain(live.error().what, kUsageWrong);
  for (const std::string& error : live->errors) complain(error, kUsageWrong);
  Verifier verifier(**store, {.catalog = [&] { return live->catalog; },
                              .taxonomy = live->taxonomy,
                              .payloads = config->payloads,
                              .live = [&] { return live->rules; }});
  return command.all ? verify_all(**store, verifier, command.json)
                     : verify_one(**store, verifier, command);
}

}  // namespace picket::app
