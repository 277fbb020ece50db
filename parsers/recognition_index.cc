#include "parsers/recognition_index.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace picket::parsers {

namespace {

// Who sent it goes before how it begins, and that before what merely stands in the text.
constexpr int kTextRank = 0;
constexpr int kBeginRank = 1;
constexpr int kProgramRank = 2;
constexpr int kRanks = 3;

int order_of(int priority, int rank) {
  return priority * kRanks + rank;
}

// Of a program of an ordinary definition.
const int kOrdinary = order_of(Definition{}.priority, kProgramRank);

int rank_of(const RecogniseRule& rule, bool named) {
  if (!rule.json.empty()) return kBeginRank;  // one for all: objects are told apart by priority
  if (named) return kProgramRank;
  return !rule.prefixes.empty() || rule.cef || rule.leef || rule.access ? kBeginRank : kTextRank;
}

const std::string& longest(const std::vector<std::string>& texts) {
  return *std::max_element(
      texts.begin(), texts.end(),
      [](const std::string& a, const std::string& b) { return a.size() < b.size(); });
}

}  // namespace

RecognitionIndex::RecognitionIndex(const std::vector<Definition>& definitions) {
  for (const Definition& definition : definitions) index(definition);
  std::sort(programs_.begin(), programs_.end());
  index_texts(kFront);
  index_texts(kAll);
  index_fields();
  note_highest();
}

void RecognitionIndex::index(const Definition& definition) {
  for (const RecogniseRule& rule : definition.rules) {
    const bool any_program =
        std::find(rule.programs.begin(), rule.programs.end(), "*") != rule.programs.end();
    if (any_program && rule.prefixes.empty() && rule.any.empty() && rule.all.empty())
      continue;  // the fallback
    const auto at = static_cast<std::uint32_t>(rules_.size());
    const bool named = !rule.programs.empty() && !any_program;
    const bool json = !rule.json.empty();
    Rule& made = rules_.emplace_back();
    made.definition = &definition;
    made.rule = &rule;
    made.order = order_of(rule.priority.value_or(definition.priority), rank_of(rule, named));
    made.any_program = any_program;
    made.by_program = named && !json;
    made.front = made.order > kOrdinary;
    if (json) continue;
    if (named) {
      for (const std::string& program : rule.programs) programs_.emplace_back(program, at);
    } else if (!rule.prefixes.empty()) {
      std::array<bool, 256> seen{};
      for (const std::string& prefix : rule.prefixes) {
        const auto first = static_cast<unsigned char>(prefix[0]);
        if (!seen[first]) prefixes_[first].push_back(at);
        seen[first] = true;
      }
    } else if (rule.access) {
      for (char digit = '0'; digit <= '9'; ++digit)
        prefixes_[static_cast<unsigned char>(digit)].push_back(at);
    } else if (rule.cef) {
      cef_.push_back(at);
    } else if (rule.leef) {
      leef_.push_back(at);
    }
  }
}

void RecognitionIndex::index_texts(Pass pass) {
  std::map<std::string, std::uint32_t> ids;
  std::vector<std::string> texts;
  const auto marker = [&](const std::string& text) {
    const auto [known, added] = ids.emplace(text, static_cast<std::uint32_t>(texts.size()));
    if (added) texts.push_back(text);
    of_marker_[pass].resize(texts.size());
    return known->second;
  };
  for (std::uint32_t at = 0; at < rules_.size(); ++at) {
    Rule& made = rules_[at];
    const RecogniseRule& rule = *made.rule;
    if (!rule.json.empty() || (pass == kFront && !made.front)) continue;
    if (made.order % kRanks != kTextRank) continue;
    // Of those of which all must be there the longest is enough to look at the rule.
    if (!rule.all.empty()) {
      of_marker_[pass][marker(longest(rule.all))].push_back(at);
    } else {
      for (const std::string& text : rule.any) of_marker_[pass][marker(text)].push_back(at);
    }
    if (pass == kFront || !made.front) highest_[pass] = std::max(highest_[pass], made.order);
  }
  if (pass == kFront) {  // where none of these is, no header rule can hold
    if (!cef_.empty()) (void)marker(std::string(kCefMark));
    if (!leef_.empty()) (void)marker(std::string(kLeefMark));
    mark_rules_of_programs(marker);
  }
  markers_[pass] = std::make_unique<const MarkerSet>(std::move(texts));
}

// Those that a text decides: where programs are known, the first pass is mostly made anyway.
void RecognitionIndex::mark_rules_of_programs(
    const std::function<std::uint32_t(const std::string&)>& marker) {
  for (Rule& rule : rules_) {
    if (!rule.by_program || rule.rule->all.empty()) continue;
    (void)marker(longest(rule.rule->all));
    rule.marked = true;
  }
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

void RecognitionIndex::note_highest() {
  const auto highest = [this](const Rules& rules) {
    int order = kNoOrder;
    for (const std::uint32_t at : rules) order = std::max(order, rules_[at].order);
    return order;
  };
  highest_of_headers_ = std::max(highest(cef_), highest(leef_));
  for (std::size_t byte = 0; byte < prefixes_.size(); ++byte) {
    FirstByte& first = first_bytes_[byte];
    first.order = highest(prefixes_[byte]);
    first.behind_headers = first.order <= highest_of_headers_;
    first.behind_front = first.order < highest_[kFront];
    first.behind_all = first.order <= highest_[kAll];
    for (const std::uint32_t at : prefixes_[byte])
      if (rules_[at].order == first.order) first.top.push_back(beginning_of(at));
  }
}

RecognitionIndex::Beginning RecognitionIndex::beginning_of(std::uint32_t at) const {
  const Rule& rule = rules_[at];
  const RecogniseRule& asked = *rule.rule;
  Beginning made{.definition = rule.definition, .rule = &asked, .at = at};
  const bool only_prefix = asked.prefixes.size() == 1 && asked.programs.empty() && !asked.dated &&
                           !asked.access && !asked.cef && !asked.leef;
  if (!only_prefix || asked.prefixes[0].size() > sizeof(made.head)) return made;
  std::memcpy(&made.head, asked.prefixes[0].data(), asked.prefixes[0].size());
  std::memset(&made.mask, 0xFF, asked.prefixes[0].size());
  return made;
}

void RecognitionIndex::add_rules_of_program(std::string_view plain, Rules& rules) const {
  auto at =
      std::lower_bound(programs_.begin(), programs_.end(), plain,
                       [](const auto& known, std::string_view name) { return known.first < name; });
  for (; at != programs_.end() && at->first == plain; ++at) rules.push_back(at->second);
}

}  // namespace picket::parsers
