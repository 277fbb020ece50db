// The whole parser, records to events, in batches of 1,000: Windows JSON and syslog.
//   parse_bench [--smoke] [--data FILE]
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "parsers/catalog.h"
#include "parsers/parser.h"
#include "perf/thread_time.h"
#include "perf/windows_events.h"

namespace {

using namespace picket;

constexpr std::size_t kBatch = 1000;

std::vector<std::string> syslog_lines(std::size_t count) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; lines.size() < count; ++i) {
    const std::string n = std::to_string(i % 250);
    lines.push_back("<86>Mar  1 10:00:01 web-" + n + " sshd[22" + n +
                    "]: Failed password for invalid user admin from 203.0.113." + n +
                    " port 40122 ssh2");
    lines.push_back("<30>1 2026-03-01T10:00:00.003Z app-" + n + " billing 812 - - invoice " + n +
                    " sent to customer");
    lines.push_back("203.0.113." + n + " - - [01/Mar/2026:09:59:00 +0000] \"GET /index.php?id=" +
                    n + " HTTP/1.1\" 200 312 \"-\" \"Mozilla/5.0\"");
    lines.push_back("<78>Mar  1 10:00:02 web-" + n +
                    " CRON[99]: (root) CMD (run-parts /etc/cron.hourly)");
  }
  return lines;
}

void measure(const char* name, const std::shared_ptr<const parsers::Catalog>& catalog,
             const std::vector<std::string>& lines, int rounds) {
  parsers::Parser parser(catalog, false);
  Batch batch;
  std::uint64_t digest = 0;
  std::size_t bytes = 0;
  // Of each batch the quickest round counts, as in parse_shapes_bench.
  std::vector<double> best(lines.size() / kBatch + 1, 1e18);
  for (int round = 0; round < rounds; ++round) {
    digest = 0;
    bytes = 0;
    for (std::size_t at = 0; at < lines.size();) {
      double& slice = best[at / kBatch];
      batch.clear();
      for (std::size_t i = 0; i < kBatch && at < lines.size(); ++i, ++at) {
        batch.add(lines[at], SourceId{0}, at, 1'772'366'400'000'000'000);
      }
      const double start = perf::thread_ns();
      parser.parse(batch);
      slice = std::min(slice, perf::thread_ns() - start);
      bytes += batch.bytes();
      for (const Event& event : batch.events()) digest += event.field_count;
    }
  }
  double sum = 0;
  for (const double slice : best) sum += slice < 1e18 ? slice : 0;
  const auto events = static_cast<double>(lines.size());
  std::printf(
      "parse/%s n=%.0f bytes_per_event=%.0f fields_per_event=%.1f digest=%016llx ns_per_event=%.0f "
      "events_per_s=%.0f\n",
      name, events, static_cast<double>(bytes) / events, static_cast<double>(digest) / events,
      static_cast<unsigned long long>(digest), sum / events, events / sum * 1e9);
}

}  // namespace

int main(int argc, char** argv) {
  bool smoke = false;
  std::string data;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--smoke") smoke = true;
    if (std::string_view(argv[i]) == "--data" && i + 1 < argc) data = argv[++i];
  }
  std::vector<std::string> errors;
  const auto catalog = parsers::Catalog::load({PICKET_SOURCE_DIR "/content/sources"}, errors);
  if (!catalog) return 1;
  const std::size_t count = smoke ? 200 : 50'000;
  measure("windows", *catalog, perf::windows_events(data, count), smoke ? 1 : 10);
  measure("syslog", *catalog, syslog_lines(count), smoke ? 1 : 10);
  return 0;
}
