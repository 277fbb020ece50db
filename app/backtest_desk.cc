#include "app/backtest_desk.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "app/backtest_diff.h"
#include "app/backtest_report.h"
#include "base/background.h"
#include "base/file.h"
#include "base/time.h"

namespace picket::app {
namespace {


// Rules of a request as files, for loading reads files; gone at the end.
class RuleFolder {
 public:
  explicit RuleFolder(const std::string& data) {
    std::string name = data + "/backtest-XXXXXX";
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~RuleFolder() {
    std::error_code error;
    if (!path_.empty()) std::filesystem::remove_all(path_, error);
  }
  RuleFolder(const RuleFolder&) = delete;
  RuleFolder& operator=(const RuleFolder&) = delete;

  const std::string& path() const { return path_; }

  Result<void> add(std::size_t index, const api::BacktestRequest::RuleText& rule) {
    return write_file(path_ + "/" + file_name(index, rule.name), rule.text, 0600);
  }

 private:
  // "007-my-rule.yml": whatever a name has in it, it stays in the folder.
  static std::string file_name(std::size_t index, const std::string& name) {
    const std::string number = std::to_string(index);
    std::string safe = std::string(3 - std::min<std::size_t>(3, number.size()), '0') + number + "-";
    for (const char c : name) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
      safe += plain ? c : '_';
    }
    const bool known = safe.ends_with(".yml") || safe.ends_with(".yaml") ||
                       safe.ends_with(".yar") || safe.ends_with(".yara");
    return known ? safe : safe + ".yml";
  }

