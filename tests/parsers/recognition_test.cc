// Recognition: the shipped definitions' candidates for records made of their own evidence, against
// each rule read as docs/formats/sources.md says it; and what a line of an access log is.
#include "parsers/recognition.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "parsers/content.h"
#include "parsers/marker_filter.h"

namespace picket::parsers {
namespace {

bool is_plain_access(std::string_view line) {
  AccessLine parts;
  return split_plain_access(line, parts);
}

// How a rule holds: the order among rules, and how many bytes spoke for it.
struct Held {
  int order = 0;
  std::size_t bytes = 0;
  auto operator<=>(const Held&) const = default;
};

bool has(std::string_view record, const std::string& text) {
  return record.find(text) != std::string_view::npos;
}

constexpr std::string_view kDate = "2026-03-01 10:00:01 ";  // of the messages made here

// Of rules for programs, beginnings and texts; the records have no headers of CEF or LEEF.
std::optional<Held> holds(const Definition& definition, const RecogniseRule& rule,
                          const Evidence& evidence) {
  if (!rule.json.empty() || rule.cef || rule.leef) return std::nullopt;
  const bool any_program = std::count(rule.programs.begin(), rule.programs.end(), "*") > 0;
  const bool named = !rule.programs.empty() && !any_program;
  const bool begins = !rule.prefixes.empty() || rule.access;
  if (any_program && !begins && rule.any.empty() && rule.all.empty()) return std::nullopt;
  std::size_t bytes = 0;
  if (any_program && evidence.program.empty()) return std::nullopt;
  if (named) {
    if (std::count(rule.programs.begin(), rule.programs.end(), evidence.program) == 0)
      return std::nullopt;
    bytes += evidence.program.size();
  }
  std::size_t longest = 0;
  for (const std::string& prefix : rule.prefixes)
    if (evidence.message.starts_with(prefix)) longest = std::max(longest, prefix.size());
  if (!rule.prefixes.empty() && longest == 0) return std::nullopt;
  bytes += longest;
  if (rule.dated && !evidence.message.starts_with(kDate)) return std::nullopt;
  if (rule.access) {
    if (!evidence.program.empty() || !is_plain_access(evidence.message)) return std::nullopt;
    bytes += evidence.message.size();
  }
  for (const std::string& text : rule.all) {
    if (!has(evidence.record, text)) return std::nullopt;
    bytes += text.size();
  }
  std::size_t any = 0;
  for (const std::string& text : rule.any) any += has(evidence.record, text) ? text.size() : 0;
  if (!rule.any.empty() && any == 0) return std::nullopt;
  const int rank = named ? 2 : begins ? 1 : 0;
  return Held{rule.priority.value_or(definition.priority) * 3 + rank, bytes + any};
}

// Of rules for objects: what their fields are called and hold, and texts beside that.
std::optional<Held> holds(const Definition& definition, const RecogniseRule& rule,
                          std::string_view record, const std::vector<Field>& fields) {
  if (rule.json.empty() || !rule.programs.empty() || !rule.prefixes.empty()) return std::nullopt;
  std::size_t bytes = 0;
  for (const RecogniseRule::JsonTest& test : rule.json) {
    const auto fits = [&](const Field& field) {
      return field.id == test.field &&
             (test.values.empty() ||
              std::count(test.values.begin(), test.values.end(), field.token()) > 0);
    };
    const auto found = std::find_if(fields.begin(), fields.end(), fits);
    if (found == fields.end()) return std::nullopt;
    bytes += field_name(test.field).size() + (test.values.empty() ? 0 : found->size);
  }
  for (const std::string& text : rule.all) {
    if (!has(record, text)) return std::nullopt;
    bytes += text.size();
  }
  std::size_t any = 0;
  for (const std::string& text : rule.any) any += has(record, text) ? text.size() : 0;
  if (!rule.any.empty() && any == 0) return std::nullopt;
  return Held{rule.priority.value_or(definition.priority) * 3 + 1, bytes + any};
}

// `held(definition, rule)` says how a rule holds.
template <class F>
std::vector<std::string> in_order(const Catalog& catalog, F held_by) {
  std::vector<std::tuple<int, std::size_t, std::string>>
      found;  // all of them negative but the name
  for (const Definition& definition : catalog.definitions()) {
    std::optional<Held> best;
    for (const RecogniseRule& rule : definition.rules)
      if (const auto held = held_by(definition, rule)) best = std::max(best, held);
    if (best) found.emplace_back(-best->order, SIZE_MAX - best->bytes, definition.name);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  for (auto& [order, bytes, name] : found) names.push_back(std::move(name));
  return names;
}

std::vector<std::string> expected(const Catalog& catalog, const Evidence& evidence) {
  return in_order(catalog, [&](const Definition& definition, const RecogniseRule& rule) {
    return holds(definition, rule, evidence);
  });
}

std::vector<std::string> candidates(Recogniser& recogniser, const Evidence& evidence) {
  std::vector<std::string> names;
  recogniser.begin(evidence);
  while (const Definition* definition = recogniser.next()) names.push_back(definition->name);
  return names;
}

// The pieces that the rules speak of.
struct Pieces {
  std::vector<std::string> programs;
  std::vector<std::string> prefixes;
  std::vector<std::string> texts;
  std::vector<const RecogniseRule*> rules;
};

Pieces pieces_of(const Catalog& catalog) {
  Pieces pieces;
  for (const Definition& definition : catalog.definitions()) {
    for (const RecogniseRule& rule : definition.rules) {
      pieces.rules.push_back(&rule);
      for (const std::string& program : rule.programs)
        if (program != "*") pieces.programs.push_back(program);
      pieces.prefixes.insert(pieces.prefixes.end(), rule.prefixes.begin(), rule.prefixes.end());
      pieces.texts.insert(pieces.texts.end(), rule.any.begin(), rule.any.end());
      pieces.texts.insert(pieces.texts.end(), rule.all.begin(), rule.all.end());
    }
  }
  return pieces;
}

class RecognitionTest : public testing::Test {
 protected:
  static std::shared_ptr<const Catalog> catalog() {
    std::vector<std::string> errors;
    static const auto shipped = *Catalog::load({PICKET_SOURCE_DIR "/content/sources"}, errors);
    return shipped;
  }
  const std::string& one_of(const std::vector<std::string>& texts) {
    return texts[random_() % texts.size()];
  }
  // What makes one rule hold, and now and then something of others.
  std::string message(const Pieces& pieces) {
    const RecogniseRule& rule = *pieces.rules[random_() % pieces.rules.size()];
    std::string text = rule.prefixes.empty() ? "" : one_of(rule.prefixes);
    if (rule.dated && random_() % 3 > 0) text = kDate;
    if (random_() % 4 == 0) text = one_of(pieces.prefixes);
    for (const std::string& all : rule.all) text += all + "x";
    if (!rule.any.empty()) text += one_of(rule.any);
    for (std::size_t more = random_() % 3; more > 0; --more) text += " y" + one_of(pieces.texts);
    std::erase(text, '|');
    return text;
  }
  std::mt19937 random_{7};
};

TEST_F(RecognitionTest, SaysWhatTheRulesSay) {
  const auto shipped = catalog();
  const Pieces pieces = pieces_of(*shipped);
  ASSERT_GT(pieces.texts.size(), 500U);
  Recogniser recogniser(*shipped);
  std::size_t several = 0;
  for (int i = 0; i < 3'000; ++i) {
    const std::string program = random_() % 2 == 0 ? "" : one_of(pieces.programs);
    const std::string record = message(pieces);
    const Evidence evidence{record, record, program};
    const auto wanted = expected(*shipped, evidence);
    ASSERT_EQ(candidates(recogniser, evidence), wanted) << program << ": " << record;
    if (wanted.size() > 1) ++several;
  }
  EXPECT_GT(several, 500U);
}

// Sources take turns, a few records each: what is remembered of one must not show in the next.
TEST_F(RecognitionTest, RemembersNothingThatChangesAnAnswer) {
  const auto shipped = catalog();
  const Pieces pieces = pieces_of(*shipped);
  const std::vector<std::string> few = {one_of(pieces.programs), "kernel", "sshd", "", "nginx"};
  Recogniser recogniser(*shipped);
  std::size_t quick = 0;
  for (int i = 0; i < 3'000; ++i) {
    const std::string program = random_() % 3 == 0 ? one_of(pieces.programs) : one_of(few);
    std::string text = random_() % 2 == 0 ? message(pieces) : "Accepted nothing for nobody";
    if (random_() % 8 == 0) text.clear();
    const std::string record = "<86>Mar  1 10:00:01 host " + program + ": " + text;
    const Evidence evidence{record, std::string_view(record).substr(record.size() - text.size()),
                            program};
    const auto wanted = expected(*shipped, evidence);
    if (random_() % 2 == 0) {  // most callers ask for the first alone
      recogniser.begin(evidence);
      const Definition* const first = recogniser.next();
      ASSERT_EQ(first == nullptr ? "" : first->name, wanted.empty() ? "" : wanted.front())
          << record;
      ++quick;
      continue;
    }
    ASSERT_EQ(candidates(recogniser, evidence), wanted) << record;
  }
  EXPECT_GT(quick, 1'000U);
}

// Objects that have what one to three rules ask for, now and then with another value or texts.
TEST_F(RecognitionTest, SaysWhatTheRulesForObjectsSay) {
  const auto shipped = catalog();
  std::vector<const RecogniseRule*> rules;
  for (const RecogniseRule* rule : pieces_of(*shipped).rules)
    if (!rule->json.empty()) rules.push_back(rule);
  ASSERT_GT(rules.size(), 100U);
  Recogniser recogniser(*shipped);
  std::size_t several = 0;
  for (int i = 0; i < 5'000; ++i) {
    std::vector<Field> fields;
    std::string record;
    for (std::size_t more = random_() % 3 + 1; more > 0; --more) {
      const RecogniseRule& rule = *rules[random_() % rules.size()];
      for (const RecogniseRule::JsonTest& test : rule.json) {
        const bool own = !test.values.empty() && random_() % 8 != 0;
        const std::string_view value = own ? std::string_view(one_of(test.values)) : "other";
        fields.push_back({value.data(), static_cast<std::uint32_t>(value.size()), test.field,
                          ValueKind::kString, false});
      }
      for (const std::string& text : rule.all) record += text + "x";
      if (!rule.any.empty()) record += one_of(rule.any) + "y";
    }
    if (random_() % 4 == 0) record.clear();
    const auto wanted =
        in_order(*shipped, [&](const Definition& definition, const RecogniseRule& rule) {
          return holds(definition, rule, record, fields);
        });
    std::vector<std::string> found;
    recogniser.begin_json({record, {}, {}}, fields);
    while (const Definition* definition = recogniser.next()) found.push_back(definition->name);
    ASSERT_EQ(found, wanted) << record;
    if (wanted.size() > 1) ++several;
  }
  EXPECT_GT(several, 500U);
}

// The filter says of each text once whether it is there.
void expect_held(const std::vector<std::string>& texts, std::string_view record,
                 const std::vector<std::uint32_t>& ids) {
  for (std::uint32_t id = 0; id < texts.size(); ++id) {
    const bool there = record.find(texts[id]) != std::string_view::npos;
    EXPECT_EQ(std::count(ids.begin(), ids.end(), id), there ? 1 : 0) << texts[id];
  }
}

TEST_F(RecognitionTest, TheFilterFindsWhatIsThere) {
  const std::vector<std::string> texts = {"] [",   "ab",         "abcd",
                                          "xabcd", " HTTP/1.1 ", "\xff\xfe\x00z"};
  for (const auto vectors : {MarkerFilter::Vectors::kAvx2, MarkerFilter::Vectors::kBest}) {
    const MarkerFilter filter(texts, vectors);
    if (!filter.useful()) GTEST_SKIP() << "this processor has no AVX2";
    const std::string alphabet = "ab] [xcd\xe1";  // the last is an 'a' but for its highest bit
    for (int i = 0; i < 20'000; ++i) {
      std::string record(random_() % 200, 'a');
      for (char& c : record) c = alphabet[random_() % alphabet.size()];
      if (random_() % 4 == 0) record.insert(random_() % (record.size() + 1), one_of(texts));
      std::vector<std::uint32_t> ids;
      filter.find(record, ids);
      expect_held(texts, record, ids);
      ASSERT_FALSE(HasFailure()) << record;
    }
  }
}

TEST_F(RecognitionTest, TheFilterIsOfNoUseForBytes) {
  EXPECT_FALSE(MarkerFilter({"a"}).useful());
  EXPECT_FALSE(
      MarkerFilter(std::vector<std::string>(MarkerFilter::kTextsMax + 1, "abcd")).useful());
}

TEST_F(RecognitionTest, AnAccessLineOfAClientIsNotLookedIntoFurther) {
  const auto shipped = catalog();
  Recogniser recogniser(*shipped);
  const std::string line = R"(192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] "GET /a HTTP/1.1" 200 5)";
  EXPECT_EQ(candidates(recogniser, {line, line, ""}).front(), "apache-access");
  EXPECT_EQ(candidates(recogniser, {line, line, "nginx"}).front(), "nginx-access");
  const std::string second =
      R"(192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] "GET /a HTTP/2.0" 200 5)";
  EXPECT_EQ(candidates(recogniser, {second, second, ""}).front(), "apache-access");
  const std::string manager =
      R"(192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] "GET /manager/html HTTP/1.1" 200 5)";
  EXPECT_EQ(candidates(recogniser, {manager, manager, ""}).front(), "tomcat-access");
}

TEST_F(RecognitionTest, ADatedLineBeginsWithItsDate) {
  const auto shipped = catalog();
  Recogniser recogniser(*shipped);
  const auto is_iis = [&](std::string_view line) {
    const std::vector<std::string> found = candidates(recogniser, {line, line, ""});
    return std::count(found.begin(), found.end(), "iis") > 0;
  };
  EXPECT_TRUE(is_iis("2026-03-01 10:00:01 192.0.2.1 GET / - 443 - 192.0.2.2 x 200 0 0 15"));
  EXPECT_FALSE(is_iis("worker 7 sends GET /index.html to the next"));
  EXPECT_FALSE(is_iis("2026-03-01T10:00:01 sends GET /index.html"));
  EXPECT_FALSE(is_iis("2026-03-01 10:00: GET /"));
  EXPECT_FALSE(is_iis("yyyy-03-01 10:00:01 sends GET /index.html"));
}

TEST(PlainAccess, IsTheWholeLine) {
  const std::string common =
      R"(192.0.2.7 - ann [10/Oct/2025:13:55:36 -0700] "GET / HTTP/1.1" 404 2326)";
  EXPECT_TRUE(is_plain_access(common));
  EXPECT_TRUE(is_plain_access(common + R"( "-" "curl \"8\"")"));
  EXPECT_TRUE(is_plain_access(R"(2001:db8::7 - - [10/Oct/2025:13:55:36 -0700] "" 400 -)"));
  for (const std::string_view behind : {R"( "-")", R"( "-" "a" TCP_MISS)", R"( "-" "a" )", "x"})
    EXPECT_FALSE(is_plain_access(common + std::string(behind))) << behind;
  for (const std::string_view before : {"www.example.org ", "192.0.2.8, ", " ", "\""})
    EXPECT_FALSE(is_plain_access(std::string(before) + common)) << before;
  for (std::size_t i = 0; i < common.size() - 4; ++i)
    EXPECT_FALSE(is_plain_access(common.substr(0, i))) << i;
}

TEST(PlainAccess, SaysWhatItsPartsAre) {
  AccessLine parts;
  ASSERT_TRUE(
      split_plain_access(R"(192.0.2.7 - ann [10/Oct/2025:13:55:36 -0700] "GET / HTTP/1.1" 404 )"
                         R"(2326 "-" "curl \"8\"")",
                         parts));
  EXPECT_EQ(parts.address, "192.0.2.7");
  EXPECT_EQ(parts.user, "ann");
  EXPECT_EQ(parts.time, "10/Oct/2025:13:55:36 -0700");
  EXPECT_EQ(parts.request, "GET / HTTP/1.1");
  EXPECT_EQ(parts.status, "404");
  EXPECT_EQ(parts.bytes, "2326");
  EXPECT_EQ(parts.referrer, "-");
  EXPECT_EQ(parts.agent, R"(curl \"8\")");
  ASSERT_TRUE(split_plain_access(
      R"(192.0.2.7 - - [10/Oct/2025:13:55:36 -0700] "GET / HTTP/1.1" 404 5)", parts));
  EXPECT_TRUE(parts.referrer.empty() && parts.agent.empty()) << "nothing stays of a line before";
}

}  // namespace
}  // namespace picket::parsers
