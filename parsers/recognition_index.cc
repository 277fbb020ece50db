#include "parsers/recognition_index.h"

#include <algorithm>
#include <map>

namespace picket::parsers {

RecognitionIndex::RecognitionIndex(const std::vector<Definition>& definitions) {
  for (const Definition& definition : definitions) index(definition);
  std::sort(programs_.begin(), programs_.end());
  index_texts();
  index_fields();
}

void RecognitionIndex::index(const Definition& definition) {
  for (const RecogniseRule& rule : definition.rules) {
    const bool any_program =
        std::find(rule.programs.begin(), rule.programs.end(), "*") != rule.programs.end();
    if (any_program && rule.prefixes.empty() && rule.any.empty() && rule.all.empty())
      continue;  // the fallback
    const auto at = static_cast<std::uint32_t>(rules_.size());
    const bool envelope =
        (!rule.programs.empty() && !any_program) || !rule.prefixes.empty() || rule.cef || rule.leef;
    rules_.push_back({&definition, &rule, envelope ? kEnvelopeRank : kTextRank, any_program});
    if (!rule.json.empty()) continue;
    if (!rule.programs.empty() && !any_program) {
      for (const std::string& program : rule.programs) programs_.emplace_back(program, at);
    } else if (!rule.prefixes.empty()) {
      std::array<bool, 256> seen{};
      for (const std::string& prefix : rule.prefixes) {
        const auto first = static_cast<unsigned char>(prefix[0]);
        if (!seen[first]) prefixes_[first].push_back(at);
        seen[first] = true;
      }
    } else if (rule.cef) {
      cef_.push_back(at);
    } else if (rule.leef) {
      leef_.push_back(at);
    }
  }
}

void RecognitionIndex::index_texts() {
  std::map<std::string, Rules> texts;
  for (std::uint32_t at = 0; at < rules_.size(); ++at) {
    const Rule& rule = rules_[at];
    if (rule.rank != kTextRank || !rule.rule->json.empty()) continue;
    // Of those of which all must be there the longest is enough to look at the rule.
    const auto longest = std::max_element(
        rule.rule->all.begin(), rule.rule->all.end(),
        [](const std::string& a, const std::string& b) { return a.size() < b.size(); });
    if (longest != rule.rule->all.end()) {
      texts[*longest].push_back(at);
    } else {
      for (const std::string& text : rule.rule->any) texts[text].push_back(at);
    }
    text_priority_ = std::max(text_priority_, rule.definition->priority);
  }
  std::vector<std::string> all;
  for (auto& [text, of] : texts) {
    all.push_back(text);
    of_marker_.push_back(std::move(of));
  }
  markers_ = std::make_unique<const MarkerSet>(std::move(all));
}

void RecognitionIndex::index_fields() {
  std::vector<std::pair<std::size_t, std::uint32_t>> fields;
  for (std::uint32_t at = 0; at < rules_.size(); ++at) {
    const auto& tests = rules_[at].rule->json;
    if (!tests.empty()) fields.emplace_back(static_cast<std::size_t>(tests.front().field), at);
  }
  if (fields.empty()) return;
  std::sort(fields.begin(), fields.end());
  json_first_.assign(fields.back().first + 2, 0);
  for (const auto& [field, at] : fields) {
    ++json_first_[field + 1];
    json_rules_.push_back(at);
  }
  for (std::size_t i = 1; i < json_first_.size(); ++i) json_first_[i] += json_first_[i - 1];
}

void RecognitionIndex::add_rules_of_program(std::string_view plain, Rules& rules) const {
  auto at =
      std::lower_bound(programs_.begin(), programs_.end(), plain,
                       [](const auto& known, std::string_view name) { return known.first < name; });
  for (; at != programs_.end() && at->first == plain; ++at) rules.push_back(at->second);
}

}  // namespace picket::parsers