  std::string path_;
};

// Where the rules lay for loading is nobody's business. As deep as our own document.
void take_out(Json& json, const std::string& prefix) {
  if (json.is_string()) {
    std::string text = json.get<std::string>();
    if (const auto at = text.find(prefix); at != std::string::npos) {
      text.erase(at, prefix.size());
      json = text;
    }
    return;
  }
  if (!json.is_structured()) return;
  for (Json& child : json) take_out(child, prefix);
}

// A result that is too large goes without its samples.
void bound(Json& result) {
  if (dump_json(result).size() <= BacktestDesk::kResultBytesMax) return;
  for (Json& rule : result["rules"]) rule["samples"] = Json::array();
  result["samples_left_out"] = true;
}

}  // namespace

std::string_view BacktestDesk::state_name(State state) {
  switch (state) {
    case State::kRunning:
      return "running";
    case State::kDone:
      return "done";
    case State::kCancelled:
      return "cancelled";
    case State::kFailed:
      return "failed";
  }
  return {};
}

BacktestDesk::BacktestDesk(BacktestRooms rooms)
    : rooms_(std::move(rooms)), sources_(rooms_.store, rooms_.config, rooms_.systems) {}

BacktestDesk::~BacktestDesk() {
  stop();
}

void BacktestDesk::stop() {
  entries_.with([](Entries& entries) {
    entries.stopping = true;
    for (Entry& entry : entries.all) entry.cancel = true;
  });
  std::thread last = thread_.with([](std::thread& thread) { return std::exchange(thread, {}); });
  if (last.joinable()) last.join();
}

Result<Json> BacktestDesk::start(api::BacktestRequest request) {
  const Nanos now = rooms_.clock.now();
  Result<Json> started = entries_.with([&](Entries& entries) -> Result<Json> {
    if (entries.stopping) return fail(Errc::kBusy, "the server is stopping");
    for (const Entry& entry : entries.all) {
      if (entry.state == State::kRunning)
        return fail(Errc::kBusy, "backtest '" + entry.id + "' is running; cancel it, or wait");
    }
    if (entries.all.size() >= kKept) entries.all.pop_front();
    Entry& entry = entries.all.emplace_back();
    entry.id = std::to_string(++entries.numbered);
    entry.started = now;
    return summary(entry);
  });
  if (!started) return started;
  const std::string id = (*started)["id"].get<std::string>();
  thread_.with([&](std::thread& thread) {
    if (thread.joinable()) thread.join();  // it has told that it is over
    thread = std::thread([this, id, request = std::move(request)] { run(id, request); });
  });
  return started;
}

Json BacktestDesk::summary(const Entry& entry) {
  Json json = {{"id", entry.id},
               {"status", state_name(entry.state)},
               {"started", format_time(entry.started.count())},
               {"progress",
                {{"events", entry.progress.rows},
                 {"bytes", entry.progress.bytes},
                 {"alerts", entry.progress.alerts}}}};
  if (entry.ended.count() > 0) json["ended"] = format_time(entry.ended.count());
  if (!entry.failure.empty()) json["failure"] = entry.failure;
  return json;
}

Json BacktestDesk::list() const {
  return entries_.with([](const Entries& entries) {
    Json json = Json::array();
    for (auto entry = entries.all.rbegin(); entry != entries.all.rend(); ++entry)
      json.push_back(summary(*entry));
    return json;
  });
}

Result<BacktestDesk::Entry> BacktestDesk::look(std::string_view id) const {
  return entries_.with([&](const Entries& entries) -> Result<Entry> {
    for (const Entry& entry : entries.all) {
      if (entry.id == id) return entry;
    }
    return fail(Errc::kNotFound, "there is no backtest '" + std::string(id) + "'");
  });
}

Result<Json> BacktestDesk::get(std::string_view id) const {
  PICKET_TRY(const Entry entry, look(id));
  Json json = summary(entry);
  if (entry.result) json["result"] = *entry.result;
  return json;
}

Result<Json> BacktestDesk::cancel(std::string_view id) {
  PICKET_TRY(const Entry entry, look(id));
  if (entry.state == State::kRunning) {
    change(id, [](Entry& one) { one.cancel = true; });
  } else {
    entries_.with([&](Entries& entries) {
      std::erase_if(entries.all, [&](const Entry& one) { return one.id == id; });
    });
  }
  return summary(entry);
}

void BacktestDesk::change(std::string_view id, const std::function<void(Entry&)>& how) {
  entries_.with([&](Entries& entries) {
    for (Entry& entry : entries.all) {
      if (entry.id == id) how(entry);
    }
  });
}

void BacktestDesk::run(const std::string& id, const api::BacktestRequest& request) {
  work_in_background("backtest");
  Result<Json> result = work(id, request);
  const Nanos now = rooms_.clock.now();
  change(id, [&](Entry& entry) {
    entry.ended = now;
    if (!result) {
      entry.state = State::kFailed;
      entry.failure = result.error().what;
      return;
    }
    const bool interrupted = (*result)["end"] == backtest_end_name(BacktestEnd::kInterrupted);
    entry.state = interrupted ? State::kCancelled : State::kDone;
    entry.result = std::make_shared<const Json>(*std::move(result));
  });
}

Result<Detection> BacktestDesk::load(const api::BacktestRequest& request) const {
  if (request.rules.empty()) return rooms_.live();
  RuleFolder folder(rooms_.config.data);
  if (folder.path().empty())
    return fail(Errc::kIo, rooms_.config.data + ": cannot make a folder for the rules");
  for (std::size_t i = 0; i < request.rules.size(); ++i) {
    PICKET_TRY_VOID(folder.add(i, request.rules[i]));
  }
  PICKET_TRY(Detection detection,
             load_detection(rooms_.content, {.rules = {folder.path()},
                                             .definitions = rooms_.config.definitions,
                                             .geoip = rooms_.config.geoip,
                                             .payloads = rooms_.config.payloads}));
  for (rules::Finding& one : detection.refused) {
    if (one.path.starts_with(folder.path() + "/")) one.path.erase(0, folder.path().size() + 1);
  }
  if (detection.rules->rule_count() == 0) {
    const std::string why =
        detection.refused.empty() ? "" : ": " + detection.refused.front().reason;
    return fail(Errc::kInvalid, "no rule is active" + why);
  }
  return detection;
}

Result<Json> BacktestDesk::work(const std::string& id, const api::BacktestRequest& request) {
  PICKET_TRY(const Detection detection, load(request));
  BacktestOptions options;
  options.from_ns = request.from_ns;
  options.to_ns = request.to_ns;
  options.samples = request.samples;
  options.lateness_ns = rooms_.config.lateness_ns;
  options.cancelled = [&] {
    bool asked = false;
    change(id, [&](Entry& entry) { asked = entry.cancel; });
    return asked;
  };
  options.progress = [&](const BacktestProgress& now) {
    change(id, [&](Entry& entry) { entry.progress = now; });
  };
  PICKET_TRY(const BacktestResult result,
             run_backtest(rooms_.store, detection, sources_, rooms_.formats, options));
  std::optional<BacktestDiff> diff;
  if (request.diff_live && result.end == BacktestEnd::kComplete) {
    PICKET_TRY(diff, diff_with_stored(rooms_.store, *detection.rules, result));
  }
  SampleReader samples(rooms_.store, detection, rooms_.formats);
  Json json = backtest_json(result, diff ? &*diff : nullptr, detection, samples);
  // Of rules that came with the request: "backtest-a1b2c3/000-my-rule.yml".
  if (!request.rules.empty() && detection.rules->rule_count() > 0) {
    const std::string& path = detection.rules->identity(0).path;
    take_out(json, path.substr(0, path.rfind('/') + 1));
  }
  bound(json);
  return json;
}

}  // namespace picket::app
