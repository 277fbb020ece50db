#include "app/field_report.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <unordered_map>

#include "base/nearest.h"
#include "event/ecs.h"
#include "rules/field_use.h"
#include "rules/route.h"

namespace picket::app {
namespace {

// What is left of a name without case and separators. A dot is none: ProcessName is a name of its
// own beside process.name.
std::string skeleton(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '_' || c == '-' || c == ' ') continue;
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

// Names near enough in length to be nearest: most need not be compared. Short names are near to too
// many.
std::string nearest_of(const std::string& name, const std::vector<std::string_view>& known) {
  constexpr std::size_t kSizeMin = 6;
  if (name.size() < kSizeMin) return {};
  const std::size_t apart = std::max<std::size_t>(2, name.size() / 3);
  std::vector<std::string_view> candidates;
  for (const std::string_view one : known) {
    const std::size_t longer = std::max(one.size(), name.size());
    if (longer - std::min(one.size(), name.size()) <= apart) candidates.push_back(one);
  }
  return nearest_name(name, candidates);
}

bool is_temporal(const rules::CorrelationRule& rule) {
  return rule.type == rules::CorrelationType::kTemporal ||
         rule.type == rules::CorrelationType::kTemporalOrdered;
}

}  // namespace

void FieldTally::count(const Batch& batch) {
  for (const Event& event : batch.events()) {
    ++events_;
    Kind& kind = kinds_[event.kind];
    ++kind.events;
    std::set<FieldId> counted;  // a record may hold a field twice
    for (const Field& field : batch.fields(event)) {
      if (field.kind != ValueKind::kNull && counted.insert(field.id).second)
        ++kind.fields[field.id];
    }
  }
}

std::string_view mapping_name(FieldUse::Mapping mapping) {
  switch (mapping) {
    case FieldUse::Mapping::kEcs:
      return "ecs";
    case FieldUse::Mapping::kNamed:
      return "named";
    case FieldUse::Mapping::kLiteral:
      return "literal";
  }
  return "literal";
}

FieldReport::FieldReport(const Detection& detection, const FieldTally* tally)
    : detection_(detection), tally_(tally) {
  collect_known_names();
  add_uses();
  find_lacking();
  find_correlations_lacking();
}

FieldReport::SourceKey FieldReport::key_of(const rules::LogSource& source) {
  return {source.product, source.category, source.service};
}

void FieldReport::collect_known_names() {
  const auto learn = [this](FieldId id) { named_.emplace(field_name(id)); };
  for (std::size_t i = 0; i < static_cast<std::size_t>(ecs::Index::kCount); ++i) {
    learn(FieldId{static_cast<std::uint16_t>(i)});
  }
  named_.insert(detection_.taxonomy->ecs_names().begin(), detection_.taxonomy->ecs_names().end());
  for (const parsers::Definition& definition : detection_.catalog->definitions()) {
    const auto learn_all = [&](const auto& constants, const auto& aliases) {
      for (const auto& [ecs, value] : constants) learn(ecs);
      for (const auto& [ecs, original] : aliases) {
        learn(ecs);
        learn(original);
      }
    };
    learn_all(definition.base.constants, definition.base.aliases);
    for (const parsers::EventOverride& one : definition.events)
      learn_all(one.constants, one.aliases);
  }
}

void FieldReport::add_uses() {
  std::map<SourceKey, std::vector<std::size_t>> by_source;
  for (const rules::DetectionRule& rule : detection_.trees) {
    const SourceKey key = key_of(rule.log_source);
    for (const std::string& field : rules::fields_of(rule.condition)) {
      const auto [found, is_new] = by_field_.try_emplace({key, field}, uses_.size());
      if (is_new) {
        by_source[key].push_back(uses_.size());
        uses_.push_back({.source = rule.log_source, .field = field});
      }
      ++uses_[found->second].rules;
    }
  }
  for (const auto& [key, members] : by_source) {
    const std::vector<std::string_view> known = known_names(uses_[members.front()].source);
    for (const std::size_t member : members) judge(uses_[member], known);
  }
  std::vector<FieldUse> sorted;
  for (auto& [key, index] : by_field_) {  // in the order of the map: log source, then field
    sorted.push_back(std::move(uses_[index]));
    index = sorted.size() - 1;
  }
  uses_ = std::move(sorted);
}

std::vector<std::string_view> FieldReport::known_names(const rules::LogSource& source) const {
  std::vector<std::string_view> known = detection_.taxonomy->sigma_names(source);
  known.insert(known.end(), named_.begin(), named_.end());
  if (tally_ == nullptr) return known;
  for (const auto& [kind, tally] : tally_->kinds()) {
    if (!detection_.taxonomy->admits(source, kind_of(kind))) continue;
    for (const auto& [field, times] : tally.fields) known.push_back(field_name(field));
  }
  return known;
}

void FieldReport::judge(FieldUse& use, const std::vector<std::string_view>& known) {
  use.target = use.field;
  const std::string compact = rules::compact_name(use.field);
  if (const auto ecs = detection_.taxonomy->ecs_name(use.source, use.field)) {
    use.mapping = FieldUse::Mapping::kEcs;
    use.target = *ecs;
  } else if (named_.contains(compact)) {
    use.mapping = FieldUse::Mapping::kNamed;
  }
  if (tally_ != nullptr) look(use);
  if (use.mapping != FieldUse::Mapping::kLiteral || use.seen > 0) return;
  const std::string alike = alike_name(use);
  use.misspelt = !alike.empty();
  use.nearest = use.misspelt ? alike : nearest_of(compact, known);
}

// Compared with names that are used for this log source only: another product's may differ in case.
std::string FieldReport::alike_name(const FieldUse& use) const {
  if (detection_.taxonomy->literal()) return {};
  const std::string bare = skeleton(use.field);
  for (const std::string_view name : detection_.taxonomy->sigma_names(use.source)) {
    if (skeleton(name) == bare) return std::string(name);
  }
  if (bare.find('.') == std::string::npos) return {};
  for (const std::string& name : detection_.taxonomy->ecs_names()) {
    if (skeleton(name) == bare) return name;
  }
  return {};
}

std::uint64_t FieldReport::events_of(const rules::LogSource& source) const {
  if (tally_ == nullptr) return 0;
  std::uint64_t events = 0;
  for (const auto& [kind, tally] : tally_->kinds()) {
    if (detection_.taxonomy->admits(source, kind_of(kind))) events += tally.events;
  }
  return events;
}

void FieldReport::look(FieldUse& use) {
  for (const auto& [kind_id, tally] : tally_->kinds()) {
    const EventKind& kind = kind_of(kind_id);
    if (!detection_.taxonomy->admits(use.source, kind)) continue;
    std::uint64_t most = 0;  // an event may have the field under several names: it counts once
    for (const FieldId id :
         rules::resolve_field(*detection_.taxonomy, use.source, use.field, kind)) {
      const auto found = tally.fields.find(id);
      std::uint64_t times = found == tally.fields.end() ? 0 : found->second;
      const FieldId ecs = kind.ecs_of(id);
      const bool fixed =
          kind.constant(ecs) != nullptr || (ecs == ecs::kEventCode && kind.code >= 0);
      if (fixed && most == 0) times = tally.events;
      if (times > 0) use.seen_as.emplace(field_name(id));
      most = std::max(most, times);
    }
    use.seen += most;
  }
}

bool FieldReport::is_absent(const FieldUse& use) const {
  if (use.mapping != FieldUse::Mapping::kLiteral || use.seen > 0) return false;
  return use.misspelt || events_of(use.source) > 0;
}

// Is there an event on which the rule could be true, as far as the kind of the event decides?
bool FieldReport::has_events_for(const rules::DetectionRule& rule) {
  if (tally_ == nullptr) return false;
  for (const auto& [id, tally] : tally_->kinds()) {
    if (!detection_.taxonomy->admits(rule.log_source, kind_of(id))) continue;
    const auto leaves = rules::build_leaves(rule, *detection_.taxonomy, kind_of(id), matchers_);
    const auto decided = [&](const rules::Test& test) -> std::optional<bool> {
      using Leaf = rules::RuleLeaves::Leaf;
      const Leaf::Kind kind = leaves->leaves.at(&test).kind;
      return kind == Leaf::Kind::kTest ? std::nullopt : std::optional(kind == Leaf::Kind::kTrue);
    };
    if (rules::can_hold_if(rule.condition, decided)) return true;
  }
  return false;
}

void FieldReport::find_lacking() {
  std::vector<bool> absent(uses_.size());
  for (std::size_t i = 0; i < uses_.size(); ++i) absent[i] = is_absent(uses_[i]);
  for (const rules::DetectionRule& rule : detection_.trees) {
    std::vector<std::string>& lacks = lacking_.emplace_back();
    const SourceKey key = key_of(rule.log_source);
    const auto is_absent_here = [&](std::string_view field) {
      const auto found = by_field_.find({key, std::string(field)});
      return found != by_field_.end() && absent[found->second];
    };
    if (rules::can_hold(rule.condition, is_absent_here)) continue;
    const auto is_misspelt = [&](std::string_view field) {
      const auto found = by_field_.find({key, std::string(field)});
      return found != by_field_.end() && absent[found->second] && uses_[found->second].misspelt;
    };
    if (rules::can_hold(rule.condition, is_misspelt) && !has_events_for(rule)) continue;
    for (const std::string& field : rules::fields_of(rule.condition)) {
      if (is_absent_here(field)) lacks.push_back(field);
    }
  }
}

// Of a temporal correlation every rule is needed, of the others one.
void FieldReport::find_correlations_lacking() {
  std::unordered_map<std::string, const std::vector<std::string>*> known;
  correlation_lacking_.resize(detection_.correlations.size());
  for (std::size_t i = 0; i < detection_.trees.size(); ++i) {
    known[detection_.trees[i].identity.id] = &lacking_[i];
    if (!detection_.trees[i].name.empty()) known[detection_.trees[i].name] = &lacking_[i];
  }
  for (std::size_t i = 0; i < detection_.correlations.size(); ++i) {
    known[detection_.correlations[i].identity.id] = &correlation_lacking_[i];
    if (!detection_.correlations[i].name.empty())
      known[detection_.correlations[i].name] = &correlation_lacking_[i];
  }
  for (bool changed = true;
       changed;) {  // correlations over correlations: a pass settles one, or is the last
    changed = false;
    for (std::size_t i = 0; i < detection_.correlations.size(); ++i) {
      if (!correlation_lacking_[i].empty()) continue;
      const rules::CorrelationRule& rule = detection_.correlations[i];
      std::vector<std::string> dead;
      // What an absence misses is not needed for it to fire.
      const std::size_t asked = rule.rules.size() - rule.answers;
      for (std::size_t r = 0; r < asked; ++r) {
        const auto found = known.find(rule.rules[r]);
        if (found != known.end() && !found->second->empty()) dead.push_back(rule.rules[r]);
      }
      if (dead.empty() || (!is_temporal(rule) && dead.size() < asked)) continue;
      correlation_lacking_[i] = std::move(dead);
      changed = true;
    }
  }
}

}  // namespace picket::app
