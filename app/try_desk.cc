// The time of a request is shared: the first half is for all that the newest events say; when these
// are not all of them and the rules say which records they need, the rest looks for hits further
// back.
#include "app/try_desk.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "app/field_report.h"
#include "app/needed_records.h"
#include "app/period.h"
#include "app/try_report.h"
#include "app/words.h"
#include "base/background.h"
#include "base/yaml.h"
#include "rules/loader.h"
#include "storage/integrity/chain.h"

namespace picket::app {
namespace {

constexpr const char* kPath = "rule.yml";
constexpr std::chrono::seconds kIdle(60);

// What a request answers that looked at nothing.
Json nothing_tried() {
  return {{"complete", false},     {"interrupted", false}, {"events", 0},
          {"bytes_scanned", 0},    {"bytes_skipped", 0},   {"seconds", 0.0},
          {"rules", Json::array()}};
}

Json replaced_json() {
  Json json = nothing_tried();
  json["interrupted"] = true;
  return json;
}

// The reader's message begins with "line:column: "; 0: it does not.
int column_of_error(const std::string& text) {
  const Result<std::vector<YamlNode>> read = parse_yaml(text);
  if (read) return 0;
  const std::string& what = read.error().what;
  int column = 0;
  const std::size_t colon = what.find(':');
  if (colon == std::string::npos) return 0;
  std::from_chars(what.data() + colon + 1, what.data() + what.size(), column);
  return column;
}

Json findings_json(const std::vector<rules::Finding>& findings, const api::TryRequest& request) {
  const Language to = request.language == "vi" ? Language::kVietnamese : Language::kEnglish;
  Json json = Json::array();
  for (const rules::Finding& one : findings) {
    json.push_back(
        {{"line", one.line}, {"code", one.code}, {"reason", translated(one.reason, to)}});
    if (one.code != "bad-yaml") continue;
    if (const int column = column_of_error(request.text); column > 0)
      json.back()["column"] = column;
  }
  return json;
}

// An answer that is too large goes without its samples.
void bound(Json& json) {
  if (dump_json(json).size() <= TryDesk::kAnswerBytesMax) return;
  for (Json& rule : json["rules"]) {
    rule["samples"] = Json::array();
    rule["near_misses"]["samples"] = Json::array();
    if (rule.contains("ahead")) rule["ahead"]["samples"] = Json::array();
  }
  json["samples_left_out"] = true;
}

}  // namespace

TryDesk::TryDesk(TryRooms rooms) : rooms_(std::move(rooms)) {
  threads_.with([this](auto& threads) {
    for (std::size_t i = 0; i < threads.size(); ++i)
      threads[i] = std::thread([this, i] { work(i); });
  });
}

TryDesk::~TryDesk() {
  stop();
}

void TryDesk::stop() {
  const auto refused = jobs_.with([](Jobs& jobs) {
    jobs.stopping = true;
    for (const JobPtr& job : jobs.running) {
      if (job) job->cancelled = true;
    }
    return std::exchange(jobs.waiting, {});
  });
  for (const JobPtr& job : refused) job->answer(fail(Errc::kBusy, "the server is stopping"));
  for (Wakeup& wakeup : wakeups_) wakeup.notify();
  auto last = threads_.with([](auto& threads) { return std::exchange(threads, {}); });
  for (std::thread& thread : last) {
    if (thread.joinable()) thread.join();
  }
}

void TryDesk::start(api::TryRequest request, api::TryAnswer answer) {
  auto job = std::make_shared<Job>(Job{std::move(request), std::move(answer)});
  std::vector<JobPtr> replaced;
  const char* refused = jobs_.with([&](Jobs& jobs) -> const char* {
    if (jobs.stopping) return "the server is stopping";
    const auto same = [&](const JobPtr& one) {
      return one && !job->request.session.empty() && one->request.session == job->request.session;
    };
    for (const JobPtr& one : jobs.running) {
      if (same(one)) one->cancelled = true;
    }
    std::copy_if(jobs.waiting.begin(), jobs.waiting.end(), std::back_inserter(replaced), same);
    std::erase_if(jobs.waiting, same);
    if (jobs.waiting.size() >= kWaitingMax) return "too many rules are being tried; try again";
    jobs.waiting.push_back(job);
    return nullptr;
  });
  for (const JobPtr& one : replaced) one->answer(replaced_json());
  if (refused != nullptr) return job->answer(fail(Errc::kBusy, refused));
  for (Wakeup& wakeup : wakeups_) wakeup.notify();
}

void TryDesk::work(std::size_t worker) {
  work_in_background("rule-try");
  for (bool stopping = false; !stopping;) {
    const JobPtr job = jobs_.with([&](Jobs& jobs) {
      JobPtr next;
      if (!jobs.waiting.empty()) {
        next = std::move(jobs.waiting.front());
        jobs.waiting.pop_front();
      }
      jobs.running[worker] = next;
      stopping = jobs.stopping;
      return next;
    });
    if (job) {
      job->answer(run(job));
    } else if (!stopping) {
      wakeups_[worker].wait(kIdle);
    }
  }
}

bool TryDesk::is_cancelled(const Job& job) const {
  return jobs_.with([&](const Jobs&) { return job.cancelled; });
}

Result<Detection> TryDesk::load(const api::TryRequest& request) const {
  if (field_count() >= kFieldNamesMax)
    return fail(Errc::kFull,
                "the rules tried so far spoke of too many fields; none can be tried until the "
                "server starts again");
  rules::LoadedRules loaded = rules::parse_rules(request.text, kPath);
  if (loaded.detections.size() + loaded.correlations.size() > kRulesMax)
    return fail(Errc::kLimit, "the text has more than " + std::to_string(kRulesMax) + " rules");
  Detection detection;
  const Detection live = rooms_.live();
  detection.catalog = live.catalog;
  detection.taxonomy = live.taxonomy;
  rules::CompiledRules compiled = rules::compile_rules(std::move(loaded), live.taxonomy);
  detection.rules = std::move(compiled.set);
  detection.routes = std::move(compiled.routes);
  detection.trees = detection.routes->rules();
  for (const rules::Correlation& correlation : detection.rules->correlations())
    detection.correlations.push_back(correlation.rule);
  detection.refused = std::move(compiled.refused);
  detection.warnings = std::move(compiled.warnings);
  return detection;
}

Result<TryOptions> TryDesk::options_of(const JobPtr& job) const {
  TryOptions options;
  options.scan.from_ns = job->request.from_ns;
  options.scan.to_ns = job->request.to_ns;
  if (!job->request.cursor.empty()) {
    PICKET_TRY(options.scan.after, storage::position_of_cursor(job->request.cursor));
  }
  options.limit = job->request.limit;
  options.sample_bytes_max = kSampleBytesMax;
  options.cancelled = [this, job] { return is_cancelled(*job); };
  return options;
}

Result<std::optional<TryResult>> TryDesk::look_ahead(const Detection& detection,
                                                     const TryResult& tried,
                                                     const TryOptions& options) const {
  if (tried.complete || tried.interrupted || !tried.last) return std::nullopt;
  const std::optional<RecordNeeds> needs = NeededRecords(detection).of_all();
  if (!needs) return std::nullopt;
  TryOptions further = options;
  further.scan.after = tried.last;
  further.scan.needs = &*needs;
  further.hits_alone = true;
  PICKET_TRY(TryResult found, try_rules(rooms_.store, detection, rooms_.formats, further));
  return std::optional(std::move(found));
}

Result<Json> TryDesk::run(const JobPtr& job) {
  PICKET_TRY(TryOptions options, options_of(job));
  PICKET_TRY(const Detection detection, load(job->request));
  Json json = nothing_tried();
  if (!detection.trees.empty()) {
    const Nanos start = rooms_.clock.now();
    const Nanos budget(job->request.time_ns);
    const auto until = [&](Nanos end) {
      return [&clock = rooms_.clock, end] { return clock.now() >= end; };
    };
    const bool needs = NeededRecords(detection).of_all().has_value();
    options.enough = until(start + (needs ? budget / 2 : budget));
    PICKET_TRY(const TryResult tried, try_rules(rooms_.store, detection, rooms_.formats, options));
    json = try_json(tried, FieldReport(detection, tried.fields.get()));
    if (!tried.complete && tried.last)
      json["next"] = storage::to_hex(storage::to_cursor(*tried.last));
    options.enough = until(start + budget);
    PICKET_TRY(const std::optional<TryResult> ahead, look_ahead(detection, tried, options));
    if (ahead) add_ahead(json, *ahead);
  }
  json["bytes_stored"] = stored_bytes(rooms_.store);
  json["refused"] = findings_json(detection.refused, job->request);
  json["warnings"] = findings_json(detection.warnings, job->request);
  if (!detection.correlations.empty()) json["correlations"] = detection.correlations.size();
  bound(json);
  return json;
}

}  // namespace picket::app
