// The log sources of the Sigma taxonomy appendix: each is known to the shipped taxonomies, and
// where the appendix names channels and event ids of Windows, events of them are admitted.
#include <gtest/gtest.h>

#include <cstdio>

#include "rules/taxonomy.h"
#include "tests/conformance/records.h"
#include "tests/conformance/shared_data.h"

namespace picket::conformance {
namespace {

// Rows that the shipped taxonomies do not follow.
bool is_exception(const rules::LogSource& source) {
  // No rule of SigmaHQ is about them.
  if (source.service == "ldp") return source.product == "huawei" || source.product == "juniper";
  // The appendix writes a name of Splunk's in front of the channel.
  return source.service == "kernel-shimengine";
}

struct Row {
  rules::LogSource source;
  std::vector<std::string> channels;
  std::vector<std::int64_t> codes;
};

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" -`");
  return begin == std::string::npos ? ""
                                    : text.substr(begin, text.find_last_not_of(" `") - begin + 1);
}

// "EventIDs: <br> - 4<br> - 16<br>Channel: X": the values under each of the two names.
void read_definition(const std::vector<std::string>& lines, Row& row) {
  std::string name;
  for (const std::string& line : lines) {
    std::string value = line;
    if (const std::size_t colon = line.find(':');
        colon != std::string::npos && line.find("- ") == std::string::npos) {
      name = trimmed(line.substr(0, colon));
      value = line.substr(colon + 1);
    }
    value = trimmed(value);
    if (value.empty()) continue;
    if (name == "Channel") row.channels.push_back(value);
    if (name.starts_with("EventID") && value.find_first_not_of("0123456789") == std::string::npos) {
      row.codes.push_back(std::stoll(value));
    }
  }
}

std::vector<std::string> split(const std::string& text, const std::string& at) {
  std::vector<std::string> all;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(at, begin);
    all.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) return all;
    begin = end + at.size();
  }
}

std::vector<Row> rows_of_appendix() {
  std::vector<Row> rows;
  for (const std::string& line :
       lines_of(kShared + "/sigma-spec/specification/sigma-appendix-taxonomy.md")) {
    const std::vector<std::string> cells = split(line, "|");
    if (cells.size() < 4) continue;
    Row row;
    for (const std::string& part : split(cells[2], "<br>")) {
      const std::string text = trimmed(part);
      if (text.starts_with("product:")) row.source.product = trimmed(text.substr(8));
      if (text.starts_with("category:")) row.source.category = trimmed(text.substr(9));
      if (text.starts_with("service:")) row.source.service = trimmed(text.substr(8));
    }
    if (row.source == rules::LogSource{}) continue;
    read_definition(split(cells[3], "<br>"), row);
    rows.push_back(std::move(row));
  }
  return rows;
}

TEST(SigmaTaxonomy, EveryLogSourceOfTheAppendixIsKnown) {
  PICKET_NEEDS_SHARED_DATA();
  std::vector<std::string> errors;
  const auto loaded = rules::Taxonomy::load(PICKET_SOURCE_DIR "/content/taxonomies", errors);
  ASSERT_TRUE(loaded.has_value());
  const rules::Taxonomy& taxonomy = **loaded;
  const std::vector<Row> rows = rows_of_appendix();
  std::size_t channels = 0;
  for (const Row& row : rows) {
    if (is_exception(row.source)) continue;
    EXPECT_TRUE(taxonomy.knows(row.source)) << rules::describe(row.source);
    if (row.source.product != "windows") continue;
    for (const std::string& channel : row.channels) {
      ++channels;
      EventKind kind;
      kind.product = "windows";
      kind.channel = channel;
      for (const std::int64_t code : row.codes.empty() ? std::vector<std::int64_t>{1} : row.codes) {
        kind.code = code;
        EXPECT_TRUE(taxonomy.admits(row.source, kind))
            << rules::describe(row.source) << ", " << channel << " " << code;
      }
    }
  }
  std::printf("appendix: %zu log sources, %zu channels\n", rows.size(), channels);
  EXPECT_GT(rows.size(), 100U);
  EXPECT_GT(channels, 50U);
}

}  // namespace
}  // namespace picket::conformance
