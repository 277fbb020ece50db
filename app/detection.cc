#include "app/detection.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "app/build_id.h"
#include "app/kind_list.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/world.h"
#include "rules/loader.h"

namespace picket::app {
namespace {

constexpr unsigned kThreadsMax = 4;  // of loading; the doors are open meanwhile

unsigned load_threads() {
  return std::clamp(std::thread::hardware_concurrency(), 1U, kThreadsMax);
}

std::vector<std::string> rule_paths(const ContentPaths& content, const DetectionOptions& options) {
  return options.rules.empty() ? std::vector<std::string>{content.rules()} : options.rules;
}

// nullptr without a cache.
std::unique_ptr<rules::RuleCache> open_cache(const ContentPaths& content,
                                             const DetectionOptions& options,
                                             const rules::LoadOptions& load) {
  if (options.cache.empty()) return nullptr;
  return rules::RuleCache::open({.folder = options.cache, .program = build_id()},
                                rule_paths(content, options), load);
}

// Routes are built before anybody waits for them.
void build_ahead(Detection& detection, const DetectionOptions& options) {
  std::vector<KindId> kinds = options.kinds;
  const std::vector<KindId> known = known_kinds(*detection.catalog, *detection.taxonomy);
  kinds.insert(kinds.end(), known.begin(), known.end());
  if (!options.cache.empty()) {
    const Result<std::vector<KindId>> before = read_kinds(options.cache, *detection.catalog);
    if (before) {
      kinds.insert(kinds.end(), before->begin(), before->end());
    } else {
      detection.load.cache_problems.push_back(before.error().what);
    }
  }
  kinds.push_back(kUnknownKind);
  std::sort(kinds.begin(), kinds.end());
  kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
  if (kinds.size() > kKindsMax) kinds.resize(kKindsMax);
  detection.routes->prepare(kinds, load_threads());
  detection.load.kinds = kinds.size();
}

// Source definitions, read while others read rules.
class CatalogLoad {
 public:
  CatalogLoad(const ContentPaths& content, const DetectionOptions& options)
      : loaded_(std::async(std::launch::async, [this, &content, &options] {
          return parsers::Catalog::load(content.sources(options.definitions), errors_, options.geoip);
        })) {}

  // Once. What was wrong with them goes to `errors`.
  Result<std::shared_ptr<const parsers::Catalog>> take(std::vector<std::string>& errors) {
    Result<std::shared_ptr<const parsers::Catalog>> catalog = loaded_.get();
    errors.insert(errors.begin(), errors_.begin(), errors_.end());
    return catalog;
  }

 private:
  std::vector<std::string> errors_;
  std::future<Result<std::shared_ptr<const parsers::Catalog>>> loaded_;  // behind errors_
};

// Loading needs a third more than what it makes, and the allocator would keep that.
void give_memory_back() {
#if defined(__GLIBC__)
  ::malloc_trim(0);
#endif
}

constexpr int kLoadsMax = 5;  // when files change while they are read

Result<Detection> load_once(const ContentPaths& content, const DetectionOptions& options) {
  if (content.root.empty()) {
    return fail(Errc::kNotFound,
                "the shipped content (rules, taxonomies, source definitions) was not found beside "
                "the program "
                "or in /usr/share/picket; set PICKET_CONTENT to its folder");
  }
  const Nanos start = RealClock().now();
  Detection detection;
  detection.payloads = options.payloads;
  CatalogLoad catalog(content, options);
  std::shared_ptr<const rules::Taxonomy> taxonomy = rules::Taxonomy::none();
  if (!options.literal) {
    PICKET_TRY(taxonomy, rules::Taxonomy::load(content.taxonomies(), detection.errors));
  }
  rules::LoadOptions load;
  load.threads = load_threads();
  std::unique_ptr<rules::RuleCache> cache = open_cache(content, options, load);
  load.cache = cache.get();
  PICKET_TRY(rules::LoadedRules loaded, rules::load_rules(rule_paths(content, options), load));
  PICKET_TRY(detection.catalog, catalog.take(detection.errors));
  std::future<void> recognition;  // what parsers will ask for
  if (options.routes == Routes::kAhead) {
    recognition = std::async(std::launch::async,
                             [known = detection.catalog] { (void)known->recognition(); });
  }
  detection.rule_files = loaded.files;
  detection.taxonomy = taxonomy;
  PICKET_TRY(detection.indicators, rules::load_indicators(options.indicators));
  rules::CompiledRules compiled = rules::compile_rules(std::move(loaded), std::move(taxonomy),
                                                       {.indicators = detection.indicators.set,
                                                        .payloads = options.payloads,
                                                        .stored = cache ? cache->databases() : nullptr});
  detection.rules = std::move(compiled.set);
  detection.routes = std::move(compiled.routes);
  if (options.keep_trees) {
    detection.trees = detection.routes->rules();
    for (const rules::Correlation& correlation : detection.rules->correlations())
      detection.correlations.push_back(correlation.rule);
  }
  detection.refused = std::move(compiled.refused);
  detection.warnings = std::move(compiled.warnings);
  if (cache) {
    detection.load.files_cached = cache->hits();
    if (!cache->problem().empty()) detection.load.cache_problems.push_back(cache->problem());
    detection.cache = std::move(cache);
  }
  if (options.keep_texts) {
    PICKET_TRY(detection.texts, RuleTexts::read(*detection.rules, detection.routes->rules()));
  }
  if (options.routes == Routes::kAhead) {
    build_ahead(detection, options);
    save_cache(detection);
    recognition.wait();
    give_memory_back();
  }
  detection.load.seconds = std::chrono::duration<double>(RealClock().now() - start).count();
  return detection;
}

}  // namespace

Result<Detection> load_detection(const ContentPaths& content, const DetectionOptions& options) {
  Result<Detection> detection = load_once(content, options);
  for (int i = 1; i < kLoadsMax && !detection && detection.error().code == Errc::kBusy; ++i)
    detection = load_once(content, options);
  return detection;
}

void save_cache(Detection& detection) {
  const std::shared_ptr<const rules::RuleCache> cache = std::exchange(detection.cache, nullptr);
  if (!cache) return;
  const Result<void> saved = cache->save(detection.routes->matchers());
  if (!saved) detection.load.cache_problems.push_back(saved.error().what);
}

void tell_geoip_problems(const parsers::Catalog& catalog) {
  for (const std::string& problem : catalog.geoip_problems())
    tell(say("notice.geoip_not_used", {{"reason", problem}}));
}

void tell_cache_problems(const Detection& detection) {
  for (const std::string& problem : detection.load.cache_problems) {
    tell(say("notice.cache_not_used", {{"reason", translated(problem)}}));
  }
}

}  // namespace picket::app
