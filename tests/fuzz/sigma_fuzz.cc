// Any bytes as a rule file: no crash, no hang, bounded memory; and every rule that is accepted has
// an identity and a tree that can be walked.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "rules/loader.h"

namespace {

using picket::rules::Node;

void walk(const Node& node, int depth) {
  PICKET_CHECK(depth < 256);
  PICKET_CHECK(node.kind != Node::Kind::kNot || node.children.size() == 1);
  PICKET_CHECK(node.kind != Node::Kind::kTest || node.children.empty());
  for (const Node& child : node.children) walk(child, depth + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const picket::rules::LoadOptions options = {
      .threads = 1, .placeholders = {{"Admins", {"root", "adm*"}}}};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const picket::rules::LoadedRules rules = picket::rules::parse_rules(text, "fuzz.yml", options);
  for (const auto& rule : rules.detections) {
    PICKET_CHECK(!rule.identity.id.empty() && !rule.identity.hash.empty());
    walk(rule.condition, 0);
  }
  for (const auto& finding : rules.refused) {
    PICKET_CHECK(finding.line >= 1 && !finding.code.empty() && !finding.reason.empty());
  }
  return 0;
}
