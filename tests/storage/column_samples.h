// Rows for tests of column blocks: JSON of many shapes, syslog, garbage, from a seed. And
// recordings, where they are.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "storage/columns/column_writer.h"

namespace picket::storage {

// Rows that own their bytes.
struct SampleRows {
  std::deque<std::string> texts;
  std::vector<StoredRow> rows;

  StoredRow& add(std::string raw, std::uint32_t source, std::uint64_t seq) {
    texts.push_back(std::move(raw));
    StoredRow row;
    row.record.raw = texts.back();
    row.record.length = static_cast<std::uint32_t>(texts.back().size());
    row.record.source = SourceId{source};
    row.record.seq = seq;
    row.position.row = static_cast<std::uint32_t>(rows.size());
    rows.push_back(row);
    return rows.back();
  }
};

class Samples {
 public:
  explicit Samples(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  std::uint64_t any() { return random_(); }
  const std::string& pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

  std::string record() {
    switch (below(12)) {
      case 0:
        return syslog();
      case 1:
        return garbage();
      case 2:
        return damaged(windows());
      case 3:
        return nested(0);
      case 4:
        return spaced();
      default:
        return windows();
    }
  }

  std::string windows() {
    std::string host = "pc-" + std::to_string(below(6));
    std::string text = R"({"EventID":)" + std::to_string(below(3)) + R"(,"Hostname":")" + host +
                       R"(.example","TimeCreated":")" + time() + R"(","RecordNumber":)" +
                       std::to_string(100'000 + record_number_++);
    if (below(2) == 0) text += R"(,"Image":"C:\\Windows\\System32\\)" + pick(kPrograms) + ".exe\"";
    if (below(2) == 0) text += R"(,"CommandLine":")" + words() + "\"";
    if (below(3) == 0) text += R"(,"Port":)" + number();
    if (below(4) == 0) text += R"(,"Empty":"","Flag":)" + pick({"true", "false", "null"});
    if (below(4) == 0) text += R"(,"List":["a",")" + words() + "\"," + number() + "]";
    return text + "}";
  }

  std::string syslog() {
    return "<" + std::to_string(below(191)) + ">Mar  1 10:00:0" + std::to_string(below(10)) +
           " web-" + std::to_string(below(5)) + " sshd[" + std::to_string(below(30'000)) +
           "]: Failed password for C:\\new\\table " + words();
  }

  std::string garbage() {
    std::string text(below(60), '\0');
    for (char& c : text) c = below(2) == 0 ? "{}[]\":,\\ 0a"[below(11)] : static_cast<char>(any());
    return text;
  }

  std::string spaced() {
    return " {\"a\" : " + number() + " ,\t\"b\\\"\\u0041\": \"" + words() +
           "\", \"a\": [ 1, {\"c\":\"" + time() + "\"} ] , \"\\n\": {} } \n";
  }

  std::string nested(int depth) {
    if (depth > 4 || below(4) == 0) return "\"" + words() + "\"";
    std::string text = "{";
    for (std::size_t i = below(4); i > 0; --i)
      text += "\"k" + std::to_string(below(5)) +
              "\":" + (below(3) == 0 ? number() : nested(depth + 1)) + ",";
    return text + "\"z\":0}";
  }

  std::string damaged(std::string text) {
    if (below(2) == 0) text.resize(below(text.size()));
    if (!text.empty()) text[below(text.size())] = static_cast<char>(any());
    return text;
  }

  std::string number() {
    switch (below(8)) {
      case 0:
        return "-" + std::to_string(below(1000));
      case 1:
        return "0" + std::to_string(below(100));
      case 2:
        return "-0";
      case 3:
        return std::to_string(any());
      case 4:
        return "1.5e+7";
      default:
        return std::to_string(below(70'000));
    }
  }

  std::string time() {
    std::string text = "2026-0" + std::to_string(1 + below(9)) + "-2" + std::to_string(below(10)) +
                       "T1" + std::to_string(below(10)) + ":00:0" + std::to_string(below(10)) +
                       "." + std::to_string(100 + below(900)) + "Z";
    if (below(2000) == 0) text[9] = '\x39';
    return text;
  }

  std::string words() {
    std::string text;
    for (std::size_t i = 1 + below(4); i > 0; --i) {
      text += pick({"alpha", "Beta", "10.0.0.7", R"(C:\\new)", R"(\nline)", R"(\u00e9tude)", "x",
                    "mimi-katz",
                    "\xC3\xBC"
                    "ber",
                    R"(say \"hi\")", "42", "http://a/b?c=d", ""});
      if (below(3) == 0) text += std::to_string(below(100'000));
      text += " ";
    }
    return text;
  }

 private:
  const std::vector<std::string> kPrograms = {"svchost", "cmd", "powershell", "rundll32", "a"};
  std::mt19937_64 random_;
  std::uint64_t record_number_ = 0;
};

// A block's worth of rows in a random order of arrival, from a few sources.
inline SampleRows sample_rows(std::uint64_t seed, std::size_t count) {
  Samples samples(seed);
  SampleRows all;
  std::vector<std::uint64_t> next(3);
  std::uint64_t commit = 5;
  std::uint32_t row = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto source = static_cast<std::uint32_t>(samples.below(next.size()));
    next[source] += samples.below(10) == 0 ? 3U : 1U;
    StoredRow& made = all.add(samples.record(), source, next[source]);
    made.record.received_ns = static_cast<std::int64_t>(1'700'000'000'000'000'000 + i * 1'000'003);
    made.time_ns =
        made.record.received_ns - static_cast<std::int64_t>(samples.below(5'000'000'000));
    if (samples.below(20) == 0) made.time_ns = static_cast<std::int64_t>(samples.any());
    made.status = static_cast<ParseStatus>(samples.below(3));
    if (samples.below(10) == 0) made.record.length += 7;
    if (samples.below(4) == 0)
      made.record.heading = samples.below(2) == 0 ? "#Fields: a b" : "#fields\tc";
    if (samples.below(50) == 0) {
      commit += 1 + samples.below(3);
      row = 0;
    }
    made.position = {commit, static_cast<std::uint16_t>(samples.below(2)), row++};
  }
  return all;
}

// The lines of a file; none if it is not there.
inline SampleRows rows_of_file(const std::filesystem::path& path, std::size_t most) {
  SampleRows all;
  std::ifstream file(path, std::ios::binary);
  for (std::string line; all.rows.size() < most && std::getline(file, line);)
    all.add(line, 1, all.rows.size());
  return all;
}

inline std::string column_block_of(const std::vector<StoredRow>& rows, BlockKey key) {
  ColumnBlockBuilder builder;
  for (const StoredRow& row : rows) builder.add(row);
  std::vector<Run> runs;
  return builder.build(key, runs);
}

}  // namespace picket::storage
