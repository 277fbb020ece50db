// picket search: stored events by query, newest first, and what commands make of them.
#include <csignal>
#include <cstdio>
#include <memory>

#include "api/answer.h"
#include "app/api_ports.h"
#include "app/command.h"
#include "app/open_store.h"
#include "app/period.h"
#include "app/result_writer.h"
#include "app/signals.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/file.h"
#include "base/world.h"
#include "storage/query.h"
#include "storage/search.h"

namespace picket::app {
namespace {

// Ends a search early: Ctrl-C, or the time that it was given.
class Stop {
 public:
  explicit Stop(std::uint64_t seconds) : limit_ns_(static_cast<std::int64_t>(seconds) * 1'000'000'000) {}
  bool asked() {
    if (signals_.wait(std::chrono::milliseconds(0))) interrupted_ = true;
    timed_out_ = limit_ns_ > 0 && clock_.now().count() - begun_ns_ >= limit_ns_;
    return interrupted_ || timed_out_;
  }
  bool interrupted() const { return interrupted_; }
  bool timed_out() const { return timed_out_; }

 private:
  Signals signals_;
  RealClock clock_;
  std::int64_t begun_ns_ = clock_.now().count();
  std::int64_t limit_ns_;
  bool interrupted_ = false;
  bool timed_out_ = false;
};

ResultFormat format_of(const SearchCommand& command) {
  if (command.json) return ResultFormat::kJson;
  if (const auto format = result_format(command.format)) return *format;
  return stdout_is_terminal() ? ResultFormat::kTable : ResultFormat::kJson;
}

Json stats_of(const storage::SearchTotals& totals) {
  Json json = {{"results", totals.matched},
               {"rows", totals.scan.rows},
               {"bytes_scanned", totals.scan.bytes_scanned},
               {"bytes_skipped", totals.scan.bytes_skipped},
               {"bytes_unparsed", totals.bytes_unparsed},
               {"parsed", totals.parsed},
               {"limited", totals.limited},
               {"complete", !totals.cancelled},
               {"notices", Json::array()}};
  for (const storage::PipeNotice& one : totals.notices)
    json["notices"].push_back({{"notice", storage::notice_name(one.kind)}, {"n", one.n}});
  return json;
}

void tell_warnings(const storage::Query& query, const storage::SearchTotals& totals) {
  for (const storage::QueryWarning& one : query.warnings())
    tell(say("search.warning", {{"n", one.offset + 1}, {"what", translated(one.what)}}));
  for (const auto& [name, offset] : totals.never_seen) {
    const std::string nearest = nearest_field(name);
    tell(say("search.warning", {{"n", offset + 1}, {"what", say("search.never_seen", {{"name", visible(name, 80)}})}}) +
         (nearest.empty() ? "" : say("search.nearest", {{"name", nearest}})));
  }
}

std::string notice_text(const storage::PipeNotice& notice) {
  const auto n = notice.n;
  switch (notice.kind) {
    case storage::PipeNoticeKind::kRowsLeftOut: return say("search.notice.rows_left_out", {{"n", n}});
    case storage::PipeNoticeKind::kGroupsLeftOut: return say("search.notice.groups_left_out", {{"n", n}});
    case storage::PipeNoticeKind::kDistinctBounded: return say("search.notice.distinct_bounded", {{"n", n}});
    case storage::PipeNoticeKind::kSampled: return say("search.notice.percentile_sampled", {{"n", n}});
    case storage::PipeNoticeKind::kDedupBounded: return say("search.notice.dedup_bounded", {{"n", n}});
    case storage::PipeNoticeKind::kCombinations: return say("search.notice.combinations", {{"n", n}});
  }
  return {};
}

void tell_totals(const storage::SearchTotals& totals, const Stop& stop) {
  if (stop.interrupted()) tell(say("search.interrupted"));
  if (!stop.interrupted() && stop.timed_out()) tell(say("search.timed_out"));
  for (const storage::PipeNotice& one : totals.notices) tell(notice_text(one));
  tell(say("search.totals", {{"n", totals.matched},
                             {"rows", totals.scan.rows},
                             {"scanned", totals.scan.bytes_scanned},
                             {"skipped", totals.scan.bytes_skipped}}));
}

// Runs the query and prints; answers an exit code.
int search_store(const SearchCommand& command, const storage::Query& query, const storage::Store& store,
                 parsers::Parser& parser, Stop& stop, storage::SearchOptions options) {
  auto progress = std::make_unique<Progress>(say("search.progress"), stored_bytes(store));
  options.limit = command.limit;
  options.parse = [&](Batch& batch) { parser.parse(batch); };
  options.cancelled = [&] { return stop.asked(); };
  options.progress = [&](const storage::SearchTotals& totals) {
    if (progress) progress->at(totals.scan.bytes_scanned);
  };
  ResultWriter writer(format_of(command), storage::result_columns(query));
  const storage::ResultSink sink{.event = [&](Json&& event) {
                                   progress.reset();  // from here on the results tell
                                   writer.event(event);
                                   std::fflush(stdout);
                                   return true;
                                 },
                                 .row = [&](const std::vector<storage::Cell>& cells) {
                                   progress.reset();
                                   writer.row(cells);
                                   return true;
                                 }};
  const auto totals = storage::run_query(store, query, options, {}, sink);
  progress.reset();
  if (!totals) return complain(totals.error().what, kUsageWrong);
  writer.finish();
  tell_warnings(query, *totals);
  tell_totals(*totals, stop);
  if (totals->limited && query.commands().empty()) {
    tell(say("search.next", {{"cursor", api::to_hex(storage::to_cursor(totals->last))}}));
  } else if (totals->limited) {
    tell(say("search.more_rows", {{"n", command.limit}}));
  }
  if (!command.stats.empty()) {
    const Result<void> written = write_file(command.stats, dump_json_indented(stats_of(*totals)) + "\n");
    if (!written) return complain(written.error().what, kUsageWrong);
  }
  return stop.interrupted() ? kInterrupted : kDone;
}

}  // namespace

int run_search(const SearchCommand& command) {
  Stop stop(command.time_limit);  // before the store has threads, which would take the signals
  storage::SearchOptions options;
  const std::optional<std::string> cursor = api::from_hex(command.after);
  if (!cursor) return complain("this is not a cursor that a search gave", kUsageWrong);
  const auto period = read_period(command.from, command.to);
  if (!period) return complain(period.error().what, kUsageWrong);
  options.scan.from_ns = period->from_ns;
  options.scan.to_ns = period->to_ns;
  if (!cursor->empty()) {
    const auto after = storage::position_of_cursor(*cursor);
    if (!after) return complain(after.error().what, kUsageWrong);
    options.scan.after = *after;
  }
  // A query that cannot be read is told before a store is opened.
  const auto query = storage::parse_query(command.query);
  if (!query) return complain(query.error().what, kUsageWrong);
  const auto store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  const ContentPaths content = find_content();
  std::vector<std::string> errors;
  const Result<Config> config = config_to_read(command);
  if (!config) return complain(config.error().what, kUsageWrong);
  auto catalog = parsers::Catalog::load(content.sources(config->definitions), errors, config->geoip);
  if (!catalog && command.config.empty()) {  // folders of another day: what is shipped reads most
    complain(catalog.error().what, kUsageWrong);
    catalog = parsers::Catalog::load(content.sources({}), errors, {});
  }
  if (!catalog) return complain(catalog.error().what, kUsageWrong);
  parsers::Parser parser(*catalog, true);
  parser.note_for_people();
  const std::vector<std::string> names = (*store)->source_names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    parser.set_source(SourceId{static_cast<std::uint32_t>(i)}, config->format_of(names[i]));
  }
  return search_store(command, *query, **store, parser, stop, std::move(options));
}

}  // namespace picket::app
