#include "app/verifier.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "app/cause.h"
#include "app/members.h"
#include "app/source_formats.h"
#include "base/time.h"
#include "correlator/alert_builder.h"
#include "correlator/window.h"
#include "event/field.h"
#include "rules/evaluation.h"
#include "rules/indicators/set.h"
#include "rules/indicators/value.h"
#include "rules/truth.h"

namespace picket::app {
namespace {

// As the store gives it back: JSON holds Unicode only.
template <class T>
T as_stored(const T& value) {
  const Result<Json> json = parse_json(dump_json(Json(value)));
  return json ? json->get<T>() : value;
}

bool same_match(const Match& a, const Match& b) {
  return std::tie(a.selection, a.line, a.field, a.rule_field, a.value, a.begin, a.end,
                  a.indicator) ==
         std::tie(b.selection, b.line, b.field, b.rule_field, b.value, b.begin, b.end, b.indicator);
}

std::string match_text(const Match& match) {
  std::string text = match.selection + ":" + std::to_string(match.line) + " " +
                     (match.rule_field.empty() ? match.field : match.rule_field) + " = '" +
                     match.value + "' [" + std::to_string(match.begin) + "," +
                     std::to_string(match.end) + ")";
  if (match.indicator) text += " " + match.indicator->type + " " + match.indicator->value;
  return text;
}

std::string number_text(double number) {
  if (std::nearbyint(number) == number && std::fabs(number) < 1e15)
    return std::to_string(static_cast<std::int64_t>(number));
  return Json(number).dump();
}

Match stored_form(Match match) {
  for (std::string* text : {&match.selection, &match.field, &match.rule_field, &match.value})
    *text = as_stored(*text);
  return match;
}

class Names final : public correlator::SourceNames {
 public:
  explicit Names(const std::vector<std::string>& names) : names_(names) {}
  std::string_view name(SourceId source) const override {
    return names_.at(static_cast<std::size_t>(source));
  }
  std::string_view system(SourceId) const override { return {}; }

 private:
  const std::vector<std::string>& names_;
};

}  // namespace

// events[i] of `refs` is event i of the batch.
struct Verifier::Fetched {
  Batch batch;
  std::vector<EventRef> refs;

  std::optional<std::uint32_t> find(const EventRef& ref) const {
    const auto found = std::find(refs.begin(), refs.end(), ref);
    if (found == refs.end()) return std::nullopt;
    return static_cast<std::uint32_t>(found - refs.begin());
  }
};

// One alert.
class Verifier::Check {
 public:
  Check(const Verifier& verifier, const Alert& alert, Fetched& fetched, Verification& into)
      : verifier_(verifier), alert_(alert), fetched_(fetched), into_(into) {}

  void detection(KeptRules& kept) {
    const std::optional<std::uint32_t> rule = kept.detection(alert_.rule.id);
    if (!rule) return no_rule(kept);
    check_rule(kept.set->identity(*rule));
    const std::optional<std::uint32_t> trigger = fetched_.find(alert_.trigger);
    if (!trigger) return;  // told by fetch()
    kept.set->evaluate(fetched_.batch, *kept.evaluation);
    const bool suppressed = kept.set->suppression(*rule).for_ns > 0;
    for (std::uint32_t i = 0; i < fetched_.refs.size(); ++i) {
      if (!hit(i, *rule)) not_true(kept, *rule, i);
    }
    if (!hit(*trigger, *rule)) return;
    const Names names(verifier_.sources_);
    const Alert again = correlator::AlertBuilder(kept.set).detection(
        fetched_.batch, {.event = *trigger, .rule = *rule}, names);
    compare("alert_id", {}, alert_.id, again.id);
    compare("time", alert_.trigger, format_time(alert_.time_ns), format_time(again.time_ns));
    if (!suppressed) return compare_matches(again.matches);
    suppressed_group(kept, *rule);
    for (std::uint32_t i = 0; i < fetched_.refs.size(); ++i)
      find_matches(i, kept.set->explain(fetched_.batch, fetched_.batch.events()[i], *rule));
    hit_count(fetched_.refs.size());
  }

