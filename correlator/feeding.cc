// How hits get into their groups: those of detections one by one, or dealt over all partitions, and
// those that alerts are for the correlations over theirs.
#include <algorithm>
#include <utility>

#include "correlator/correlator.h"

namespace picket::correlator {
namespace {

constexpr std::size_t kProofMatchesMax = 8;  // of one hit

// A suppressed detection: its alerts are raised at each hit.
bool is_each(const rules::CorrelationRule& rule) {
  return rule.type == rules::CorrelationType::kEach;
}

// The first input of the feed is the one that counts, unless each reference has its own say.
bool counts_each_reference(rules::CorrelationType type) {
  return type == rules::CorrelationType::kTemporal ||
         type == rules::CorrelationType::kTemporalOrdered;
}

const std::string* group_value(const Alert& alert, std::string_view field) {
  for (const auto& [name, value] : alert.group) {
    if (name == field) return &value;
  }
  return nullptr;
}

// What an alert of an inner correlation has of the fields that count.
std::optional<std::string> group_values(const Alert& alert,
                                        const rules::Correlation::Input& input) {
  const std::string* const first = group_value(alert, input.field);
  if (first == nullptr) return std::nullopt;
  if (input.more_fields.empty()) return *first;
  std::vector<std::optional<std::string_view>> parts = {*first};
  for (const std::string& field : input.more_fields) {
    const std::string* const value = group_value(alert, field);
    if (value == nullptr) return std::nullopt;
    parts.emplace_back(*value);
  }
  return joined_value(parts);
}

}  // namespace

std::optional<std::string_view> counted_value(const rules::RuleSet& rules, Batch& batch,
                                              const Event& event, std::uint32_t rule,
                                              const CountedFields& fields, std::string& room) {
  const auto first = rules.field_value(batch, event, rule, fields.first);
  if (!first || fields.more.empty()) return first;
  std::vector<std::optional<std::string_view>> parts = {first};
  for (const std::string& other : fields.more)
    parts.push_back(rules.field_value(batch, event, rule, other));
  std::optional<std::string> joined = joined_value(parts);
  if (!joined) return std::nullopt;
  room = *std::move(joined);
  return room;
}

void Correlator::feed_all(Batch& batch, const SourceNames& names, std::vector<Alert>& out) {
  for (const Hit& hit : batch.hits()) {
    PICKET_CHECK(hit.rule < detection_feeds_.size() && hit.event < batch.events().size());
    bool raised = !rules_->raises_alert(hit.rule);
    if (!detection_feeds_[hit.rule].empty())
      sources_.learn(batch.records()[hit.event].source, names);
    for (const Feed& feed : detection_feeds_[hit.rule]) {
      const bool taken = feed_hit(batch, hit, feed, false);
      raised |= taken && is_each(terms_.correlations[feed.correlation].rule);
    }
    // Also what is too late to be joined to another.
    if (!raised) out.push_back(builder_.detection(batch, hit, names));
  }
}

// The same for all partitions at once.
void Correlator::deal_all(Batch& batch, const SourceNames& names, std::vector<Alert>& out) {
  for (const Hit& hit : batch.hits()) {
    PICKET_CHECK(hit.rule < detection_feeds_.size() && hit.event < batch.events().size());
    if (!detection_feeds_[hit.rule].empty())
      sources_.learn(batch.records()[hit.event].source, names);
    for (const Feed& feed : detection_feeds_[hit.rule]) feed_hit(batch, hit, feed, true);
  }
  crew_.run([this](std::size_t p) { parts_[p]->enter(bare_, many_asked_); });
  std::vector<bool> raised(batch.hits().size(), false);  // through a correlation
  for (const auto& part : parts_) {
    for (const DealtHit& dealt : part->inbox.hits) {
      if (dealt.taken && is_each(terms_.correlations[dealt.correlation].rule))
        raised[dealt.hit] = true;
    }
  }
  for (std::size_t i = 0; i < raised.size(); ++i) {
    const Hit& hit = batch.hits()[i];
    if (!raised[i] && rules_->raises_alert(hit.rule))
      out.push_back(builder_.detection(batch, hit, names));
  }
  explain_dealt(batch);
  crew_.run([this](std::size_t p) { parts_[p]->fill(); });
  bare_.clear();
  bare_event_ = SIZE_MAX;
}

void Correlator::explain_dealt(Batch& batch) {
  for (const auto& part : parts_) {
    for (DealtHit& dealt : part->inbox.hits) {
      if (dealt.explain != Explain::kNot)
        dealt.proof = explained(batch, batch.hits()[dealt.hit], dealt.explain);
    }
  }
}

// Where many groups are not in memory: so that the state is asked once for the groups of all hits
// and not for each.
void Correlator::announce_groups(Batch& batch) {
  for (const Hit& hit : batch.hits()) {
    PICKET_CHECK(hit.rule < detection_feeds_.size() && hit.event < batch.events().size());
    for (const Feed& feed : detection_feeds_[hit.rule]) {
      const rules::Correlation& correlation = terms_.correlations[feed.correlation];
      for (const std::size_t i : feed.inputs) {
        if (!read_group(batch, hit, correlation.inputs[i].group_by, is_each(correlation.rule)))
          continue;
        const std::string& name = names_.name(terms_.keys[feed.correlation], group_values_);
        part_of(name).cache().announce(name);
      }
    }
  }
  for (const auto& part : parts_) part->cache().fetch();
}

// False if it was too late, or in no group, for each of the feed's inputs; or if it was only dealt.
bool Correlator::feed_hit(Batch& batch, const Hit& hit, const Feed& feed, bool deals) {
  const rules::Correlation& correlation = terms_.correlations[feed.correlation];
  const Event& event = batch.events()[hit.event];
  const Record& record = batch.records()[hit.event];
  if (event.time_ns < terms_.horizon()) {
    ++counters_[feed.correlation].late;
    return false;
  }
  bool taken = false;
  std::vector<std::pair<std::vector<std::string>, bool>> seen;  // as answers or not
  const std::vector<std::string>& values = group_values_;
  for (const std::size_t i : feed.inputs) {
    const rules::Correlation::Input& input = correlation.inputs[i];
    if (!read_group(batch, hit, input.group_by, is_each(correlation.rule))) {
      ++counters_[feed.correlation].ungrouped;
      continue;
    }
    if (feed.inputs.size() > 1 && !counts_each_reference(correlation.rule.type)) {
      const bool answers = correlation.rule.is_answer(input.reference);
      if (std::find(seen.begin(), seen.end(), std::pair(values, answers)) != seen.end()) continue;
      seen.emplace_back(values, answers);
    }
    MemberHit member;
    member.time_ns = event.time_ns;
    member.seq = record.seq;
    member.source = record.source;
    member.reference = input.reference;
    member.layer = event.layer;
    std::optional<std::string> counted;
    if (counts_values(correlation.rule.type)) {
      std::string room;
      if (const auto value = counted_value(*rules_, batch, event, hit.rule,
                                           {input.field, input.more_fields}, room)) {
        counted = bounded_value(*value);
        member.number = number_of(*value);
      }
    }
    const std::string& name = names_.name(terms_.keys[feed.correlation], values);
    if (deals) {
      deal(batch, hit, member, name, feed.correlation, counted);
    } else {
      taken |= enter(batch, hit, std::move(member), name, feed.correlation, counted);
    }
  }
  return taken;
}

bool Correlator::enter(Batch& batch, const Hit& hit, MemberHit member, const std::string& name,
                       std::uint32_t correlation, const std::optional<std::string>& value) {
  Partition& part = part_of(name);
  part.begin(next_place());
  Group& group = part.group(correlation, name, group_values_);
  if (value) member.value = part.cache().texts().share(*value);
  member.proof = proof(batch, hit, part.explain_of(group, member.time_ns), group, part);
  return part.add(group, std::move(member));
}

void Correlator::deal(Batch& batch, const Hit& hit, const MemberHit& member,
                      const std::string& name, std::uint32_t correlation,
                      const std::optional<std::string>& value) {
  if (bare_event_ != hit.event) {
    bare_event_ = hit.event;
    bare_.push_back(proofs_.bare(batch, hit.event));
  }
  Inbox& inbox = part_of(name).inbox;
  DealtHit& dealt = inbox.hits.emplace_back();
  dealt.place = next_place();
  dealt.hit = static_cast<std::uint32_t>(&hit - batch.hits().data());
  dealt.correlation = correlation;
  dealt.reference = member.reference;
  dealt.bare = static_cast<std::uint32_t>(bare_.size() - 1);
  dealt.texts_at = inbox.texts.size();
  dealt.values = static_cast<std::uint32_t>(group_values_.size());
  dealt.counts = value.has_value();
  dealt.source = member.source;
  dealt.layer = member.layer;
  dealt.time_ns = member.time_ns;
  dealt.seq = member.seq;
  dealt.number = member.number;
  PICKET_CHECK(name.size() == dealt.name.size());
  std::copy(name.begin(), name.end(), dealt.name.begin());
  for (const std::string& text : group_values_) inbox.add_text(text);
  if (value) inbox.add_text(*value);
}

// The values of the group-by fields, into group_values_. False: one is missing.
bool Correlator::read_group(Batch& batch, const Hit& hit, const std::vector<std::string>& fields,
                            bool all_have_one) {
  group_values_.resize(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto value = rules_->field_value(batch, batch.events()[hit.event], hit.rule, fields[i]);
    if (!value && !all_have_one)
      return false;  // a suppressed alert without the field has a key too
    const std::string_view text = value.value_or("");
    if (text.size() <= kValueMax) {
      group_values_[i].assign(text);
    } else {
      group_values_[i] = bounded_value(text);
    }
  }
  return true;
}

SharedText Correlator::proof(Batch& batch, const Hit& hit, Explain explain, const Group& group,
                             Partition& part) {
  const SharedText last = group.hits().empty() ? SharedText() : group.hits().back().proof;
  if (explain == Explain::kNot) {
    const SharedText bare = proofs_.bare(batch, hit.event);
    return bare == last ? last : part.own(bare);
  }
  const std::string made = explained(batch, hit, explain);
  return last && *last == made ? last : SharedText(made);
}

std::string Correlator::explained(Batch& batch, const Hit& hit, Explain explain) {
  std::vector<Match> matches = rules_->explain(batch, batch.events()[hit.event], hit.rule);
  if (explain == Explain::kCut) {
    if (matches.size() > kProofMatchesMax) matches.resize(kProofMatchesMax);
    for (Match& match : matches) cut_for_member(match);
  }
  return proofs_.with(batch, hit.event, std::move(matches));
}

void Correlator::feed_alert(const Alert& alert, const MemberHit& hit, const Feed& feed,
                            bool withdrawn) {
  const rules::Correlation& correlation = terms_.correlations[feed.correlation];
  for (const std::size_t i : feed.inputs) {
    const rules::Correlation::Input& input = correlation.inputs[i];
    std::vector<std::string> values;
    for (const std::string& field : input.group_by) {
      if (const std::string* value = group_value(alert, field)) values.push_back(*value);
    }
    if (values.size() < input.group_by.size()) {
      if (!withdrawn) ++counters_[feed.correlation].ungrouped;
      continue;
    }
    const std::string& name = names_.name(terms_.keys[feed.correlation], values);
    Partition& part = part_of(name);
    part.begin(next_place());
    Group& group = part.group(feed.correlation, name, values);
    MemberHit member = hit;
    member.proof = part.own(hit.proof);
    member.reference = input.reference;
    if (withdrawn) {
      part.remove(group, member);
      continue;
    }
    if (const auto value = group_values(alert, input)) {
      member.value = SharedText(bounded_value(*value));
      member.number = number_of(*value);
    }
    part.add(group, std::move(member));
  }
}

}  // namespace picket::correlator
