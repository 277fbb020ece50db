#include "app/rule_texts.h"

#include <utility>

#include "api/answer.h"
#include "base/file.h"
#include "base/hash.h"

namespace picket::app {
namespace {

constexpr std::size_t kFilesMax = 4096;  // of one basis, when it is read

Json text_json(const RuleText& file) {
  Json json = {{"path", file.path}};
  const Result<Json> again = parse_json(dump_json(Json(file.text)));
  // JSON holds Unicode only; a YARA file may hold anything.
  if (again && again->is_string() && again->get<std::string>() == file.text) {
    json["text"] = file.text;
  } else {
    json["hex"] = api::to_hex(file.text);
  }
  return json;
}

Result<RuleText> text_from(const std::string& hash, const Json& json) {
  RuleText file;
  file.hash = hash;
  const auto member = [&](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  file.path = member("path");
  file.text = member("text");
  if (json.contains("hex")) file.text = api::from_hex(member("hex")).value_or(std::string());
  if (sha256_hex(file.text) != hash) {
    return fail(Errc::kCorrupt, "the kept text of " + file.path + " is not the one that it was");
  }
  return file;
}

}  // namespace

std::string basis_hash(const std::vector<std::string>& files) {
  std::string all;
  for (const std::string& hash : files) all += hash + '\n';
  return hash128_hex(all);
}

Result<void> RuleTexts::add(const RuleIdentity& identity, std::set<std::string>& paths) {
  paths.insert(identity.path);
  const auto [file, is_new] = by_path_.try_emplace(identity.path);
  if (is_new) {
    PICKET_TRY(file->second.text, read_file(identity.path));
    file->second.path = identity.path;
    file->second.hash = sha256_hex(file->second.text);
  }
  if (file->second.hash == identity.hash) return {};
  return fail(Errc::kBusy, identity.path + ": the file changes while it is read");
}

void RuleTexts::add_basis(const std::string& rule_id, const std::set<std::string>& paths) {
  Basis basis;
  std::vector<std::string> hashes;
  for (const std::string& path : paths) {
    basis.files.push_back(&by_path_.at(path));
    hashes.push_back(basis.files.back()->hash);
  }
  basis.hash = basis_hash(hashes);
  by_rule_.emplace(rule_id, std::move(basis));
}

Result<std::shared_ptr<const RuleTexts>> RuleTexts::read(
    const rules::RuleSet& rules, const std::vector<rules::DetectionRule>& trees) {
  auto texts = std::make_shared<RuleTexts>();
  std::vector<std::set<std::string>> of_rule(rules.rule_count());
  for (std::uint32_t i = 0; i < rules.rule_count(); ++i) {
    if (rules.kind(i) == AlertKind::kIndicator) continue;
    PICKET_TRY_VOID(texts->add(rules.identity(i), of_rule[i]));
    if (i >= trees.size()) continue;
    for (const rules::JoinedFilter& filter : trees[i].filters) {
      PICKET_TRY_VOID(texts->add(filter.identity, of_rule[i]));
    }
  }
  const std::vector<rules::Correlation>& correlations = rules.correlations();
  std::vector<std::set<std::string>> of_correlation(correlations.size());
  std::vector<bool> of_feeds(correlations.size());  // what a feed said cannot be said again
  for (std::size_t c = 0; c < correlations.size(); ++c) {
    PICKET_TRY_VOID(texts->add(correlations[c].rule.identity, of_correlation[c]));
  }
  // Files of inner correlations reach outer ones in as many rounds as they are deep.
  for (bool grown = true; grown;) {
    grown = false;
    for (std::size_t c = 0; c < correlations.size(); ++c) {
      const std::size_t before = of_correlation[c].size();
      for (const rules::Correlation::Input& input : correlations[c].inputs) {
        const std::set<std::string>& files =
            input.correlation < 0 ? of_rule[input.detection]
                                  : of_correlation[static_cast<std::size_t>(input.correlation)];
        of_correlation[c].insert(files.begin(), files.end());
        const bool fed = input.correlation < 0
                             ? rules.kind(input.detection) == AlertKind::kIndicator
                             : of_feeds[static_cast<std::size_t>(input.correlation)];
        grown = grown || (fed && !of_feeds[c]);
        of_feeds[c] = of_feeds[c] || fed;
      }
      grown = grown || of_correlation[c].size() > before;
    }
  }
  for (std::uint32_t i = 0; i < rules.rule_count(); ++i) {
    if (!of_rule[i].empty()) texts->add_basis(rules.identity(i).id, of_rule[i]);
  }
  for (std::size_t c = 0; c < correlations.size(); ++c)
    if (!of_feeds[c]) texts->add_basis(correlations[c].rule.identity.id, of_correlation[c]);
  return std::shared_ptr<const RuleTexts>(std::move(texts));
}

const RuleTexts::Basis* RuleTexts::of(std::string_view rule_id) const {
  const auto found = by_rule_.find(rule_id);
  return found == by_rule_.end() ? nullptr : &found->second;
}

std::string KeptTexts::keep(std::string_view rule_id, storage::Commit& commit) {
  const RuleTexts::Basis* basis = texts_ ? texts_->of(rule_id) : nullptr;
  if (basis == nullptr) return {};
  if (known_.contains(basis->hash)) return basis->hash;
  if (known_.size() > kKnownMax) known_.clear();
  Json list = {{"files", Json::array()}};
  for (const RuleText* file : basis->files) {
    list["files"].push_back(file->hash);
    if (!known_.contains(file->hash))
      keep_document(kTextSpace, file->hash, text_json(*file), commit);
  }
  keep_document(kBasisSpace, basis->hash, list, commit);
  return basis->hash;
}

void KeptTexts::keep_document(std::string_view space, const std::string& key, const Json& json,
                              storage::Commit& commit) {
  const Result<Json> stored = store_.document(space, key);
  // What is damaged is written again: the key says what it must be.
  if (!stored || *stored != json) PICKET_CHECK(commit.put_document(space, key, json));
  known_.insert(key);
}

Result<std::vector<RuleText>> kept_texts(const storage::Store& store, const std::string& basis) {
  PICKET_TRY(const Json list, store.document(kBasisSpace, basis));
  const auto files = list.find("files");
  if (files == list.end() || !files->is_array() || files->size() > kFilesMax)
    return fail(Errc::kCorrupt, "the list of rule texts " + basis + " cannot be read");
  std::vector<std::string> hashes;
  std::vector<RuleText> texts;
  for (const Json& one : *files) {
    if (!one.is_string())
      return fail(Errc::kCorrupt, "the list of rule texts " + basis + " cannot be read");
    hashes.push_back(one.get<std::string>());
    PICKET_TRY(const Json json, store.document(kTextSpace, hashes.back()));
    PICKET_TRY(RuleText text, text_from(hashes.back(), json));
    texts.push_back(std::move(text));
  }
  if (basis_hash(hashes) != basis)
    return fail(Errc::kCorrupt, "the list of rule texts " + basis + " is not the one that it was");
  return texts;
}

}  // namespace picket::app
