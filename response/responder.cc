#include "response/responder.h"

#include <algorithm>
#include <chrono>

#include "base/check.h"

namespace picket::response {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kIdleMax{1'000};
constexpr std::size_t kRefusedMax = 10'000;

}  // namespace

Responder::Responder(const Library& library, Journal& journal, Hands& hands, Clock& clock,
                     Runner::Changed changed)
    : library_(library),
      journal_(journal),
      way_out_(hands),
      clock_(clock),
      runner_(library, journal, clock, std::move(changed)) {}

Responder::~Responder() {
  stop();
}

Result<void> Responder::start(const std::vector<Incident>& incidents) {
  if (Result<void> opened = runner_.open(); !opened) {
    mailbox_.close();  // orders are answered, not left waiting
    return opened;
  }
  unreadable_ = runner_.unreadable();
  for (const Incident& incident : incidents) {
    if (!runner_.offer(incident)) refused_.push_back(incident);
  }
  desk_thread_ = std::thread([this] { desk(); });
  hands_thread_ = std::thread([this] { hands(); });
  return {};
}

void Responder::stop() {
  mailbox_.close();
  if (desk_thread_.joinable()) desk_thread_.join();
  if (hands_thread_.joinable()) hands_thread_.join();
}

bool Responder::offer(Incident incident) {
  if (!offers_.try_push(std::move(incident))) return false;
  desk_wakeup_.notify();
  return true;
}

Result<Json> Responder::order(StepOrder order) {
  Letter letter{std::move(order), {}};
  std::future<Result<Json>> answer = letter.answer.get_future();
  if (!mailbox_.post(std::move(letter))) {
    return fail(Errc::kBusy, "the response is stopped or busy: ask again");
  }
  return answer.get();
}

Result<std::vector<Json>> Responder::runs(std::string_view incident_id) const {
  std::vector<Json> runs;
  if (!incident_id.empty()) {
    for (const Playbook& playbook : library_.playbooks) {
      Result<Json> run = journal_.get(make_run_id(incident_id, playbook.id));
      if (run) runs.push_back(without_context(*std::move(run)));
    }
  } else {
    PICKET_TRY(auto documents, journal_.all());
    for (auto& [key, document] : documents) runs.push_back(without_context(std::move(document)));
  }
  const auto created = [](const Json& run) {
    const auto found = run.find("created");
    return found != run.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  std::stable_sort(runs.begin(), runs.end(),
                   [&](const Json& a, const Json& b) { return created(a) > created(b); });
  return runs;
}

Result<Json> Responder::run(std::string_view id) const {
  PICKET_TRY(Json document, journal_.get(id));
  return without_context(std::move(document));
}

Result<Json> Responder::dry_run(std::string_view playbook, const Incident& incident) const {
  return runner_.dry_run(playbook, incident);
}

void Responder::desk() {
  for (bool closed = false; !closed || effect_out_;) {
    auto [letters, is_closed] = mailbox_.take();
    closed = is_closed;
    take_outcome();
    take_letters(std::move(letters));
    take_offers();
    if (!closed) give_effect();
    if (closed && !effect_out_) break;
    desk_wakeup_.wait(idle());
  }
  PICKET_CHECK(effects_.try_push(nullptr));
  hands_wakeup_.notify();
}

void Responder::hands() {
  for (;;) {
    std::optional<std::unique_ptr<Effect>> effect = effects_.try_pop();
    if (!effect) {
      hands_wakeup_.wait(kIdleMax);
      continue;
    }
    if (*effect == nullptr) return;
    PICKET_CHECK(outcomes_.try_push(way_out_.perform(**effect)));
    desk_wakeup_.notify();
  }
}

void Responder::take_offers() {
  offer_again();
  while (std::optional<Incident> incident = offers_.try_pop()) {
    if (runner_.offer(*incident)) continue;
    std::erase_if(refused_, [&](const Incident& other) { return other.id == incident->id; });
    // Beyond the bound the incident comes back with its next change, or at the next start.
    if (refused_.size() < kRefusedMax) refused_.push_back(*std::move(incident));
  }
}

void Responder::offer_again() {
  std::vector<Incident> again = std::exchange(refused_, {});
  for (Incident& incident : again) {
    // After the first refusal the rest would fare no better.
    if (!refused_.empty() || !runner_.offer(incident)) refused_.push_back(std::move(incident));
  }
}

void Responder::take_letters(std::vector<Letter> letters) {
  for (Letter& letter : letters) letter.answer.set_value(runner_.order(letter.order));
}

void Responder::take_outcome() {
  const std::optional<Outcome> outcome = outcomes_.try_pop();
  if (!outcome) return;
  effect_out_ = false;
  runner_.complete(*outcome);
}

void Responder::give_effect() {
  if (effect_out_) return;
  std::optional<Effect> effect = runner_.next_effect();
  if (!effect) return;
  effect_out_ = true;
  PICKET_CHECK(effects_.try_push(std::make_unique<Effect>(*std::move(effect))));
  hands_wakeup_.notify();
}

milliseconds Responder::idle() const {
  if (effect_out_) return kIdleMax;
  const Nanos due = runner_.next_due();
  if (due == Nanos::max()) return kIdleMax;
  const auto wait = std::chrono::ceil<milliseconds>(due - clock_.now());
  return std::clamp(wait, milliseconds{1}, kIdleMax);
}

}  // namespace picket::response
