#include "rules/sigma_header.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "base/nearest.h"

namespace picket::rules {
namespace {

constexpr std::ptrdiff_t kTitleCharactersMax = 256;
constexpr std::array<std::string_view, 5> kStatuses = {"stable", "test", "experimental",
                                                       "deprecated", "unsupported"};
constexpr std::array<std::string_view, 5> kLevels = {"informational", "low", "medium", "high",
                                                     "critical"};
constexpr std::array<std::string_view, 6> kRelations = {"derived", "obsolete", "merged",
                                                        "renamed", "similar",  "correlation"};
// Fields are looked up by the rule's own name or by ECS name, so both need no translation.
constexpr std::array<std::string_view, 2> kTaxonomies = {"sigma", "ecs"};

// Of UTF-8: every byte but those that continue a character.
std::ptrdiff_t count_characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

void warn_unless_known(const YamlNode& document, std::string_view key,
                       std::span<const std::string_view> known, std::vector<Refusal>& warnings) {
  const YamlNode* node = document.find(key);
  if (node == nullptr) return;
  if (node->is_scalar() && std::find(known.begin(), known.end(), node->scalar) != known.end())
    return;
  warnings.push_back({node->line, "bad-" + std::string(key),
                      std::string(key) + " '" + node->scalar + "' is not in the specification" +
                          did_you_mean(node->scalar, known)});
}

void check_related(const YamlNode& document, std::vector<Refusal>& warnings) {
  const YamlNode* related = document.find("related");
  if (related == nullptr) return;
  if (!related->is_list()) {
    warnings.push_back({related->line, "bad-related", "'related' is a list of {id, type}"});
    return;
  }
  for (const YamlNode& entry : related->list) {
    if (entry.text("id").empty()) {
      warnings.push_back({entry.line, "bad-related", "an entry of 'related' has no id"});
    }
    warn_unless_known(entry, "type", kRelations, warnings);
  }
}

}  // namespace

Parsed<SigmaHeader> parse_header(const YamlNode& document, std::vector<Refusal>& warnings) {
  SigmaHeader header;
  header.identity.id = document.text("id");
  header.identity.name = document.text("title");
  header.name = document.text("name");
  header.status = document.text("status");
  header.description = document.text("description");
  header.tags = document.texts("tags");
  header.identity.level = level_of(document.text("level"));
  if (header.identity.name.empty()) {
    return refuse(document.line, "missing-title", "the rule has no title");
  }
  if (count_characters(header.identity.name) > kTitleCharactersMax) {
    warnings.push_back(
        {document.find("title")->line, "long-title", "the title has more than 256 characters"});
  }
  warn_unless_known(document, "level", kLevels, warnings);
  warn_unless_known(document, "status", kStatuses, warnings);
  warn_unless_known(document, "taxonomy", kTaxonomies, warnings);
  check_related(document, warnings);
  return header;
}

Parsed<LogSource> parse_log_source(const YamlNode& document) {
  const YamlNode* node = document.find("logsource");
  if (node == nullptr || node->is_null()) {
    return refuse(document.line, "missing-logsource", "the rule has no logsource");
  }
  if (!node->is_map()) return refuse(node->line, "bad-logsource", "logsource is not a map");
  LogSource source;
  source.product = node->text("product");
  source.category = node->text("category");
  source.service = node->text("service");
  for (const std::string_view key : {"product", "category", "service"}) {
    const YamlNode* value = node->find(key);
    if (value != nullptr && (value->is_map() || value->is_list())) {
      return refuse(value->line, "bad-logsource",
                    "logsource: " + std::string(key) + " is not a word");
    }
  }
  if (source == LogSource{}) {
    return refuse(node->line, "bad-logsource",
                  "logsource names neither product, category nor service");
  }
  return source;
}

}  // namespace picket::rules
