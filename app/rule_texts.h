// RuleTexts: the texts of the files that rules were loaded from, and for each rule those that
// decide when it is true: its own, those of exceptions that were joined to it, and for a
// correlation those of the rules that it counts. Together they are the rule's basis, named by a
// hash.
//
// KeptTexts puts them into the store with the first alert that they raise, in the same commit, so
// that an alert can be decided again whatever becomes of the files (docs/formats/rule-texts.md).
// What feeds say of indicators is in their alerts; they have no basis, nor has a correlation over
// them.
//
// RuleTexts is an immutable snapshot, any thread. KeptTexts belongs to the engine's thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rules/rule.h"
#include "rules/rule_set.h"
#include "storage/store.h"

namespace picket::app {

struct RuleText {
  std::string hash;  // SHA-256 of `text`, as in RuleIdentity
  std::string path;
  std::string text;  // any bytes
};

// The hash over the hashes of the files, in their order.
std::string basis_hash(const std::vector<std::string>& files);

class RuleTexts {
 public:
  struct Basis {
    std::string hash;
    std::vector<const RuleText*> files;  // by path, each once
  };

  // Reads the files of all rules; `trees` are the detections of the set. kBusy: a file is not any
  // more as it was loaded, load again.
  static Result<std::shared_ptr<const RuleTexts>> read(
      const rules::RuleSet& rules, const std::vector<rules::DetectionRule>& trees);

  // nullptr when the rule has none.
  const Basis* of(std::string_view rule_id) const;

 private:
  Result<void> add(const RuleIdentity& identity, std::set<std::string>& paths);
  void add_basis(const std::string& rule_id, const std::set<std::string>& paths);

  std::map<std::string, RuleText> by_path_;
  std::map<std::string, Basis, std::less<>> by_rule_;
};

class KeptTexts {
 public:
  explicit KeptTexts(const storage::Store& store) : store_(store) {}

  void use(std::shared_ptr<const RuleTexts> texts) { texts_ = std::move(texts); }
  // The basis of the rule, which is in the store already, or now in the commit; empty if none.
  std::string keep(std::string_view rule_id, storage::Commit& commit);
  void given_up() { known_.clear(); }  // the commit was not written

 private:
  void keep_document(std::string_view space, const std::string& key, const Json& json,
                     storage::Commit& commit);

  const storage::Store& store_;
  std::shared_ptr<const RuleTexts> texts_;
  std::set<std::string> known_;  // hashes of what was written, at most kKnownMax
  static constexpr std::size_t kKnownMax = 65'536;
};

inline constexpr std::string_view kTextSpace = "rule-texts";
inline constexpr std::string_view kBasisSpace = "rule-bases";

// The files of a basis, as the store keeps them. kNotFound; kCorrupt when one is not what its name
// says.
Result<std::vector<RuleText>> kept_texts(const storage::Store& store, const std::string& basis);

}  // namespace picket::app
