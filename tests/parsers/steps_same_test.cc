// The quick ways of the steps, which are plans by a record's fields and pairs that go straight to
// fields, against the steps as they are written: under a trace a parser takes them one by one.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "parsers/steps/step.h"
#include "tests/parsers/parsing.h"

namespace picket::parsers {
namespace {

// Two parsers of one catalog, of which one is traced.
class Both {
 public:
  explicit Both(const std::shared_ptr<const Catalog>& catalog, const SourceFormat& format = {})
      : quick_(catalog, true), plain_(catalog, true) {
    quick_.set_source(SourceId{0}, format);
    plain_.set_source(SourceId{0}, format);
    quick_.note_for_people();
    plain_.note_for_people();
    plain_.set_trace(&trace_);
  }

  // Empty if both say the same, down to the order of the fields.
  std::string difference(std::string_view line) {
    trace_.entries.clear();
    trace_.depth = 0;
    const std::string quick = all_of(quick_, line);
    const std::string plain = all_of(plain_, line);
    steps_ += trace_.entries.size();
    return quick == plain ? "" : std::string(line) + "\nquick: " + quick + "\nplain: " + plain;
  }
  std::size_t steps() const { return steps_; }

 private:
  static std::string all_of(Parser& parser, std::string_view line) {
    Batch batch;
    batch.add(line, SourceId{0}, 0, kReceived);
    parser.parse(batch);
    const Event& event = batch.events().back();
    std::string all = std::string(kind_of(event.kind).dataset) + " " +
                      std::string(parse_status_name(event.status)) + " " +
                      format_time(event.time_ns);
    for (const Field& field : batch.fields(event)) {
      all += "\n" + std::string(field_name(field.id)) + "=" + std::string(field.token()) + " " +
             std::to_string(static_cast<int>(field.kind)) + (field.escaped ? " escaped" : "");
    }
    return all;
  }

  Parser quick_;
  Parser plain_;
  StepTrace trace_;
  std::size_t steps_ = 0;
};

std::vector<std::string> golden_lines() {
  std::vector<std::filesystem::path> logs;
  const std::filesystem::path root = std::filesystem::path(PICKET_SOURCE_DIR) / "tests/golden";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".log") logs.push_back(entry.path());
  }
  std::sort(logs.begin(), logs.end());
  std::vector<std::string> lines;
  for (const std::filesystem::path& log : logs) {
    std::ifstream file(log, std::ios::binary);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
  }
  return lines;
}

// One piece taken away, doubled, put elsewhere, or one byte changed.
std::string mutated(std::string line, std::mt19937& random) {
  if (line.size() < 4) return line;
  const std::size_t at = random() % line.size();
  const std::size_t blank = std::min(line.find(' ', at), line.size() - 1);
  const std::size_t next = std::min(line.find(' ', blank + 1), line.size());
  const std::string piece = line.substr(blank, next - blank);
  constexpr std::string_view kBytes = " =\"\\,;:[]'0aZ-\t";
  switch (random() % 5) {
    case 0:
      return line.erase(blank, piece.size());
    case 1:
      return line.insert(next, piece);
    case 2:
      return line.insert(std::min(line.find(' ', random() % line.size()), line.size()), piece);
    case 3:
      line[at] = kBytes[random() % kBytes.size()];
      return line;
    default:
      return line.substr(0, at);
  }
}

