#include "tests/conformance/detector.h"

#include <algorithm>

#include "base/check.h"
#include "rules/evaluation.h"
#include "rules/loader.h"

namespace picket::conformance {

Detector::Detector(const std::vector<std::string>& rule_paths) {
  auto loaded = rules::load_rules(rule_paths);
  PICKET_CHECK(loaded.has_value());
  make(std::move(*loaded), false);
}

Detector::Detector(rules::LoadedRules loaded, bool literal) {
  make(std::move(loaded), literal);
}

namespace {

// What is shipped, read once for all detectors of a test.
struct Content {
  std::shared_ptr<const parsers::Catalog> catalog;
  std::shared_ptr<const rules::Taxonomy> taxonomy;

  Content() {
    const std::string content = PICKET_SOURCE_DIR "/content";
    std::vector<std::string> errors;
    auto sources = parsers::Catalog::load(
        {content + "/sources", PICKET_SOURCE_DIR "/tests/conformance/sources"}, errors);
    PICKET_CHECK(sources.has_value());
    auto names = rules::Taxonomy::load(content + "/taxonomies", errors);
    PICKET_CHECK(names.has_value());
    PICKET_CHECK(errors.empty());
    catalog = *sources;
    taxonomy = *names;
  }
};

}  // namespace

void Detector::make(rules::LoadedRules loaded, bool literal) {
  static const Content content;
  taxonomy_ = literal ? rules::Taxonomy::none() : content.taxonomy;
  compiled_ = rules::compile_rules(std::move(loaded), taxonomy_);
  parser_ = std::make_unique<parsers::Parser>(content.catalog, false);
  if (literal) read_as("json-generic");
  evaluation_ = compiled_.set->make_evaluation();
}

void Detector::read_as(const std::string& definition) {
  parser_->set_source(SourceId{}, {.format = "auto", .definition = definition});
}

void Detector::parse(std::span<const std::string> records, Batch& batch, std::uint64_t first_seq) {
  batch.clear();
  for (std::size_t i = 0; i < records.size(); ++i) batch.add(records[i], SourceId{}, first_seq + i, 0);
  parser_->parse(batch);
}

void Detector::run(std::span<const std::string> records, Batch& batch, std::uint64_t first_seq) {
  parse(records, batch, first_seq);
  compiled_.set->evaluate(batch, *evaluation_);
}

std::vector<KindId> Detector::kinds(const std::vector<std::string>& records) {
  Batch batch;
  parse(records, batch);
  std::vector<KindId> all;
  for (const Event& event : batch.events()) all.push_back(event.kind);
  return all;
}

std::vector<std::set<std::string>> Detector::detect(const std::vector<std::string>& records) {
  std::vector<std::set<std::string>> all(records.size());
  Batch batch;
  constexpr std::size_t kBatch = 256;
  for (std::size_t begin = 0; begin < records.size(); begin += kBatch) {
    const std::size_t count = std::min(kBatch, records.size() - begin);
    parse(std::span(records).subspan(begin, count), batch);
    compiled_.set->evaluate(batch, *evaluation_);
    for (const Hit& hit : batch.hits())
      all[begin + hit.event].insert(compiled_.set->identity(hit.rule).id);
  }
  return all;
}

}  // namespace picket::conformance
