#include "storage/integrity/finding.h"

#include <utility>

#include "base/time.h"

namespace picket::storage {

std::string_view difference_name(Difference difference) {
  constexpr std::array<std::string_view, 9> kNames = {"edited",   "deleted",   "added",
                                                      "damaged",  "truncated", "rewritten",
                                                      "unsigned", "forged",    "unchained"};
  return kNames[static_cast<std::size_t>(difference)];
}

Json to_json(const Finding& finding) {
  Json json = {{"difference", difference_name(finding.difference)}, {"kind", finding.kind}};
  if (!finding.key.empty()) json["key"] = finding.key;
  if (finding.link > 0) json["link"] = finding.link;
  if (finding.commit > 0) json["commit"] = finding.commit;
  if (finding.time_ns != 0) json["@timestamp"] = format_time(finding.time_ns);
  for (const SeqRange& range : finding.rows)
    json["rows"].push_back(
        {{"source", range.source}, {"first", range.first}, {"last", range.last}});
  if (!finding.detail.empty()) json["detail"] = finding.detail;
  return json;
}

int Findings::add(Finding finding) {
  ++total_;
  if (kept_.size() >= kFindingsMax) return -1;
  kept_.push_back(std::move(finding));
  return static_cast<int>(kept_.size()) - 1;
}

}  // namespace picket::storage
