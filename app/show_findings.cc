#include "app/show_findings.h"

#include <optional>
#include <utility>
#include <vector>

#include "app/show_repair.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/time.h"

namespace picket::app {
namespace {

using storage::Evidence;
using storage::Finding;
using storage::VerifyReport;

std::string rows_of(const Finding& finding) {
  std::string text;
  for (const storage::SeqRange& range : finding.rows) {
    text += (text.empty() ? "" : ", ") + range.source + " " + std::to_string(range.first);
    if (range.last > range.first) text += "-" + std::to_string(range.last);
  }
  return text;
}

std::string when(std::int64_t time_ns) {
  return time_ns == 0 ? "" : format_time(time_ns);
}

void print_findings(const std::vector<Finding>& findings) {
  std::vector<std::vector<std::string>> rows;
  for (const Finding& finding : findings) {
    rows.push_back({word("difference", storage::difference_name(finding.difference)), word("evidence", finding.kind),
                    finding.key, finding.commit > 0 ? std::to_string(finding.commit) : "", when(finding.time_ns),
                    rows_of(finding), translated(finding.detail)});
  }
  print(table({say("column.difference"), say("column.what"), say("column.id"), say("column.commit"), say("column.time"),
               say("column.records"), say("column.detail")},
              rows));
}

std::uint64_t count(const VerifyReport& report, Evidence evidence) {
  return report.values[static_cast<std::size_t>(evidence) - 1];
}

void print_summary(const VerifyReport& report, bool heads_asked) {
  print(say("integrity.looked_at", {{"links", report.links},
                                    {"commits", report.commits},
                                    {"roots", report.roots},
                                    {"blocks", count(report, Evidence::kBlock)},
                                    {"records", report.rows},
                                    {"alerts", count(report, Evidence::kAlert)},
                                    {"incidents", count(report, Evidence::kIncident)},
                                    {"documents", count(report, Evidence::kDocument)}}) +
        "\n");
  if (report.links > 0)
    print(say("integrity.span", {{"from", when(report.begin_ns)}, {"to", when(report.end_ns)}}) + "\n");
  if (report.key) {
    const auto* const key = reinterpret_cast<const char*>(report.key->data());
    print(say("integrity.key", {{"key", storage::to_hex({key, report.key->size()})}}) + "\n");
  }
  if (report.before_chain > 0) print(say("integrity.before_chain", {{"n", report.before_chain}}) + "\n");
  if (report.links > 0 && report.unsigned_links > 0)
    print(say("integrity.unsigned", {{"n", report.unsigned_links}}) + "\n");
  print(heads_asked ? say("integrity.heads", {{"n", report.heads}}) + "\n" : say("integrity.no_heads") + "\n");
  const std::uint64_t found = report.findings.total();
  if (found > report.findings.kept().size())
    print(say("integrity.more", {{"n", found - report.findings.kept().size()}}) + "\n");
  print(found == 0 ? styled(say("integrity.clean"), Style::kGreen) + "\n"
                   : styled(say("integrity.differs", {{"n", found}}), Style::kRed) + "\n");
}

}  // namespace

Result<VerifyReport> verify_with_progress(storage::VerifyOptions options, const std::string& what) {
  std::optional<Progress> progress;
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    if (!progress) progress.emplace(what, total);
    progress->at(done);
  };
  return storage::verify_store(options);
}

void print_report(const VerifyReport& report, const ReportStyle& style) {
  if (!style.json) {
    if (!report.is_clean()) print_findings(report.findings.kept());
    for (const Json& repair : report.repairs) print_known(repair, false);
    return print_summary(report, style.heads_asked);
  }
  for (const Finding& finding : report.findings.kept()) {
    Json json = to_json(finding);
    json["type"] = "finding";
    print(dump_json(json) + "\n");
  }
  for (const Json& repair : report.repairs) print_known(repair, true);
  Json json = to_json(report);
  json["type"] = "summary";
  print(dump_json(json) + "\n");
}

}  // namespace picket::app
