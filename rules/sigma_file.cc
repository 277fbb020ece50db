// `action` is of specification 1: a `global` document is merged into all that follow it in the
// file, `reset` forgets it, `repeat` is the previous rule with the document's changes. What a
// document says itself wins over what it inherits; maps are merged key by key, anything else is
// replaced.
#include "rules/sigma_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "base/nearest.h"
#include "rules/sigma_correlation.h"
#include "rules/sigma_rule.h"

namespace picket::rules {
namespace {

constexpr std::size_t kTestsOfRuleMax = 50'000;
constexpr std::size_t kTestsOfFileMax = 250'000;
constexpr std::size_t kMergedNodesMax = 1'000'000;
constexpr std::array<std::string_view, 3> kActions = {"global", "reset", "repeat"};

std::size_t count_nodes(const YamlNode& node) {
  std::size_t count = 1;
  for (const YamlNode& item : node.list) count += count_nodes(item);
  for (const auto& [key, value] : node.map) count += 1 + count_nodes(value);
  return count;
}

// Depth is bounded by the YAML reader.
void merge(YamlNode& target, const YamlNode& changes) {
  for (const auto& [key, value] : changes.map) {
    const std::string& name = key.scalar;
    const auto found = std::find_if(target.map.begin(), target.map.end(), [&](const auto& entry) {
      return entry.first.scalar == name;
    });
    if (found == target.map.end()) {
      target.map.emplace_back(key, value);
    } else if (found->second.is_map() && value.is_map()) {
      merge(found->second, value);
    } else {
      *found = {key, value};
    }
  }
}

YamlNode merged(const YamlNode& inherited, const YamlNode& document) {
  YamlNode result = inherited;
  result.kind = YamlNode::Kind::kMap;
  result.line = document.line;
  result.column = document.column;
  merge(result, document);
  return result;
}

// Rules without an id get one from their text and their place in it, so that it stays the same.
std::string derived_id(const std::string& hash, std::size_t index) {
  std::string digits = hash128_hex(hash + ":" + std::to_string(index));
  for (const std::size_t at : {20u, 16u, 12u, 8u}) digits.insert(at, 1, '-');
  return digits;
}

class FileParser {
 public:
  FileParser(const std::string& path, const LoadOptions& options)
      : path_(path), placeholders_(options.placeholders) {}

  RuleFile parse(std::string_view text) {
    hash_ = sha256_hex(text);
    may_repeat_ = text.find("repeat") != std::string_view::npos;
    Result<std::vector<YamlNode>> documents = parse_yaml(text);
    if (!documents) {
      refuse_file(documents.error().what);
      return std::move(file_);
    }
    for (YamlNode& document : *documents) {
      ++index_;
      if (!document.is_null()) take(document);
    }
    if (file_.rules.empty() && file_.refused.empty() && !seen_document_) {
      add(file_.refused, 1, {}, "empty-file", "the file has no rule");
    }
    return std::move(file_);
  }

 private:
  void add(std::vector<Finding>& findings, int line, std::string id, std::string code,
           std::string reason) const {
    findings.push_back({path_, line, std::move(id), std::move(code), std::move(reason)});
  }

  // The reader's message begins with "line:column: ".
  void refuse_file(const std::string& what) {
    int line = 1;
    std::from_chars(what.data(), what.data() + what.size(), line);
    const std::size_t space = what.find(": ");
    add(file_.refused, std::max(line, 1), {}, "bad-yaml",
        "not readable as YAML: " + (space == std::string::npos ? what : what.substr(space + 2)));
  }

  void take(const YamlNode& document) {
    seen_document_ = true;
    if (!document.is_map()) {
      add(file_.refused, document.line, {}, "bad-document", "a rule is a map of keys, this is not");
      return;
    }
    const YamlNode* action = document.find("action");
    if (action == nullptr) {
      global_.map.empty() ? take_rule(document, document)
                          : take_rule(inherit(global_, document), document);
    } else if (action->scalar == "global") {
      global_ = inherit(global_, document);
      forget(global_, "action");
    } else if (action->scalar == "reset") {
      global_ = YamlNode{};
    } else if (action->scalar == "repeat") {
      YamlNode rule = inherit(previous_, document);
      forget(rule, "action");
      take_rule(rule, document);
    } else {
      add(file_.refused, action->line, document.text("id"), "bad-action",
          "unknown action '" + action->scalar + "'" + did_you_mean(action->scalar, kActions));
    }
  }

