#include "app/find_rule.h"

#include <algorithm>
#include <string_view>

#include "base/ascii.h"
#include "base/nearest.h"

namespace picket::app {
namespace {

constexpr std::size_t kIdBytesMin = 6;  // of the beginning of an id

}  // namespace

Result<std::vector<const rules::DetectionRule*>> find_rules(const Detection& detection,
                                                            const std::string& name) {
  std::vector<const rules::DetectionRule*> exact;
  std::vector<const rules::DetectionRule*> begun;
  std::vector<std::string_view> titles;
  for (const rules::DetectionRule& rule : detection.trees) {
    titles.push_back(rule.identity.name);
    if (ascii_equal(rule.identity.id, name) || ascii_equal(rule.identity.name, name))
      exact.push_back(&rule);
    if (name.size() >= kIdBytesMin && rule.identity.id.starts_with(name)) begun.push_back(&rule);
  }
  if (!exact.empty()) return exact;
  if (begun.size() == 1) return begun;
  if (begun.size() > 1) return fail(Errc::kInvalid, "several rules begin with '" + name + "'");
  for (const rules::CorrelationRule& rule : detection.correlations) {
    if (rule.identity.id == name || ascii_equal(rule.identity.name, name))
      return fail(Errc::kInvalid,
                  "rule '" + name + "' is a correlation; explain the rules that it refers to");
  }
  for (std::size_t i = detection.trees.size(); i < detection.rules->rule_count(); ++i) {
    const RuleIdentity& identity = detection.rules->identity(static_cast<std::uint32_t>(i));
    if (identity.id == name || ascii_equal(identity.name, name))
      return fail(Errc::kInvalid,
                  "rule '" + name + "' is a YARA rule, it has no condition of fields");
  }
  return fail(Errc::kNotFound, "there is no rule '" + name + "'" + did_you_mean(name, titles));
}

const rules::Finding* find_refused(const Detection& detection, const std::string& name) {
  const auto found =
      std::find_if(detection.refused.begin(), detection.refused.end(), [&](const auto& finding) {
        return finding.path == name || (!finding.rule_id.empty() && finding.rule_id == name);
      });
  return found == detection.refused.end() ? nullptr : &*found;
}

std::optional<std::size_t> find_correlation(const rules::RuleSet& rules, const std::string& name) {
  std::optional<std::size_t> begun;
  for (std::size_t i = 0; i < rules.correlations().size(); ++i) {
    const RuleIdentity& identity = rules.correlations()[i].rule.identity;
    if (ascii_equal(identity.id, name) || ascii_equal(identity.name, name)) return i;
    if (name.size() >= kIdBytesMin && identity.id.starts_with(name) && !begun) begun = i;
  }
  return begun;
}

}  // namespace picket::app
