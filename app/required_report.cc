#include "app/required_report.h"

#include <functional>

#include "app/prometheus.h"
#include "app/terminal.h"
#include "app/words.h"

namespace picket::app {
namespace {

using parsers::RecordClass;

void for_each_class(const std::vector<parsers::DatasetCounters>& datasets,
                    const std::function<void(const parsers::DatasetCounters&, RecordClass,
                                             const parsers::RequiredCounters&)>& f) {
  for (const parsers::DatasetCounters& dataset : datasets) {
    for (std::size_t i = 0; i < parsers::kRecordClasses; ++i) {
      if (dataset.required[i].checked > 0) f(dataset, static_cast<RecordClass>(i), dataset.required[i]);
    }
  }
}

}  // namespace

Json required_json(const std::vector<parsers::DatasetCounters>& datasets) {
  Json rows = Json::array();
  for_each_class(datasets, [&](const parsers::DatasetCounters& dataset, RecordClass record_class,
                               const parsers::RequiredCounters& counters) {
    Json lacking = Json::object();
    const auto names = parsers::RequiredFields::get().names(record_class);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (counters.lacking[i] > 0) lacking[std::string(names[i])] = counters.lacking[i];
    }
    rows.push_back({{"dataset", dataset.dataset},
                    {"class", parsers::record_class_name(record_class)},
                    {"checked", counters.checked},
                    {"flagged", counters.flagged},
                    {"lacking", std::move(lacking)}});
  });
  return rows;
}

std::string required_metrics(const std::vector<parsers::DatasetCounters>& datasets) {
  std::string checked = type_line("picket_required_checked_total", "counter");
  std::string lacking = type_line("picket_required_lacking_total", "counter");
  for_each_class(datasets, [&](const parsers::DatasetCounters& dataset, RecordClass record_class,
                               const parsers::RequiredCounters& counters) {
    const std::string labels = "dataset=\"" + label(dataset.dataset) + "\",class=\"" +
                               std::string(parsers::record_class_name(record_class)) + "\"";
    checked += sample("picket_required_checked_total", labels, static_cast<double>(counters.checked));
    const auto names = parsers::RequiredFields::get().names(record_class);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (counters.lacking[i] == 0) continue;
      lacking += sample("picket_required_lacking_total", labels + ",field=\"" + std::string(names[i]) + "\"",
                        static_cast<double>(counters.lacking[i]));
    }
  });
  return checked + lacking;
}

std::string required_text(const Json& rows, bool flagged_only) {
  std::string text;
  for (const Json& row : rows) {
    const std::uint64_t flagged = row.value("flagged", 0ULL);
    if (flagged_only && flagged == 0) continue;
    std::string lacking;
    const Json missing = row.value("lacking", Json::object());
    for (const auto& [name, n] : missing.items()) {
      lacking += (lacking.empty() ? "" : ", ") + visible(name) + " " + std::to_string(n.get<std::uint64_t>());
    }
    const std::string dataset = row.value("dataset", "");
    const std::string record_class = word("record_class", row.value("class", ""));
    const std::string checked = std::to_string(row.value("checked", 0ULL));
    text += lacking.empty() ? say("required.whole", {{"dataset", visible(dataset, 80)}, {"class", record_class}, {"checked", checked}})
                            : say("required.lacking", {{"dataset", visible(dataset, 80)},
                                                       {"class", record_class},
                                                       {"checked", checked},
                                                       {"lacking", lacking}});
    text += '\n';
  }
  return text;
}

}  // namespace picket::app
