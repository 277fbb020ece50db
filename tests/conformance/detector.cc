#include "tests/conformance/detector.h"

#include "base/check.h"
#include "rules/evaluation.h"
#include "rules/loader.h"

namespace picket::conformance {

Detector::Detector(const std::vector<std::string>& rule_paths) {
  auto loaded = rules::load_rules(rule_paths);
  PICKET_CHECK(loaded.has_value());
  make(std::move(*loaded), false);
}

Detector::Detector(rules::LoadedRules loaded, bool literal) { make(std::move(loaded), literal); }

void Detector::make(rules::LoadedRules loaded, bool literal) {
  const std::string content = PICKET_SOURCE_DIR "/content";
  std::vector<std::string> errors;
  auto catalog = parsers::Catalog::load({content + "/sources"}, errors);
  PICKET_CHECK(catalog.has_value());
  auto taxonomy = rules::Taxonomy::load(content + "/taxonomies", errors);
  PICKET_CHECK(taxonomy.has_value());
  PICKET_CHECK(errors.empty());
  compiled_ = rules::compile_rules(std::move(loaded), literal ? rules::Taxonomy::none() : *taxonomy);
  parser_ = std::make_unique<parsers::Parser>(*catalog, false);
  if (literal) parser_->set_source(SourceId{}, {.format = "auto", .definition = "json-generic"});
  evaluation_ = compiled_.set->make_evaluation();
}

std::vector<std::set<std::string>> Detector::detect(const std::vector<std::string>& records) {
  std::vector<std::set<std::string>> all(records.size());
  Batch batch;
  constexpr std::size_t kBatch = 256;
  for (std::size_t begin = 0; begin < records.size(); begin += kBatch) {
    batch.clear();
    for (std::size_t i = begin; i < std::min(records.size(), begin + kBatch); ++i) {
      batch.add(records[i], SourceId{}, i, 0);
    }
    parser_->parse(batch);
    compiled_.set->evaluate(batch, *evaluation_);
    for (const Hit& hit : batch.hits()) all[begin + hit.event].insert(compiled_.set->identity(hit.rule).id);
  }
  return all;
}

}  // namespace picket::conformance
