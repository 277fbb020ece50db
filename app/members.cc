#include "app/members.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "correlator/correlator.h"
#include "correlator/window.h"

namespace picket::app {
namespace {

constexpr int kDepthMax = 16;  // of correlations over correlations

bool counts_each_reference(rules::CorrelationType type) {
  return type == rules::CorrelationType::kTemporal ||
         type == rules::CorrelationType::kTemporalOrdered;
}

// What a group-by field of an inner correlation is called below it.
std::optional<std::string> below(const std::string& field, const rules::CorrelationRule& inner,
                                 const std::vector<std::string>& names) {
  const auto found = std::find(inner.group_by.begin(), inner.group_by.end(), field);
  if (found == inner.group_by.end()) return std::nullopt;
  return names[static_cast<std::size_t>(found - inner.group_by.begin())];
}

}  // namespace

Members::Members(const rules::RuleSet& rules, const rules::Correlation& correlation)
    : rules_(rules), correlation_(correlation), leaves_(leaves_of(correlation, 0)) {
  for (const Leaf& leaf : leaves_) {
    detections_.insert(leaf.detection);
    has_inner_ = has_inner_ || leaf.inner;
  }
}

std::vector<Members::Leaf> Members::leaves_of(const rules::Correlation& correlation,
                                              int depth) const {
  std::vector<Leaf> leaves;
  if (depth > kDepthMax) return leaves;
  for (const rules::Correlation::Input& input : correlation.inputs) {
    if (input.correlation < 0) {
      leaves.push_back({input.detection, input.reference, input.group_by, input.field,
                        input.more_fields, false});
      continue;
    }
    const rules::Correlation& inner =
        rules_.correlations()[static_cast<std::size_t>(input.correlation)];
    for (const Leaf& under : leaves_of(inner, depth + 1)) {
      Leaf leaf{under.detection, input.reference, {}, {}, {}, true};
      bool grouped = true;
      for (const std::string& field : input.group_by) {
        const std::optional<std::string> name = below(field, inner.rule, under.group_by);
        grouped = grouped && name.has_value();
        leaf.group_by.push_back(name.value_or(std::string()));
      }
      leaf.field = below(input.field, inner.rule, under.group_by).value_or(std::string());
      for (const std::string& field : input.more_fields) {
        const std::optional<std::string> name = below(field, inner.rule, under.group_by);
        if (!name) leaf.field.clear();  // then nothing is counted
        leaf.more_fields.push_back(name.value_or(std::string()));
      }
      if (grouped) leaves.push_back(std::move(leaf));
    }
  }
  return leaves;
}

std::vector<Member> Members::of(Batch& batch, std::uint32_t index, std::int64_t time_ns) const {
  const Event& event = batch.events()[index];
  const Record& record = batch.records()[index];
  std::vector<Member> members;
  std::vector<std::pair<std::vector<std::string>, bool>> seen;  // as answers or not
  for (const Hit& hit : batch.hits()) {
    if (hit.event != index) continue;
    for (const Leaf& leaf : leaves_) {
      if (leaf.detection != hit.rule) continue;
      Member member;
      member.detection = hit.rule;
      for (const std::string& field : leaf.group_by) {
        const auto value = rules_.field_value(batch, event, hit.rule, field);
        if (!value) break;
        member.group.push_back(correlator::bounded_value(*value));
      }
      if (member.group.size() < leaf.group_by.size()) continue;
      if (!counts_each_reference(correlation_.rule.type)) {
        std::pair key(member.group, correlation_.rule.is_answer(leaf.reference));
        if (std::find(seen.begin(), seen.end(), key) != seen.end()) continue;
        seen.push_back(std::move(key));
      }
      member.hit.time_ns = leaf.inner ? time_ns : event.time_ns;
      member.hit.seq = record.seq;
      member.hit.source = record.source;
      member.hit.reference = leaf.reference;
      member.hit.layer = event.layer;
      if (correlator::counts_values(correlation_.rule.type) && !leaf.field.empty()) {
        std::string room;
        if (const auto value = correlator::counted_value(
                rules_, batch, event, hit.rule, {leaf.field, leaf.more_fields}, room)) {
          member.hit.value = correlator::SharedText(correlator::bounded_value(*value));
          member.hit.number = correlator::number_of(*value);
        }
      }
      members.push_back(std::move(member));
    }
  }
  return members;
}

}  // namespace picket::app