  void indicators() {
    const std::optional<std::uint32_t> trigger = fetched_.find(alert_.trigger);
    if (!trigger) return;
    note({.code = "feed", .event = {}, .name = alert_.rule.id});
    compare("alert_id", {}, alert_.id, make_alert_id(alert_));
    const Event& event = fetched_.batch.events()[*trigger];
    compare("time", alert_.trigger, format_time(alert_.time_ns), format_time(event.time_ns));
    rules::IndicatorSetBuilder builder;
    builder.begin_feed({.name = "kept", .level = alert_.rule.level}, "list");
    for (const Match& match : alert_.matches) {
      rules::IndicatorKey key;
      if (!match.indicator ||
          rules::read_indicator(match.indicator->value, match.indicator->type, key) != nullptr) {
        differ({.code = "indicator", .event = alert_.trigger, .name = match.value});
        continue;
      }
      const Indicator& one = *match.indicator;
      builder.add(key, {.line = static_cast<std::uint32_t>(match.line),
                        .confidence = one.confidence,
                        .valid_from_ns = one.valid_from_ns,
                        .valid_until_ns = one.valid_until_ns,
                        .source = one.source,
                        .description = one.description,
                        .reference = one.reference});
    }
    builder.end_feed({});
    const std::shared_ptr<const rules::IndicatorSet> set = builder.finish();
    std::vector<Match> again;
    for (std::uint32_t rule = 0; rule < set->rule_count(); ++rule) {
      for (Match& match : set->explain(fetched_.batch, event, rule))
        again.push_back(std::move(match));
    }
    compare_matches(again);
  }

  void correlation(KeptRules& kept) {
    const std::optional<std::size_t> index = kept.correlation(alert_.rule.id);
    if (!index) return no_rule(kept);
    const rules::Correlation& correlation = kept.set->correlations()[*index];
    check_rule(correlation.rule.identity);
    kept.set->evaluate(fetched_.batch, *kept.evaluation);
    const Members members(*kept.set, correlation);
    std::vector<correlator::MemberHit> window;
    std::size_t asked = 0;
    std::vector<std::string> group;
    for (std::uint32_t i = 0; i < fetched_.refs.size(); ++i) {
      const EventRef& ref = fetched_.refs[i];
      if (!members.has_inner())
        compare("time", ref, format_time(ref.time_ns),
                format_time(fetched_.batch.events()[i].time_ns));
      std::vector<Member> of_event = members.of(fetched_.batch, i, ref.time_ns);
      const auto foreign =
          std::remove_if(of_event.begin(), of_event.end(),
                         [&](const Member& member) { return !same_group(correlation, member); });
      if (foreign == of_event.begin()) {
        no_member(kept, correlation, members, i, of_event);
        continue;
      }
      of_event.erase(foreign, of_event.end());
      if (group.empty()) group = of_event.front().group;
      std::vector<Match> matches;
      for (Member& member : of_event) {
        for (Match& match :
             kept.set->explain(fetched_.batch, fetched_.batch.events()[i], member.detection))
          matches.push_back(std::move(match));
        const bool answers = correlation.rule.type == rules::CorrelationType::kAbsence &&
                             correlation.rule.is_answer(member.hit.reference);
        if (!answers) ++asked;
        window.push_back(std::move(member.hit));
      }
      find_matches(i, matches);
    }
    check_id(correlation, group);
    if (members.has_inner())
      note({.code = "inner", .event = {}, .name = correlation.rule.identity.id});
    if (!members.has_inner()) hit_count(asked);
    check_window(correlation, std::move(window));
  }

 private:
  void differ(Remark remark) { add(into_.differences, std::move(remark)); }
  void note(Remark remark) { add(into_.notes, std::move(remark)); }
  static void add(std::vector<Remark>& to, Remark remark) {
    if (to.size() < Verification::kRemarksMax) to.push_back(std::move(remark));
  }
  void compare(const char* code, std::optional<EventRef> event, std::string was, std::string is) {
    if (was != is)
      differ({.code = code, .event = std::move(event), .was = std::move(was), .is = std::move(is)});
  }

  void no_rule(const KeptRules& kept) {
    std::string reason;
    for (const rules::Finding& finding : kept.refused) {
      if (finding.rule_id == alert_.rule.id) reason = finding.reason;
    }
    differ({.code = "rule_not_in_text", .event = {}, .name = alert_.rule.id, .is = reason});
  }

  void check_rule(const RuleIdentity& identity) {
    compare("rule_hash", {}, alert_.rule.hash, identity.hash);
    compare("rule_name", {}, alert_.rule.name, as_stored(identity.name));
  }

  bool hit(std::uint32_t event, std::uint32_t rule) const {
    const std::vector<Hit>& hits = fetched_.batch.hits();
    return std::any_of(hits.begin(), hits.end(),
                       [&](const Hit& one) { return one.event == event && one.rule == rule; });
  }

