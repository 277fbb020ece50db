// Cases from the unit tests of six other Sigma evaluators: their rules over their events, as many
// hits as they expect. Rules that leave out what the specification demands (a title, a log source,
// a condition over the only selection) get it here. A case that Picket answers differently is on
// the list below with the clause of the specification that decides, and must stay different.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "base/json.h"
#include "rules/loader.h"
#include "tests/conformance/detector.h"
#include "tests/conformance/records.h"
#include "tests/conformance/shared_data.h"

namespace picket::conformance {
namespace {

// By case id: what decides against the case.
constexpr std::string_view kFromTheEvent =
    "rules, Placeholders: their values come from the tool; that engine takes fields of the event";
constexpr std::string_view kWrapper =
    "rules, Field Usage: Windows fields have their leaf names, the wrapper is no part of them";
const std::map<std::string, std::string_view> kExceptions = {
    {"0021", kFromTheEvent},
    {"0023", kFromTheEvent},
    {"0404", kWrapper},
    {"0406", kWrapper},
    {"0435",
     "rules, Condition: not of a test on a missing field is true (two-valued; pySigma has the "
     "hit)"},
    {"0452", "rules, General: values are compared as they are; that engine collapses white space"},
    {"0538",
     "rules, Field Usage: textFieldA.keyword is a field of Elasticsearch's index, not of the "
     "event"},
};

std::size_t indentation(const std::string& line) {
  const std::size_t at = line.find_first_not_of(' ');
  return at == std::string::npos ? line.size() : at;
}
bool is_blank(const std::string& line) {
  return line.find_first_not_of(" \t\r") == std::string::npos;
}
bool has_key(const std::string& line, std::size_t column, const std::string& key) {
  return indentation(line) == column && line.compare(column, key.size() + 1, key + ":") == 0;
}

using Lines = std::vector<std::string>;

Lines dedented(const std::string& text) {
  Lines lines = lines_in(text);
  std::size_t least = std::string::npos;
  for (const std::string& line : lines) {
    if (!is_blank(line)) least = std::min(least, indentation(line));
  }
  for (std::string& line : lines) line = is_blank(line) ? "" : line.substr(least);
  return lines;
}

// A detection over one selection may go without a condition elsewhere, not in Sigma.
void add_condition(Lines& lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i] != "detection:") continue;
    std::size_t first = i + 1;
    while (first < lines.size() && is_blank(lines[first])) ++first;
    if (first == lines.size()) return;
    const std::size_t column = indentation(lines[first]);
    for (std::size_t k = first;
         k < lines.size() && (is_blank(lines[k]) || indentation(lines[k]) >= column); ++k) {
      if (has_key(lines[k], column, "condition")) return;
    }
    const std::string name = lines[first].substr(column, lines[first].find(':') - column);
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(first),
                 std::string(column, ' ') + "condition: " + name);
    return;
  }
}

std::string completed(Lines lines) {
  const auto has = [&](const std::string& key) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return has_key(line, 0, key); });
  };
  if (std::all_of(lines.begin(), lines.end(), is_blank)) return {};
  const bool is_detection = has("detection");
  if (!has("title")) lines.insert(lines.begin(), "title: Nameless");
  for (std::size_t i = 0; i < lines.size(); ++i) {  // one that says nothing
    if (lines[i] != "logsource:" || (i + 1 < lines.size() && lines[i + 1].starts_with(' ')))
      continue;
    lines[i] = "logsource: {category: test}";
  }
  if (is_detection && !has("logsource")) lines.insert(lines.begin(), "logsource: {category: test}");
  add_condition(lines);
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string completed_rules(const std::string& text) {
  std::string all;
  Lines document;
  for (const std::string& line : dedented(text)) {
    if (line != "---") {
      document.push_back(line);
      continue;
    }
    all += completed(document) + "---\n";
    document.clear();
  }
  return all + completed(document);
}

// Empty: as expected. Else what differed.
std::string run(const Json& one) {
  rules::LoadedRules loaded = rules::parse_rules(completed_rules(one.at("rule")), "case.yml");
  if (!loaded.refused.empty()) return "refused: " + loaded.refused[0].reason;
  Detector detector(std::move(loaded), true);
  std::vector<std::string> records;
  for (const Json& event : one.at("events")) records.push_back(dump_json(event));
  std::size_t hits = 0;
  for (const auto& rules : detector.detect(records)) hits += rules.size();
  const bool at_least = one.contains("hits_min") && one.at("hits").is_null();
  const std::size_t expected = (at_least ? one.at("hits_min") : one.at("hits")).get<std::size_t>();
  if (at_least ? hits >= expected : hits == expected) return "";
  return std::to_string(hits) + " hits, expected " + std::to_string(expected);
}

TEST(SigmaEvalCases, AsOtherEvaluatorsSaw) {
  PICKET_NEEDS_SHARED_DATA();
  std::size_t cases = 0;
  std::size_t right = 0;
  for (const std::string& line : lines_of(kShared + "/sigma-eval-cases/cases.jsonl")) {
    const Json one = *parse_json(line);
    if (one.contains("nonsigma") && one.at("nonsigma").get<bool>()) continue;
    if (one.contains("pipelines") && !one.at("pipelines").is_null())
      continue;  // of pySigma, not of Sigma
    ++cases;
    const std::string id = one.at("id");
    const std::string result = run(one);
    if (kExceptions.contains(id)) {
      EXPECT_NE(result, "") << id << " is no exception any more";
      continue;
    }
    right += result.empty() ? 1U : 0U;
    EXPECT_EQ(result, "") << id << " " << one.at("source") << " " << one.at("test");
  }
  std::printf("evaluator cases: %zu, %zu as expected, %zu exceptions\n", cases, right,
              kExceptions.size());
  EXPECT_GT(cases, 200U);
}

}  // namespace
}  // namespace picket::conformance
