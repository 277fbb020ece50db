// picket search: stored events by query, newest first.
#include <cstdio>

#include "api/answer.h"
#include "app/api_ports.h"
#include "app/command.h"
#include "app/open_store.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/time.h"
#include "storage/query.h"

namespace picket::app {
namespace {

bool read_bound(const std::string& text, std::int64_t& bound) {
  if (text.empty()) return true;
  const auto parsed = parse_time(text);
  if (parsed) bound = parsed->time_ns;
  return parsed.has_value();
}

void print_row(const Json& event) {
  const Json& picket = event.at("picket");
  const std::string line = styled(event.value("@timestamp", std::string()), Style::kDim) + "  " +
                           styled(visible(picket.value("source", std::string()), 24), Style::kBlue) + "  " +
                           visible(event.at("event").value("original", std::string()), 400);
  std::puts(line.c_str());
}

}  // namespace

int run_search(const SearchCommand& command) {
  api::SearchQuery query;
  query.text = command.query;
  query.limit = command.limit;
  const std::optional<std::string> cursor = api::from_hex(command.after);
  if (!cursor) return complain("this is not a cursor that a search gave", kUsageWrong);
  query.cursor = *cursor;
  if (!read_bound(command.from, query.from_ns) || !read_bound(command.to, query.to_ns)) {
    return complain("--from and --to take a time such as 2026-11-20T08:00:00Z", kUsageWrong);
  }
  // A query that cannot be read is told before a store is opened.
  if (const auto parsed = storage::parse_query(command.query); !parsed) {
    return complain(parsed.error().what, kUsageWrong);
  }
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
  const Result<api::SearchPage> page = search_events(**store, parser, query);
  if (!page) return complain(page.error().what, kUsageWrong);
  for (const Json& event : page->events) {
    if (command.json || !stdout_is_terminal()) {
      std::puts(dump_json(event).c_str());
    } else {
      print_row(event);
    }
  }
  tell(say("search.totals", {{"n", page->events.size()},
                             {"rows", page->totals.rows},
                             {"scanned", page->totals.bytes_scanned},
                             {"skipped", page->totals.bytes_skipped}}));
  if (!page->next.empty()) tell(say("search.next", {{"cursor", api::to_hex(page->next)}}));
  return kDone;
}

}  // namespace picket::app
