#include "collector/bulk.h"

#include <algorithm>

#include "base/json.h"

namespace picket::collector {
namespace {

constexpr std::size_t kActionBytesMax = 4096;

std::string_view action_name(BulkAction action) {
  switch (action) {
    case BulkAction::kCreate:
      return "create";
    case BulkAction::kIndex:
      return "index";
    case BulkAction::kUpdate:
      return "update";
    case BulkAction::kDelete:
      return "delete";
    case BulkAction::kUnknown:
      return "unknown";
  }
  return "unknown";
}

BulkAction action_of(std::string_view name) {
  for (const auto action :
       {BulkAction::kCreate, BulkAction::kIndex, BulkAction::kUpdate, BulkAction::kDelete}) {
    if (name == action_name(action)) return action;
  }
  return BulkAction::kUnknown;
}

// An action is an object with one key, the action's name, over an object.
BulkAction parse_action(std::string_view line) {
  if (line == R"({"create":{}})") return BulkAction::kCreate;  // what most shippers send
  if (line == R"({"index":{}})") return BulkAction::kIndex;
  const auto json = parse_json(line, {.bytes_max = kActionBytesMax, .depth_max = 4});
  if (!json || !json->is_object() || json->size() != 1 || !json->front().is_object()) {
    return BulkAction::kUnknown;
  }
  return action_of(json->begin().key());
}

// Takes one line off the front; without its CR.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view refusal(BulkAction action) {
  switch (action) {
    case BulkAction::kCreate:
    case BulkAction::kIndex:
      return "the action has no document";
    case BulkAction::kUpdate:
    case BulkAction::kDelete:
      return "stored records are never changed: use create or index";
    case BulkAction::kUnknown:
      return "malformed action line: expected {\\\"create\\\":{}}";
  }
  return "";
}

}  // namespace

BulkRequest parse_bulk(std::string_view body, std::size_t items_max) {
  BulkRequest request;
  while (!body.empty()) {
    const std::string_view line = take_line(body);
    if (line.empty()) continue;
    if (request.items.size() == items_max) {
      request.too_many = true;
      return request;
    }
    const BulkAction action = parse_action(line);
    const bool stores = action == BulkAction::kCreate || action == BulkAction::kIndex;
    BulkItem& item = request.items.emplace_back(BulkItem{action, false});
    if (action == BulkAction::kDelete) continue;  // has no document
    std::string_view rest = body;
    const std::string_view document = take_line(rest);
    if (!stores && parse_action(document) != BulkAction::kUnknown) continue;
    body = rest;
    item.accepted = stores && !document.empty();
    if (item.accepted) request.documents.push_back(document);
  }
  return request;
}

std::string bulk_answer(const std::vector<BulkItem>& items, std::string_view index,
                        std::uint64_t took_ms) {
  const bool errors =
      std::any_of(items.begin(), items.end(), [](const BulkItem& item) { return !item.accepted; });
  const std::string quoted_index = json_quoted(index);
  std::string text = "{\"took\":" + std::to_string(took_ms) +
                     ",\"errors\":" + (errors ? "true" : "false") + ",\"items\":[";
  text.reserve(text.size() + items.size() * (64 + quoted_index.size()));
  bool first = true;
  for (const BulkItem& item : items) {
    if (!first) text += ',';
    first = false;
    // Clients look for the answer of a create or an index.
    const BulkAction shown =
        item.action == BulkAction::kUnknown ? BulkAction::kCreate : item.action;
    text.append("{\"").append(action_name(shown)).append("\":{\"_index\":").append(quoted_index);
    if (item.accepted) {
      text += ",\"status\":201,\"result\":\"created\"}}";
    } else {
      text.append(
              ",\"status\":400,\"error\":{\"type\":\"illegal_argument_exception\",\"reason\":\"")
          .append(refusal(item.action))
          .append("\"}}}");
    }
  }
  return text += "]}";
}

}  // namespace picket::collector
