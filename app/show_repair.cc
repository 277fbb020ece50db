#include "app/show_repair.h"

#include <string>
#include <vector>

#include "app/show_findings.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/time.h"

namespace picket::app {
namespace {

using storage::CheckReport;
using storage::RepairReport;

void print_line(const std::string& text) { print(visible(text) + "\n"); }

void print_files(const std::vector<storage::DamagedFile>& files) {
  if (files.empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (const storage::DamagedFile& file : files)
    rows.push_back({file.name, file.family, std::to_string(file.bytes), translated(file.problem)});
  print(table({say("column.path"), say("column.what"), say("column.bytes"), say("column.detail")}, rows));
}

std::string text_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

void print_ranges(const Json& lost) {
  const auto ranges = lost.find("ranges");
  if (ranges == lost.end() || !ranges->is_array()) return;
  std::vector<std::vector<std::string>> rows;
  for (const Json& range : *ranges) {
    if (!range.is_object()) continue;
    rows.push_back({text_of(range, "source"), std::to_string(number_of(range, "first")),
                    std::to_string(number_of(range, "last")), text_of(range, "stored_from"), text_of(range, "stored_to")});
  }
  print(table({say("column.source"), say("column.first"), say("column.last"), say("column.stored_from"),
               say("column.stored_to")},
              rows));
}

// Kinds of values with their names: "hits", {"count": 3, "names": [...]}.
void print_kinds(const Json& kinds, const char* key) {
  if (!kinds.is_object()) return;
  for (const auto& [kind, what] : kinds.items()) {
    if (!what.is_object()) continue;
    std::string names;
    const auto list = what.find("names");
    if (list != what.end() && list->is_array()) {
      for (const Json& name : *list) {
        if (name.is_string()) names += (names.empty() ? "" : ", ") + name.get<std::string>();
      }
    }
    print_line(say(key, {{"kind", word("evidence", kind)}, {"n", number_of(what, "count")}, {"names", names}}));
  }
}

void print_losses(const Json& repair) {
  const auto lost = repair.find("lost");
  if (lost == repair.end() || !lost->is_object()) return;
  const std::uint64_t blocks = number_of(*lost, "blocks");
  if (blocks > 0) print_line(say("repair.lost_blocks", {{"n", blocks}, {"records", number_of(*lost, "records")}}));
  print_ranges(*lost);
  const std::uint64_t unknown = number_of(*lost, "blocks_with_unknown_records");
  if (unknown > 0) print_line(say("repair.blocks_unknown", {{"n", unknown}}));
  print_kinds(*lost, "repair.lost_values");
  if (repair.contains("earlier")) print_kinds(repair["earlier"], "repair.earlier");
}

bool is_true(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace

void print_check(const CheckReport& report, bool json) {
  if (json) {
    print_report(report.values, {.json = true, .heads_asked = false});
    Json summary = to_json(report);
    summary["type"] = "check";
    print(dump_json(summary) + "\n");
    return;
  }
  print_files(report.damaged);
  if (!report.open_problem.empty()) print_line(say("repair.open_problem", {{"reason", translated(report.open_problem)}}));
  for (const std::string& source : report.residual) print_line(say("repair.residual", {{"source", source}}));
  if (report.could_read) {
    print_report(report.values, {.json = false, .heads_asked = report.values.heads > 0});
  } else {
    print_line(say("repair.nothing_read"));
  }
  print(say("repair.files", {{"n", report.files}, {"bytes", report.file_bytes}, {"damaged", report.damaged.size()}}) + "\n");
  print(report.is_sound() ? styled(say("repair.sound"), Style::kGreen) + "\n"
                          : styled(say("repair.damaged"), Style::kRed) + "\n");
}

void print_repair(const RepairReport& report, bool json) {
  const Json all = to_json(report);
  if (json) return print(dump_json(all) + "\n");
  if (!report.changed) return print(say("repair.nothing_to_do") + "\n");
  print_files(report.damaged);
  print_losses(all);
  if (report.new_store) print_line(say("repair.new_store"));
  if (report.new_chain) print_line(say("repair.new_chain"));
  if (report.state_damaged) print_line(say("repair.state"));
  if (report.index_entries > 0) print_line(say("repair.index", {{"n", report.index_entries}}));
  for (const std::string& source : report.recounted) print_line(say("repair.recounted", {{"source", source}}));
  if (!report.quarantine.empty()) print_line(say("repair.quarantine", {{"path", report.quarantine}}));
}

void print_known(const Json& repair, bool json) {
  if (json) {
    Json line = repair;
    line["type"] = "known";
    line["difference"] = "quarantined";
    return print(dump_json(line) + "\n");
  }
  print_line(say("repair.known", {{"time", text_of(repair, "@timestamp")},
                                  {"actor", text_of(repair, "actor")},
                                  {"path", text_of(repair, "quarantine")}}));
  print_losses(repair);
  if (is_true(repair, "new_chain")) print_line(say("repair.new_chain"));
}

}  // namespace picket::app
