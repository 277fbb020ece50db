#include "app/result_writer.h"

#include "app/terminal.h"
#include "app/words.h"

namespace picket::app {
namespace {

constexpr std::size_t kCellColumns = 80;  // of a table on a terminal
constexpr std::size_t kRawColumns = 400;

// What CSV shows of an event; other fields are asked for with `| fields`.
constexpr const char* kEventColumns[] = {"@timestamp", "picket.source", "picket.seq", "event.dataset",
                                         "event.original"};

std::string text_at(const Json& event, std::string_view name) {
  const Json* at = &event;
  while (at->is_object() && !at->contains(name)) {
    const std::size_t dot = name.find('.');
    const auto found = dot == std::string_view::npos ? at->end() : at->find(name.substr(0, dot));
    if (found == at->end()) return {};
    at = &*found;
    name.remove_prefix(dot + 1);
  }
  if (!at->is_object()) return {};
  const Json& value = at->at(std::string(name));
  return value.is_string() ? value.get<std::string>() : dump_json(value);
}

// Texts come from logs, numbers from us.
std::string safe_text(const storage::Cell& cell) {
  const bool number = std::holds_alternative<std::int64_t>(cell) || std::holds_alternative<double>(cell);
  return number ? storage::cell_text(cell) : without_formula(storage::cell_text(cell));
}

}  // namespace

std::optional<ResultFormat> result_format(std::string_view name) {
  if (name == "table") return ResultFormat::kTable;
  if (name == "json") return ResultFormat::kJson;
  if (name == "csv") return ResultFormat::kCsv;
  return std::nullopt;
}

std::string without_formula(std::string_view text) {
  const bool formula = !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
  return (formula ? "'" : "") + std::string(text);
}

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out += '"';
}

ResultWriter::ResultWriter(ResultFormat format, std::vector<std::string> columns)
    : format_(format), columns_(std::move(columns)) {}

void ResultWriter::csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) line += (&cell == cells.data() ? "" : ",") + csv_cell(cell);
  print(stdout_is_terminal() ? visible(line) + "\n" : line + "\r\n");
}

void ResultWriter::event(const Json& event) {
  switch (format_) {
    case ResultFormat::kJson:
      print(dump_json(event) + "\n");
      break;
    case ResultFormat::kTable:
      print(styled(text_at(event, "@timestamp"), Style::kDim) + "  " +
            styled(visible(text_at(event, "picket.source"), 24), Style::kBlue) + "  " +
            visible(text_at(event, "event.original"), kRawColumns) + "\n");
      break;
    case ResultFormat::kCsv: {
      if (!begun_) csv_line({std::begin(kEventColumns), std::end(kEventColumns)});
      std::vector<std::string> cells;
      for (const char* name : kEventColumns) cells.push_back(without_formula(text_at(event, name)));
      csv_line(cells);
      break;
    }
  }
  begun_ = true;
}

void ResultWriter::row(const std::vector<storage::Cell>& cells) {
  std::vector<std::string> texts;
  switch (format_) {
    case ResultFormat::kJson: {
      Json json = Json::object();
      for (std::size_t i = 0; i < cells.size(); ++i) json[columns_[i]] = storage::cell_json(cells[i]);
      print(dump_json(json) + "\n");
      break;
    }
    case ResultFormat::kTable:
      for (const storage::Cell& cell : cells) texts.push_back(visible(storage::cell_text(cell), kCellColumns));
      held_.push_back(std::move(texts));
      break;
    case ResultFormat::kCsv:
      if (!begun_) csv_line(columns_);
      for (const storage::Cell& cell : cells) texts.push_back(safe_text(cell));
      csv_line(texts);
      break;
  }
  begun_ = true;
}

void ResultWriter::finish() {
  if (format_ == ResultFormat::kCsv && !begun_ && !columns_.empty()) csv_line(columns_);
  if (format_ == ResultFormat::kTable && !held_.empty()) print(table(columns_, held_));
  held_.clear();
}

}  // namespace picket::app