  // The rule is not true any more on an event of the alert: why.
  void not_true(const KeptRules& kept, std::uint32_t rule, std::uint32_t event) {
    Remark remark{
        .code = "not_true", .event = fetched_.refs[event], .name = kept.set->identity(rule).name};
    if (rule < kept.trees().size()) {
      rules::TruthFinder finder(kept.trees()[rule], kept.routes->taxonomy());
      const rules::Truth truth = finder.find(fetched_.batch, fetched_.batch.events()[event]);
      if (!truth.admitted) {
        remark.code = "other_source";
        remark.was = rules::describe(kept.trees()[rule].log_source);
        remark.is = kind_of(fetched_.batch.events()[event].kind).dataset;
      } else {
        const std::vector<Cause> causes = causes_of(kept.trees()[rule], truth);
        if (!causes.empty()) remark.is = cause_code(causes.front());
      }
    }
    differ(std::move(remark));
  }

  // All matches, in their order.
  void compare_matches(const std::vector<Match>& again) {
    const std::size_t n = std::max(again.size(), alert_.matches.size());
    for (std::size_t i = 0; i < n; ++i) {
      const std::string is = i < again.size() ? match_text(stored_form(again[i])) : "";
      const std::string was = i < alert_.matches.size() ? match_text(alert_.matches[i]) : "";
      const bool same = i < again.size() && i < alert_.matches.size() &&
                        same_match(stored_form(again[i]), alert_.matches[i]);
      if (!same) differ({.code = "match", .event = alert_.trigger, .was = was, .is = is});
    }
  }

  // Members of a group keep some of their matches: each must be there again, whole or cut.
  void find_matches(std::uint32_t event, const std::vector<Match>& again) {
    for (const Match& match : alert_.matches) {
      if (!(match.event == fetched_.refs[event])) continue;
      const bool found = std::any_of(again.begin(), again.end(), [&](const Match& one) {
        Match cut = one;
        correlator::cut_for_member(cut);
        return same_match(stored_form(one), match) || same_match(stored_form(cut), match);
      });
      if (found) continue;
      Remark remark{.code = "match", .event = fetched_.refs[event], .was = match_text(match)};
      for (const Match& one : again) {
        if (one.line == match.line && one.selection == match.selection)
          remark.is = match_text(stored_form(one));
      }
      differ(std::move(remark));
    }
  }

  bool bounded() const { return alert_.events.size() >= Alert::kEventsMax; }

  void hit_count(std::size_t again) {
    if (bounded())
      return note({.code = "bounded", .event = {}, .is = std::to_string(Alert::kEventsMax)});
    if (fetched_.refs.size() < alert_.events.size()) return;  // some are not stored any more
    compare("hit_count", {}, std::to_string(alert_.hit_count), std::to_string(again));
  }

  // Alerts of a suppressed rule are one while these fields are the same.
  void suppressed_group(const KeptRules& kept, std::uint32_t rule) {
    for (const std::string& field : kept.set->suppression(rule).by) {
      std::optional<std::string> first;
      for (std::uint32_t i = 0; i < fetched_.refs.size(); ++i) {
        const auto value =
            kept.set->field_value(fetched_.batch, fetched_.batch.events()[i], rule, field);
        std::string text = own(value.value_or(""));
        if (!first) first = text;
        if (text != *first)
          differ({.code = "group",
                  .event = fetched_.refs[i],
                  .name = field,
                  .was = *first,
                  .is = text});
      }
    }
  }

  const std::string* group_value(const std::string& name) const {
    for (const auto& [known, value] : alert_.group) {
      if (known == name) return &value;
    }
    return nullptr;
  }

  bool same_group(const rules::Correlation& correlation, const Member& member) const {
    for (std::size_t i = 0; i < correlation.rule.group_by.size(); ++i) {
      const std::string* value = group_value(correlation.rule.group_by[i]);
      if (value == nullptr || i >= member.group.size() || as_stored(member.group[i]) != *value)
        return false;
    }
    return true;
  }

  // An event of the alert that the rules do not count: none is true, or its group is another.
  void no_member(const KeptRules& kept, const rules::Correlation& correlation,
                 const Members& members, std::uint32_t event, const std::vector<Member>& others) {
    if (others.empty()) {
      for (const std::uint32_t rule : members.detections()) {
        if (!hit(event, rule)) not_true(kept, rule, event);
      }
      for (const std::uint32_t rule : members.detections()) {
        if (hit(event, rule))
          differ({.code = "ungrouped",
                  .event = fetched_.refs[event],
                  .name = kept.set->identity(rule).name});
      }
      return;
    }
    const Member& member = others.front();
    for (std::size_t i = 0; i < correlation.rule.group_by.size(); ++i) {
      const std::string& field = correlation.rule.group_by[i];
      const std::string* value = group_value(field);
      const std::string is = i < member.group.size() ? as_stored(member.group[i]) : std::string();
      if (value == nullptr || *value != is)
        differ({.code = "group",
                .event = fetched_.refs[event],
                .name = field,
                .was = value != nullptr ? *value : "",
                .is = is});
    }
  }