TEST(StepsSame, OfTheGoldenSamples) {
  Both both(shipped_catalog());
  std::mt19937 random(11);
  std::vector<std::string> lines = golden_lines();
  ASSERT_GT(lines.size(), 1'000U);
  // Twice, and then mixed and changed: plans of one record are chosen for another. A share of them,
  // by turns, because a trace is slow.
  std::shuffle(lines.begin(), lines.end(), random);
  const std::size_t third = lines.size() / 3;
  for (std::size_t i = 0; i < third; ++i) {
    ASSERT_EQ(both.difference(lines[i]), "");
    ASSERT_EQ(both.difference(lines[i]), "");
  }
  for (std::size_t i = 0; i < 2 * third; ++i)
    ASSERT_EQ(both.difference(mutated(lines[i], random)), "");
  EXPECT_GT(both.steps(), 3'000U);
}

// Definitions of a few names, so that steps often meet what others have put.
class Generated {
 public:
  explicit Generated(unsigned seed) : random_(seed) {}

  std::string definition() {
    std::string text =
        "name: generated\ndescription: made up\ndataset: generated.log\ncategory: firewall\n"
        "layer: network\nrecognise:\n  - contains: [\"generated\"]\nnull: [\"-\", \"N/A\"]\n"
        "fields:\n  a: source.user.name\n  b: [rule.name, rule.id]\n  c: user.name\nsteps:\n";
    text += "  - kv: " + style() + "\n    on_failure: continue\n";
    for (int i = 0; i < 24; ++i) text += step("  ", 0);
    return text;
  }
  std::string line() {
    std::string text;
    for (int i = static_cast<int>(random_() % 8); i >= 0; --i) {
      const std::string_view names[] = {"a",       "b",         "c",     "d", "e",
                                        "message", "user.name", "\"a\"", "_x"};
      text += random_() % 12 == 0 ? "" : names[random_() % std::size(names)];
      text += pick({"=", "=", "=", ":", ""});
      text += pick({"v", "w", "V", "x", "-", "N/A", "7", "\"v w\"", "\"a \\\" b\"", "\"open", "", "192.0.2.1",
                    "\"x\\\\\" ", "'q'", "v,w", "\t"});
      text += pick({" ", " ", " ", ", ", "; ", "", "  "});
    }
    return text;
  }
  // The same names and another value.
  std::string changed(std::string line) {
    const std::size_t at = line.find_first_of("vwxV7", random_() % (line.size() + 1));
    if (at != std::string::npos) line[at] = "vwxV7"[random_() % 5];
    return line;
  }

 private:
  std::string pick(const std::vector<std::string>& of) { return of[random_() % of.size()]; }
  std::string name() {
    return pick({"a", "b", "c", "d", "e", "_x", "user.name", "rule.name", "source.user.name",
                 "event.action", "message"});
  }
  std::string style() {
    return pick({"{style: fortigate}", "{style: logfmt}", "{style: iptables}",
                 "{style: checkpoint}", "{pairs: \" ,\", assign: \"=:\", flags: true}",
                 "{escape: doubled}", "{escape: backslash, quotes: \"'\\\"\"}",
                 "{spaces_in_values: true}"});
  }
  std::string condition(int depth) {
    const std::string test = pick({name(), name() + " == v", name() + " in [v, w, \"7\"]",
                                   name() + " contains \"w\"", name() + " != v", name() + " is_ip",
                                   name() + " == V nocase", name() + " in [V, w]", name() + " starts_with v"});
    if (depth == 3) return test;
    switch (random_() % 4) {
      case 0:
        return "(" + condition(depth + 1) + " and " + condition(depth + 1) + ")";
      case 1:
        return "(" + condition(depth + 1) + " or " + condition(depth + 1) + ")";
      case 2:
        return "not " + condition(depth + 1);
      default:
        return test;
    }
  }
  std::string step(const std::string& indent, int depth) {
    std::string text = indent + "- ";
    const std::string when = indent + "  when: '" + condition(0) + "'\n";
    if (depth < 2 && random_() % 5 == 0) {
      text +=
          "steps:\n" + step(indent + "    ", depth + 1) + step(indent + "    ", depth + 1) + when;
      if (random_() % 2 == 0) text += indent + "  else:\n" + step(indent + "    ", depth + 1);
      return text;
    }
    if (depth < 2 && random_() % 6 == 0) {
      return text + "switch: " + name() + "\n" + indent + "  nocase: true\n" + indent +
             "  cases:\n" + indent + "    v|w:\n" + step(indent + "      ", depth + 1) + indent +
             "    7*:\n" + step(indent + "      ", depth + 1);
    }
    text +=
        pick({"set: {" + name() + ": \"%{" + name() + "|" + name() + "}\"}",
              "set: {" + name() + ": [one, two]}", "default: {" + name() + ": v}",
              "append: {" + name() + ": [\"%{" + name() + "}\", w]}",
              "append: {event.type: [connection]}", "append: {event.type: [end, info]}",
              "rename: {" + name() + ": " + name() + "}", "copy: {" + name() + ": " + name() + "}",
              "remove: [" + name() + "]", "convert: {" + name() + ": ip to source.ip}",
              "convert: {" + name() + ": upper}", "kv: {style: fortigate}"});
    text += "\n";
    if (random_() % 16 == 0) text += indent + "  on_failure: stop\n";
    return random_() % 4 == 0 ? text : text + when;
  }

  std::mt19937 random_;
};

TEST(StepsSame, OfDefinitionsThatNobodyWrote) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("picket-steps-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::size_t steps = 0;
  const char* const more = std::getenv("PICKET_SEEDS");  // NOLINT(concurrency-mt-unsafe)
  const unsigned last = more == nullptr ? 16 : static_cast<unsigned>(std::atoi(more));
  for (unsigned seed = 1; seed <= last && !testing::Test::HasFatalFailure(); ++seed) {
    Generated generated(seed);
    const std::string definition = generated.definition();
    std::ofstream(folder / "generated.yaml") << definition;
    std::vector<std::string> errors;
    const auto catalog = Catalog::load({folder.string()}, errors);
    ASSERT_TRUE(catalog.has_value() && errors.empty()) << errors.front() << definition;
    Both both(*catalog, {.definition = "generated"});
    std::vector<std::string> lines;
    for (int i = 0; i < 12; ++i) lines.push_back(generated.line());
    // Shapes come again, so that there are plans for them, and with other values.
    for (int round = 0; round < 4; ++round) {
      for (std::string& line : lines) {
        ASSERT_EQ(both.difference(line), "") << seed << "\n" << definition;
        if (round > 0) line = generated.changed(line);
      }
    }
    for (int i = 0; i < 20; ++i)
      ASSERT_EQ(both.difference(generated.line()), "") << seed << "\n" << definition;
    steps += both.steps();
  }
  std::filesystem::remove_all(folder);
  EXPECT_GT(steps, 8'000U);
}

}  // namespace
}  // namespace picket::parsers
