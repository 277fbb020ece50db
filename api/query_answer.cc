#include "api/query_answer.h"

#include "api/answer.h"
#include "storage/query/commands.h"

namespace picket::api {
namespace {

Json parts_of(const storage::QueryError& error) {
  Json json = {{"offset", error.offset}, {"key", error.key}};
  if (!error.expected.empty()) json["expected"] = error.expected;
  if (!error.nearest.empty()) json["nearest"] = error.nearest;
  return json;
}

}  // namespace

HttpResponse query_problem(const storage::QueryError& error) {
  HttpResponse response = problem(400, error.what);
  Result<Json> json = parse_json(response.body);
  if (!json) return response;
  const Json parts = parts_of(error);
  for (const auto& [name, value] : parts.items()) (*json)[name] = value;
  response.body = dump_json(*json);
  return response;
}

Json search_json(SearchPage page) {
  Json json = {{"items", std::move(page.events)}};
  if (!page.columns.empty()) json["columns"] = std::move(page.columns);
  json["totals"] = {{"rows", page.totals.rows},
                    {"bytes_scanned", page.totals.bytes_scanned},
                    {"bytes_skipped", page.totals.bytes_skipped}};
  json["limited"] = page.limited;
  json["complete"] = page.complete;
  for (const storage::PipeNotice& one : page.notices)
    json["notices"].push_back({{"notice", storage::notice_name(one.kind)}, {"n", one.n}});
  for (const storage::QueryWarning& one : page.warnings) {
    Json warning = parts_of(one);
    warning["detail"] = one.what;
    json["warnings"].push_back(std::move(warning));
  }
  return json;
}

Json query_words() {
  Json json = {{"operators", {":", "=", "==", "!=", "<", "<=", ">", ">=", "in", "not in"}},
               {"keywords", {"and", "or", "not", "to", "by", "as"}}};
  for (const std::string_view name : storage::command_names()) json["commands"].push_back(name);
  for (const std::string_view name : storage::function_names()) json["functions"].push_back(name);
  return json;
}

}  // namespace picket::api