  // `group`: as the events say it, for an id is made of bytes and JSON holds Unicode only.
  void check_id(const rules::Correlation& correlation, const std::vector<std::string>& group) {
    Alert again;
    again.rule = correlation.rule.identity;
    again.trigger = alert_.trigger;
    for (std::size_t i = 0; i < correlation.rule.group_by.size() && i < group.size(); ++i)
      again.group.emplace_back(correlation.rule.group_by[i], group[i]);
    if (group.empty() && !correlation.rule.group_by.empty()) return;  // told: no event is counted
    compare("alert_id", {}, alert_.id, make_alert_id(again));
  }

  void check_window(const rules::Correlation& correlation,
                    std::vector<correlator::MemberHit> hits) {
    const rules::CorrelationRule& rule = correlation.rule;
    const std::int64_t time_ns = alert_.trigger.time_ns;
    const bool ahead = rule.type == rules::CorrelationType::kAbsence;
    const std::int64_t from_ns =
        ahead ? time_ns : correlator::subtract_ns(time_ns, rule.timespan_ns);
    const std::int64_t until_ns = ahead ? correlator::add_ns(time_ns, rule.timespan_ns) : time_ns;
    compare("window", {}, format_time(alert_.window.start_ns), format_time(from_ns));
    compare("window", {}, format_time(alert_.window.end_ns), format_time(until_ns));
    compare("time", {}, format_time(alert_.time_ns), format_time(until_ns));
    if (!correlator::holds(rule, alert_.window.count))
      differ({.code = "condition", .event = {}, .is = number_text(alert_.window.count)});
    if (ahead) return note({.code = "absence", .event = {}, .name = rule.identity.id});
    if (correlator::has_history(rule.type))
      return note({.code = "history", .event = {}, .name = rule.identity.id});
    if (bounded() || fetched_.refs.size() < alert_.events.size()) return;  // told
    if (std::find(alert_.events.begin(), alert_.events.end(), alert_.trigger) ==
        alert_.events.end()) {
      return differ({.code = "trigger_not_listed", .event = alert_.trigger});
    }
    const std::optional<double> count = count_at_trigger(rule, std::move(hits), from_ns);
    const bool same = count && std::fabs(*count - alert_.window.count) <=
                                   1e-9 * std::max(1.0, std::fabs(alert_.window.count));
    if (!same)
      differ({.code = "count",
              .event = {},
              .was = number_text(alert_.window.count),
              .is = count ? number_text(*count) : ""});
    if (!count || !correlator::holds(rule, *count))
      differ({.code = "condition", .event = {}, .is = count ? number_text(*count) : ""});
  }

  // What the window held at the trigger. Hits are in order of (time, source name, number).
  std::optional<double> count_at_trigger(const rules::CorrelationRule& rule,
                                         std::vector<correlator::MemberHit> hits,
                                         std::int64_t from_ns) const {
    const auto key = [&](const correlator::MemberHit& hit) {
      return std::tuple(hit.time_ns, verifier_.sources_.at(static_cast<std::size_t>(hit.source)),
                        hit.seq, hit.reference);
    };
    std::sort(hits.begin(), hits.end(),
              [&](const auto& a, const auto& b) { return key(a) < key(b); });
    const correlator::History history;
    const std::unique_ptr<correlator::Window> window = correlator::make_window(rule, history);
    const std::tuple last(alert_.trigger.time_ns, alert_.trigger.source, alert_.trigger.seq,
                          UINT32_MAX);
    bool evaluated = false;
    for (const correlator::MemberHit& hit : hits) {
      if (hit.time_ns < from_ns || key(hit) > last) continue;
      window->add(hit);
      evaluated = window->evaluates_at(hit);
    }
    return evaluated ? window->quantity(from_ns) : std::nullopt;
  }

