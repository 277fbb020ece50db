#include "response/composer.h"

#include <algorithm>

#include "base/hash.h"
#include "base/time.h"

namespace picket::response {
namespace {

constexpr std::string_view kMailDomain = "picket.invalid";  // RFC 2606: when the sender has none

std::string domain_of(const std::string& address) {
  const std::size_t at = address.find('@');
  return at == std::string::npos ? std::string(kMailDomain) : address.substr(at + 1);
}

std::string html_of(const std::string& text) {
  const std::string body = escaped({text, true}, Medium::kHtml);
  return "<!doctype html><html><body><pre style=\"font:inherit;white-space:pre-wrap\">" + body +
         "</pre></body></html>\n";
}

// The addresses that were blocked and who approved them, for the message that says so.
void add_actions(const Run& run, const StepRun& step, const std::string& none,
                 TemplateValues& values) {
  std::string addresses;
  std::string approvers;
  std::int64_t time_ns = 0;
  std::string name = step.name;
  for (const StepRun& other : run.steps) {
    const bool proposed = other.type == CommandType::kBlock && !other.parameter.empty();
    if (!proposed || other.state == StepState::kSkipped || other.state == StepState::kRejected)
      continue;
    name = other.name;
    addresses += (addresses.empty() ? "" : ", ") + other.parameter;
    time_ns = std::max(time_ns, other.ended_ns);
    const std::string approver = escaped({other.approved_by}, Medium::kText);
    if (!approver.empty() && approvers.find(approver) == std::string::npos) {
      approvers += (approvers.empty() ? "" : ", ") + approver;
    }
  }
  values["action.name"] = {name};
  values["action.address"] = {addresses.empty() ? none : addresses};
  values["action.approver"] = {approvers.empty() ? none : approvers, true};
  values["action.time"] = {time_ns == 0 ? none : local_time(time_ns)};
}

}  // namespace

std::string idempotency_key(const Run& run, const StepRun& step) {
  return hash128_hex(run.id + "\n" + step.id);
}

Result<void> Composer::may_block(const Playbook& playbook, std::string_view address) const {
  const auto parsed = IpAddress::parse(address);
  if (!parsed) return fail(Errc::kInvalid, "'" + std::string(address) + "' is not an address");
  const std::string text = parsed->text();
  if (is_internal(*parsed))
    return fail(Errc::kInvalid, text + " is an internal address: never blocked");
  if (library_.systems.of_address(*parsed) != nullptr) {
    return fail(Errc::kInvalid, text + " belongs to a registered system: never blocked");
  }
  if (contains(playbook.never_touch, *parsed) || contains(library_.options.never_touch, *parsed)) {
    return fail(Errc::kInvalid, text + " is on the never-touch list");
  }
  return {};
}

Result<Addressee> Composer::addressee(const Run& run, const StepRun& step,
                                      const PlaybookStep& plan) const {
  std::vector<Addressee> owners = owners_of(run.incident, library_.systems);
  if (plan.to == Recipient::kDuty) {
    Addressee duty{library_.options.duty, {}};
    for (const Addressee& owner : owners) {
      duty.systems.insert(duty.systems.end(), owner.systems.begin(), owner.systems.end());
    }
    return duty;
  }
  for (Addressee& owner : owners) {
    if (step.type != CommandType::kMail || owner.contact.email == step.parameter)
      return std::move(owner);
  }
  if (step.type != CommandType::kMail) return Addressee{};
  return fail(Errc::kNotFound,
              "'" + step.parameter + "' does not own a system of this incident any more");
}

Result<TemplateValues> Composer::values(const Run& run, const StepRun& step, const Addressee& to,
                                        std::string_view language) const {
  PICKET_TRY(const std::string none, library_.messages.text(language, "none"));
  PICKET_TRY(TemplateValues values, incident_values(run.incident, to, library_.systems,
                                                    library_.options, library_.messages, language));
  const bool vi = language == "vi";
  values["playbook.name"] = {vi && !run.playbook_name_vi.empty() ? run.playbook_name_vi
                                                                 : run.playbook_name};
  values["step.name"] = {vi && !step.name_vi.empty() ? step.name_vi : step.name};
  add_actions(run, step, none, values);
  for (const StepRun& other : run.steps) {
    if (vi && other.type == CommandType::kBlock && !other.name_vi.empty()) {
      values["action.name"] = {other.name_vi};
    }
  }
  return values;
}

Result<Mail> Composer::mail(const Run& run, const StepRun& step, const PlaybookStep& plan,
                            const Playbook& playbook, const Effect& effect) const {
  PICKET_TRY(const Addressee to, addressee(run, step, plan));
  const std::string& language =
      to.contact.language.empty() ? playbook.language : to.contact.language;
  PICKET_TRY(const TemplateValues fields, values(run, step, to, language));
  const MailOptions& options = library_.options.notify.mail;
  Mail mail;
  mail.from = options.from.empty() ? "picket@" + std::string(kMailDomain) : options.from;
  mail.from_name = options.from_name;
  mail.to = to.contact.email;
  mail.to_name = escaped({to.contact.name}, Medium::kLine);
  PICKET_TRY(mail.subject,
             library_.messages.render(language, plan.message + ".subject", fields, Medium::kLine));
  PICKET_TRY(mail.text,
             library_.messages.render(language, plan.message + ".body", fields, Medium::kText));
  if (options.html) mail.html = html_of(mail.text);
  mail.message_id = effect.key + "@" + domain_of(mail.from);
  mail.references = hash128_hex(run.incident.id) + ".incident@" + domain_of(mail.from);
  mail.time_ns = effect.time_ns;
  return mail;
}

Result<HttpCall> Composer::webhook(const Run& run, const StepRun& step, const PlaybookStep& plan,
                                   const Playbook& playbook) const {
  const auto& hooks = library_.options.notify.webhooks;
  const auto hook = std::find_if(hooks.begin(), hooks.end(),
                                 [&](const auto& w) { return w.name == step.parameter; });
  if (hook == hooks.end())
    return fail(Errc::kNotFound, "no webhook '" + step.parameter + "' is configured");
  Addressee to;  // whoever reads the webhook is told about all systems
  for (const Addressee& owner : owners_of(run.incident, library_.systems)) {
    to.systems.insert(to.systems.end(), owner.systems.begin(), owner.systems.end());
  }
  to.contact = library_.options.duty;
  PICKET_TRY(const TemplateValues fields, values(run, step, to, playbook.language));
  PICKET_TRY(const std::string title,
             library_.messages.render(playbook.language, plan.message + ".subject", fields,
                                      Medium::kLine));
  PICKET_TRY(
      const std::string text,
      library_.messages.render(playbook.language, plan.message + ".body", fields, Medium::kText));
  Json incident = to_json(run.incident);
  incident.erase("timeline");
  const Json body = {{"type", "incident"},
                     {"message", plan.message},
                     {"run", run.id},
                     {"step", step.id},
                     {"playbook", {{"id", run.playbook}, {"name", run.playbook_name}}},
                     {"incident", std::move(incident)},
                     {"link", fields.at("incident.link").text},
                     {"language", playbook.language},
                     {"title", title},
                     {"text", text}};
  return HttpCall{"POST",
                  hook->url,
                  {{"Content-Type", "application/json"}},
                  dump_json(body),
                  hook->secret_file};
}

Result<HttpCall> Composer::http(const Run& run, const StepRun& step, const PlaybookStep& plan,
                                const Playbook& playbook) const {
  PICKET_TRY(const TemplateValues fields, values(run, step, Addressee{}, playbook.language));
  HttpCall call{plan.method, plan.url, plan.headers, "", ""};
  PICKET_TRY(call.body, fill(plan.content, fields, Medium::kJson));
  return call;
}

Result<Effect> Composer::compose(const Run& run, const StepRun& step, const Playbook& playbook,
                                 std::int64_t now_ns) const {
  const PlaybookStep* plan = playbook.find(step.step_id);
  if (plan == nullptr || plan->command != step.type) {
    return fail(Errc::kNotFound, "the playbook has no such step any more");
  }
  Effect effect;
  effect.run = run.id;
  effect.step = step.id;
  effect.key = idempotency_key(run, step);
  effect.type = step.type;
  effect.time_ns = now_ns;
  switch (step.type) {
    case CommandType::kMail: {
      PICKET_TRY(effect.mail, mail(run, step, *plan, playbook, effect));
      return effect;
    }
    case CommandType::kWebhook: {
      PICKET_TRY(effect.call, webhook(run, step, *plan, playbook));
      return effect;
    }
    case CommandType::kHttp: {
      PICKET_TRY(effect.call, http(run, step, *plan, playbook));
      return effect;
    }
    case CommandType::kBlock: {
      PICKET_TRY_VOID(may_block(playbook, step.parameter));
      [[fallthrough]];
    }
    case CommandType::kUnblock: {  // undoing is never refused for what was added to a list since
      const auto address = IpAddress::parse(step.parameter);
      if (!address) return fail(Errc::kInvalid, "'" + step.parameter + "' is not an address");
      effect.address = address->text();
      return effect;
    }
    case CommandType::kNone:
      break;
  }
  return fail(Errc::kInvalid, "a step without a command");
}

}  // namespace picket::response
