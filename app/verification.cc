#include "app/verification.h"

#include "app/terminal.h"
#include "app/words.h"

namespace picket::app {
namespace {

constexpr std::size_t kValueShown = 200;  // characters

Json remarks_json(const std::vector<Remark>& remarks) {
  Json list = Json::array();
  for (const Remark& remark : remarks) {
    Json& json = list.emplace_back(Json{{"code", remark.code}});
    if (remark.event)
      json["event"] = {{"source", remark.event->source}, {"seq", remark.event->seq}};
    if (!remark.name.empty()) json["name"] = remark.name;
    if (!remark.was.empty()) json["was"] = remark.was;
    if (!remark.is.empty()) json["is"] = remark.is;
  }
  return list;
}

std::string remark_text(const Remark& remark, std::string_view mark) {
  std::string text = "  " + std::string(mark) + " ";
  if (remark.event) {
    text += visible(remark.event->source, kValueShown) + " #" + std::to_string(remark.event->seq) +
            ": ";
  }
  return text +
         say("verify." + remark.code, {{"name", visible(remark.name, kValueShown)},
                                       {"was", visible(remark.was, kValueShown)},
                                       {"is", visible(remark.is, kValueShown)}}) +
         "\n";
}

Style style_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSame:
      return Style::kGreen;
    case Outcome::kDiffers:
      return Style::kRed;
    case Outcome::kCannot:
      return Style::kYellow;
  }
  return Style::kPlain;
}

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSame:
      return "same";
    case Outcome::kDiffers:
      return "differs";
    case Outcome::kCannot:
      return "cannot";
  }
  return "cannot";
}

Outcome Verification::outcome() const {
  if (!differences.empty()) return Outcome::kDiffers;
  return cannot.empty() ? Outcome::kSame : Outcome::kCannot;
}

Json to_json(const Verification& verification) {
  return {{"alert", verification.alert},
          {"kind", alert_kind_name(verification.kind)},
          {"rule",
           {{"id", verification.rule.id},
            {"name", verification.rule.name},
            {"hash", verification.rule.hash}}},
          {"result", outcome_name(verification.outcome())},
          {"events", verification.events},
          {"differences", remarks_json(verification.differences)},
          {"cannot", remarks_json(verification.cannot)},
          {"notes", remarks_json(verification.notes)}};
}

std::string show_verification(const Verification& verification) {
  const Outcome outcome = verification.outcome();
  std::string text = visible(verification.alert.substr(0, 12)) + "  " +
                     styled(word("verified", outcome_name(outcome)), style_of(outcome)) + "  " +
                     word("kind", alert_kind_name(verification.kind)) + "  " +
                     styled(visible(verification.rule.name), Style::kBold) + "  " +
                     say("verification.events", {{"n", verification.events}}) + "\n";
  for (const Remark& remark : verification.differences) text += remark_text(remark, "-");
  for (const Remark& remark : verification.cannot) text += remark_text(remark, "?");
  for (const Remark& remark : verification.notes) text += remark_text(remark, "*");
  return text;
}

}  // namespace picket::app