  const Verifier& verifier_;
  const Alert& alert_;
  Fetched& fetched_;
  Verification& into_;
};

Verifier::Verifier(const storage::Store& store, VerifierContent content)
    : store_(store),
      content_(std::move(content)),
      sources_(store.source_names()),
      formats_(kept_source_formats(store)),
      shelf_(store, content_.taxonomy, content_.payloads) {}

Verifier::~Verifier() = default;

// Made again when rules have brought names that it does not know, and for new definitions.
parsers::Parser& Verifier::parser() {
  std::shared_ptr<const parsers::Catalog> catalog = content_.catalog();
  if (parser_ && fields_known_ == field_count() && catalog_ == catalog) return *parser_;
  catalog_ = std::move(catalog);
  parser_.emplace(catalog_, false);
  fields_known_ = field_count();
  for (std::size_t i = 0; i < formats_.size(); ++i)
    parser_->set_source(SourceId{static_cast<std::uint32_t>(i)}, formats_[i]);
  return *parser_;
}

void Verifier::fetch(const Alert& alert, Fetched& fetched, Verification& into) {
  std::vector<EventRef> events = alert.events;
  if (std::find(events.begin(), events.end(), alert.trigger) == events.end())
    events.push_back(alert.trigger);
  for (const EventRef& ref : events) {
    const auto source = std::find(sources_.begin(), sources_.end(), ref.source);
    const SourceId id{static_cast<std::uint32_t>(source - sources_.begin())};
    const Result<void> got = source == sources_.end()
                                 ? Result<void>(fail(Errc::kNotFound, "no source " + ref.source))
                                 : store_.fetch(id, ref.seq, fetched.batch);
    if (got) {
      fetched.refs.push_back(ref);
    } else if (got.error().code == Errc::kCorrupt) {
      into.differences.push_back({.code = "event_damaged", .event = ref, .is = got.error().what});
    } else if (into.cannot.size() < Verification::kRemarksMax) {
      into.cannot.push_back({.code = "event_gone", .event = ref, .is = got.error().what});
    }
  }
  parser().parse(fetched.batch);
  into.events = fetched.refs.size();
}

void Verifier::note_live(const Alert& alert, const KeptRules& kept, Verification& into) const {
  const std::shared_ptr<const rules::RuleSet> live = content_.live ? content_.live() : nullptr;
  if (!live) return;
  std::map<std::string_view, std::string_view> hashes;
  for (std::uint32_t i = 0; i < live->rule_count(); ++i)
    hashes.emplace(live->identity(i).id, live->identity(i).hash);
  for (const rules::Correlation& one : live->correlations())
    hashes.emplace(one.rule.identity.id, one.rule.identity.hash);
  const auto look = [&](const RuleIdentity& identity) {
    const auto found = hashes.find(identity.id);
    if (found == hashes.end()) {
      into.notes.push_back({.code = "live_gone", .event = {}, .name = identity.name});
    } else if (found->second != identity.hash) {
      into.notes.push_back({.code = "live_differs", .event = {}, .name = identity.name});
    }
  };
  look(alert.rule);
  const std::optional<std::size_t> index = kept.correlation(alert.rule.id);
  if (!index) return;
  const Members members(*kept.set, kept.set->correlations()[*index]);
  for (const std::uint32_t rule : members.detections()) {
    if (kept.set->identity(rule).path != alert.rule.path) look(kept.set->identity(rule));
  }
}

Verification Verifier::verify(const Alert& alert) {
  Verification verification;
  verification.alert = alert.id;
  verification.kind = alert.kind;
  verification.rule = alert.rule;
  if (alert.kind == AlertKind::kIndicator) {
    Fetched fetched;
    fetch(alert, fetched, verification);
    Check(*this, alert, fetched, verification).indicators();
    return verification;
  }
  if (alert.basis.empty()) {
    verification.cannot.push_back({.code = "no_text", .event = {}, .name = alert.rule.id});
    return verification;
  }
  const Result<KeptRules*> kept = shelf_.of(alert.basis);  // before the parser: it brings names
  if (!kept) {
    Remark remark{.code = "text_gone", .event = {}, .name = alert.rule.id, .is = kept.error().what};
    if (kept.error().code == Errc::kNotFound) {
      verification.cannot.push_back(std::move(remark));
    } else {
      remark.code = "text_changed";
      verification.differences.push_back(std::move(remark));
    }
    return verification;
  }
  Fetched fetched;
  fetch(alert, fetched, verification);
  Check check(*this, alert, fetched, verification);
  alert.kind == AlertKind::kCorrelation ? check.correlation(**kept) : check.detection(**kept);
  note_live(alert, **kept, verification);
  return verification;
}

}  // namespace picket::app
