#include "app/rule_case.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "app/record_file.h"
#include "base/file.h"
#include "base/json.h"
#include "base/yaml.h"

namespace picket::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRecordsMax = 100'000;               // of one case file
constexpr std::size_t kRecordBytesMax = 64 * 1024 * 1024;  // of them together

// YAML 1.2 core schema to JSON. As deep as the document, which load_yaml() bounds.
Json json_of(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return nullptr;
    case YamlNode::Kind::kScalar: {
      if (const auto integer = node.integer()) return *integer;
      if (const auto number = node.number()) return *number;
      if (const auto boolean = node.boolean()) return *boolean;
      return node.scalar;
    }
    case YamlNode::Kind::kList: {
      Json list = Json::array();
      for (const YamlNode& one : node.list) list.push_back(json_of(one));
      return list;
    }
    case YamlNode::Kind::kMap: {
      Json map = Json::object();
      for (const auto& [key, value] : node.map) map[key.scalar] = json_of(value);
      return map;
    }
  }
  return nullptr;
}

void replace_all(std::string& text, std::string_view what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

std::string padded(std::uint64_t number, std::size_t digits) {
  std::string text = std::to_string(number);
  return std::string(digits - std::min(digits, text.size()), '0') + text;
}

class CaseFile {
 public:
  CaseFile(std::string path, RuleCases& out) : path_(std::move(path)), out_(out) {}

  // `alone`: the file was named itself, so it must be a case file.
  void read(bool alone) {
    const Result<YamlNode> root = load_yaml(path_);
    if (!root) {
      out_.errors.push_back(root.error().what);
      return;
    }
    const bool is_rule = root->find("detection") != nullptr ||
                         root->find("correlation") != nullptr || root->find("filter") != nullptr;
    if (is_rule && !alone) return;
    ++out_.files;
    const Result<void> done =
        root->find("regression_tests_info") != nullptr ? read_regression(*root) : read_own(*root);
    if (!done) out_.errors.push_back(done.error().what);
  }

 private:
  tl::unexpected<Error> wrong(const YamlNode& node, const std::string& reason) const {
    return fail(Errc::kInvalid,
                path_ + ":" + std::to_string(std::max(1, node.line)) + ": " + reason);
  }

  // ---- our own: rule, must_fire, must_not_fire

  Result<void> read_own(const YamlNode& root) {
    const YamlNode* rule = root.find("rule");
    if (rule == nullptr || !rule->is_scalar())
      return wrong(root, "a case file needs `rule`, or `regression_tests_info`");
    const YamlNode* definition = root.find("definition");
    if (definition != nullptr && !definition->is_scalar())
      return wrong(*definition, "`definition` is the name of a source definition");
    std::vector<RuleCase> cases;
    for (const auto& [key, value] : root.map) {
      if (key.scalar == "rule" || key.scalar == "definition") continue;
      if (key.scalar != "must_fire" && key.scalar != "must_not_fire")
        return wrong(
            key, "unknown key '" + key.scalar + "'; rule, definition, must_fire and must_not_fire are known");
      if (!value.is_list() || value.list.empty())
        return wrong(key, "`" + key.scalar + "` is a list of events");
      for (std::size_t i = 0; i < value.list.size(); ++i) {
        RuleCase made{.rule = rule->scalar,
                      .path = path_,
                      .line = value.list[i].line,
                      .name = key.scalar + "[" + std::to_string(i) + "]",
                      .must_fire = key.scalar == "must_fire",
                      .definition = definition != nullptr ? definition->scalar : "",
                      .records = {},
                      .events_file = {}};
        PICKET_TRY_VOID(add_event(value.list[i], true, made));
        cases.push_back(std::move(made));
      }
    }
    if (cases.empty()) return wrong(root, "a case file needs `must_fire` or `must_not_fire`");
    std::move(cases.begin(), cases.end(), std::back_inserter(out_.cases));
    return {};
  }

  Result<void> add_event(const YamlNode& node, bool may_be_list, RuleCase& made) {
    if (node.is_scalar() && !node.scalar.empty()) return add_record(node, node.scalar, made);
    if (node.is_map() && node.find("repeat") != nullptr) return add_repeated(node, made);
    if (node.is_map() && !node.map.empty()) return add_record(node, dump_json(json_of(node)), made);
    if (!may_be_list || !node.is_list() || node.list.empty())
      return wrong(node, "an event is a text, a mapping or {repeat, line or event}");
    for (const YamlNode& step : node.list) {
      PICKET_TRY_VOID(add_event(step, false, made));
    }
    return {};
  }

  Result<void> add_repeated(const YamlNode& node, RuleCase& made) {
    const std::optional<std::int64_t> times = node.find("repeat")->integer();
    const YamlNode* line = node.find("line");
    const YamlNode* event = node.find("event");
    if (!times || *times < 1 || *times > static_cast<std::int64_t>(kRecordsMax) ||
        node.map.size() != 2 || (line == nullptr) == (event == nullptr) ||
        (line != nullptr && !line->is_scalar()) || (event != nullptr && !event->is_map())) {
      return wrong(
          node, "a repetition is {repeat: N, line: TEXT} or {repeat: N, event: MAPPING}, N up to " +
                    std::to_string(kRecordsMax));
    }
    const std::string pattern = line != nullptr ? line->scalar : dump_json(json_of(*event));
    for (std::int64_t i = 0; i < *times; ++i) {
      std::string record = pattern;
      replace_all(record, "{nn}", padded(static_cast<std::uint64_t>(i), 2));
      replace_all(record, "{nnn}", padded(static_cast<std::uint64_t>(i), 3));
      PICKET_TRY_VOID(add_record(node, std::move(record), made));
    }
    return {};
  }

  Result<void> add_record(const YamlNode& node, std::string record, RuleCase& made) {
    bytes_ += record.size();
    if (++records_ > kRecordsMax || record.size() > kFrameBytesMax || bytes_ > kRecordBytesMax)
      return wrong(node, "the case has too many or too long records");
    made.records.push_back(std::move(record));
    return {};
  }

  // ---- SigmaHQ's: rule_metadata, regression_tests_info

  Result<void> read_regression(const YamlNode& root) {
    std::vector<std::string> ids;
    if (const YamlNode* metadata = root.find("rule_metadata");
        metadata != nullptr && metadata->is_list()) {
      for (const YamlNode& one : metadata->list) ids.push_back(one.text("id"));
    }
    if (ids.empty() || std::find(ids.begin(), ids.end(), "") != ids.end())
      return wrong(root, "`rule_metadata` is a list of rules with `id`");
    const YamlNode& tests = *root.find("regression_tests_info");
    if (!tests.is_list() || tests.list.empty())
      return wrong(tests, "`regression_tests_info` is a list of tests");
    std::vector<RuleCase> cases;
    for (const YamlNode& test : tests.list) {
      for (const std::string& id : ids) {
        RuleCase made{.rule = id,
                      .path = path_,
                      .line = test.line,
                      .name = test.text("name", "regression test"),
                      .definition = {},
                      .records = {},
                      .events_file = {}};
        PICKET_TRY(made.events_file, events_file(test));
        PICKET_TRY_VOID(read_count(test, made));
        cases.push_back(std::move(made));
      }
    }
    std::move(cases.begin(), cases.end(), std::back_inserter(out_.cases));
    return {};
  }

  // The count is a lower bound; 0 means none at all, and without it one will do.
  Result<void> read_count(const YamlNode& test, RuleCase& made) const {
    const YamlNode* count = test.find("match_count");
    if (count == nullptr || count->is_null()) return {};
    const std::optional<std::int64_t> number = count->integer();
    if (!number || *number < 0) return wrong(*count, "`match_count` is a whole number");
    made.must_fire = *number > 0;
    made.hits_min = static_cast<std::uint64_t>(*number);
    return {};
  }

  // `path` counts from the root of the tree, which is a folder above the info.yml, or lies beside
  // it. Recordings in EVTX lie beside the same events in JSON, which are read.
  Result<std::string> events_file(const YamlNode& test) const {
    const YamlNode* node = test.find("path");
    if (node == nullptr || !node->is_scalar() || node->scalar.empty())
      return wrong(test, "a regression test needs `path`, its file of events");
    fs::path wanted = node->scalar;
    const bool leaves = std::find(wanted.begin(), wanted.end(), fs::path("..")) != wanted.end();
    if (wanted.is_absolute() || leaves)
      return wrong(*node, "`path` must lie inside the tree of the cases");
    if (wanted.extension() == ".evtx") wanted.replace_extension(".json");
    std::error_code error;
    const fs::path here = fs::absolute(path_, error).parent_path();
    if (fs::is_regular_file(here / wanted.filename(), error))
      return (here / wanted.filename()).string();
    for (fs::path folder = here; folder.has_relative_path(); folder = folder.parent_path()) {
      if (fs::is_regular_file(folder / wanted, error)) return (folder / wanted).string();
    }
    return wrong(*node, "there is no file '" + wanted.string() + "' beside the case or above it");
  }

  std::string path_;
  RuleCases& out_;
  std::size_t records_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

Result<RuleCases> load_rule_cases(const std::vector<std::string>& paths) {
  RuleCases all;
  for (const std::string& path : paths) {
    PICKET_TRY(const std::vector<std::string> files, list_files(path, {".yml", ".yaml"}));
    for (const std::string& file : files) CaseFile(file, all).read(file == path);
  }
  return all;
}

}  // namespace picket::app