  static void forget(YamlNode& node, std::string_view key) {
    std::erase_if(node.map, [&](const auto& entry) { return entry.first.scalar == key; });
  }

  // A copy, so it is paid for: a large global document before many small ones must not explode.
  YamlNode inherit(const YamlNode& inherited, const YamlNode& document) {
    merged_nodes_ += count_nodes(inherited) + count_nodes(document);
    if (merged_nodes_ > kMergedNodesMax) return document;
    return merged(inherited, document);
  }

  // `rule` is `own` with what it inherits.
  void take_rule(const YamlNode& rule, const YamlNode& own) {
    if (merged_nodes_ > kMergedNodesMax) {
      add(file_.refused, own.line, own.text("id"), "too-large",
          "the file's global and repeated documents make it too large");
      return;
    }
    const bool inherited_id = own.find("id") == nullptr && !rule.text("id").empty();
    parse_rule(rule, inherited_id);
    if (may_repeat_) previous_ = rule;
  }

  void parse_rule(const YamlNode& document, bool inherited_id) {
    Building building;
    building.placeholders = &placeholders_;
    const std::size_t granted = std::min(tests_left_, kTestsOfRuleMax);
    building.tests_left = granted;
    Parsed<AnyRule> rule = parse_any(document, building);
    tests_left_ -= granted - building.tests_left;
    std::string id = document.text("id");
    if (!rule) {
      Refusal& why = rule.error();
      add(file_.refused, std::max(why.line, 1), std::move(id), std::move(why.code),
          std::move(why.reason));
      return;
    }
    RuleIdentity& identity = identity_of(*rule);
    identity.id = unique_id(std::move(id), inherited_id);
    identity.hash = hash_;
    identity.path = path_;
    for (Refusal& warning : building.warnings) {
      add(file_.warnings, std::max(warning.line, 1), identity.id, std::move(warning.code),
          std::move(warning.reason));
    }
    file_.rules.push_back(std::move(*rule));
  }

  static Parsed<AnyRule> parse_any(const YamlNode& document, Building& building) {
    if (document.find("correlation") != nullptr) {
      PICKET_TRY(CorrelationRule rule, parse_correlation(document, building.warnings));
      return AnyRule(std::move(rule));
    }
    if (document.find("filter") != nullptr) {
      PICKET_TRY(FilterRule rule, parse_filter(document, building));
      return AnyRule(std::move(rule));
    }
    PICKET_TRY(DetectionRule rule, parse_detection(document, building));
    return AnyRule(std::move(rule));
  }

  // Documents that inherit an id from a global or repeated one get "#2", "#3" behind it.
  std::string unique_id(std::string id, bool inherited) {
    if (id.empty()) return derived_id(hash_, index_);
    const int count = ++ids_[id];
    return inherited && count > 1 ? id + "#" + std::to_string(count) : id;
  }

  const std::string& path_;
  const Placeholders& placeholders_;
  RuleFile file_;
  std::string hash_;
  YamlNode global_;
  YamlNode previous_;
  std::map<std::string, int> ids_;
  std::size_t index_ = 0;
  std::size_t tests_left_ = kTestsOfFileMax;
  std::size_t merged_nodes_ = 0;
  bool may_repeat_ = false;  // keeping a copy of every rule costs time, and `repeat` is rare
  bool seen_document_ = false;
};

}  // namespace

RuleFile parse_rule_file(std::string_view text, const std::string& path,
                         const LoadOptions& options) {
  return FileParser(path, options).parse(text);
}

RuleIdentity& identity_of(AnyRule& rule) {
  return std::visit([](auto& one) -> RuleIdentity& { return one.identity; }, rule);
}

int line_of(const AnyRule& rule) {
  return std::visit([](const auto& one) { return one.line; }, rule);
}

}  // namespace picket::rules
