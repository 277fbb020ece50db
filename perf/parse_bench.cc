// The whole parser, records to events with ECS names, in batches of 1,000: Windows JSON, syslog and
// the lines of five kinds of source; then the envelopes of syslog alone.
//   parse_bench [--smoke] [--data FILE] [--only NAME]
//
// Each kind of line is read twice: recognised from nothing ("parse/NAME"), and with its definition
// named for the source ("parse/NAME_named"), which is the one that is recognised: a line of nginx
// that nobody names looks as one of Apache does. "recognition/NAME" is what the first takes more,
// as a share of it.
#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parsers/catalog.h"
#include "parsers/parser.h"
#include "parsers/syslog.h"
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

// `count` lines of one kind; "{n}" in a line is a number that changes.
std::vector<std::string> lines_of(std::string_view line, std::size_t count) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < count; ++i) {
    std::string made(line);
    for (std::size_t at = made.find("{n}"); at != std::string::npos; at = made.find("{n}", at)) {
      made.replace(at, 3, std::to_string(i % 250));
    }
    lines.push_back(std::move(made));
  }
  return lines;
}

constexpr std::string_view kSshd =
    "<86>Mar  1 10:00:01 web-{n} sshd[22{n}]: Failed password for invalid user admin from "
    "203.0.113.{n} port 40122 ssh2";
constexpr std::string_view kRfc5424 =
    "<30>1 2026-03-01T10:00:00.003Z app-{n} billing 812 - - invoice {n} sent to customer";
constexpr std::string_view kIptables =
    "<4>Mar  1 10:00:01 fw kernel: [1.{n}] DROP IN=eth0 OUT= "
    "MAC=00:11:22:33:44:55:66:77:88:99:aa:bb:08:00 SRC=203.0.113.{n} DST=192.0.2.2 LEN=60 TOS=0x00 "
    "PREC=0x00 TTL=52 ID=4{n} DF PROTO=TCP SPT=40{n} DPT=22 WINDOW=64240 RES=0x00 SYN URGP=0";
constexpr std::string_view kNginx =
    "203.0.113.{n} - - [01/Mar/2026:09:59:00 +0000] \"GET /index.php?id={n} HTTP/1.1\" 200 312 "
    "\"https://www.example.org/\" \"Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0\"";
constexpr std::string_view kFortigate =
    "<189>date=2026-03-01 time=10:00:01 devname=\"fg-edge\" devid=\"FG100F0000000001\" "
    "eventtime=1772355601000000{n} tz=\"+0000\" logid=\"0000000013\" type=\"traffic\" "
    "subtype=\"forward\" level=\"notice\" vd=\"root\" srcip=192.0.2.{n} srcport=51{n} "
    "srcintf=\"port2\" srcintfrole=\"lan\" dstip=198.51.100.7 dstport=443 dstintf=\"wan1\" "
    "dstintfrole=\"wan\" srccountry=\"Reserved\" dstcountry=\"Germany\" sessionid=47{n} proto=6 "
    "action=\"close\" policyid=12 policytype=\"policy\" service=\"HTTPS\" trandisp=\"snat\" "
    "duration=31 sentbyte=1200 rcvdbyte=48000 sentpkt=12 rcvdpkt=40 appcat=\"unscanned\"";
constexpr std::string_view kAsa =
    "<166>Mar  1 2026 10:00:01 asa-1 : %ASA-6-302013: Built outbound TCP connection 47{n} for "
    "outside:198.51.100.7/443 (198.51.100.7/443) to inside:192.0.2.{n}/51000 (203.0.113.1/51000)";
constexpr std::string_view kSuricata =
    "{\"timestamp\":\"2026-03-01T10:00:01.000001+0000\",\"flow_id\":1{n},\"in_iface\":\"eth0\","
    "\"event_type\":\"alert\",\"src_ip\":\"203.0.113.{n}\",\"src_port\":40001,\"dest_ip\":"
    "\"192.0.2.20\",\"dest_port\":80,\"proto\":\"TCP\",\"alert\":{\"action\":\"allowed\",\"gid\":1,"
    "\"signature_id\":2100498,\"signature\":\"ID CHECK returned root\",\"category\":\"Bad "
    "Traffic\",\"severity\":2},\"app_proto\":\"http\"}";

// One parser over all lines, again and again. Of each batch the quickest round counts, as in
// parse_shapes_bench.
class Measured {
 public:
  Measured(std::string name, const std::shared_ptr<const parsers::Catalog>& catalog,
           const std::vector<std::string>& lines, const std::string& definition = {})
      : name_(std::move(name)),
        lines_(lines),
        parser_(catalog, false),
        best_(lines.size() / kBatch + 1, 1e18) {
    parser_.set_source(SourceId{0}, {.definition = definition});
  }

  void round() {
    digest_ = 0;
    bytes_ = 0;
    for (std::size_t at = 0; at < lines_.size();) at = batch(at);
  }
  // Nanoseconds an event.
  double print() const {
    double sum = 0;
    for (const double slice : best_) sum += slice < 1e18 ? slice : 0;
    const auto events = static_cast<double>(lines_.size());
    std::printf(
        "parse/%s n=%.0f bytes_per_event=%.0f fields_per_event=%.1f digest=%016llx "
        "ns_per_event=%.0f events_per_s=%.0f\n",
        name_.c_str(), events, static_cast<double>(bytes_) / events,
        static_cast<double>(digest_) / events, static_cast<unsigned long long>(digest_),
        sum / events, events / sum * 1e9);
    return sum / events;
  }

 private:
  std::size_t batch(std::size_t at) {
    double& slice = best_[at / kBatch];
    batch_.clear();
    for (std::size_t i = 0; i < kBatch && at < lines_.size(); ++i, ++at) {
      batch_.add(lines_[at], SourceId{0}, at, 1'772'366'400'000'000'000);
    }
    const double start = perf::thread_ns();
    parser_.parse(batch_);
    slice = std::min(slice, perf::thread_ns() - start);
    bytes_ += batch_.bytes();
    for (const Event& event : batch_.events()) digest_ += event.field_count;
    return at;
  }

  std::string name_;
  const std::vector<std::string>& lines_;
  parsers::Parser parser_;
  std::vector<double> best_;  // by batch
  Batch batch_;
  std::uint64_t digest_ = 0;
  std::size_t bytes_ = 0;
};

void measure(const std::string& name, const std::shared_ptr<const parsers::Catalog>& catalog,
             const std::vector<std::string>& lines, int rounds) {
  Measured measured(name, catalog, lines);
  for (int i = 0; i < rounds; ++i) measured.round();
  (void)measured.print();
}

// Recognised and named, round by round by turns: what else the machine does meets both.
void measure_both(const std::string& name, const std::shared_ptr<const parsers::Catalog>& catalog,
                  const std::vector<std::string>& lines, int rounds,
                  const std::string& definition) {
  Measured recognised(name, catalog, lines);
  Measured named(name + "_named", catalog, lines, definition);
  for (int i = 0; i < rounds; ++i) {
    recognised.round();
    named.round();
  }
  const double found = recognised.print();
  const double given = named.print();
  const double share = rounds == 1 ? 0 : std::max(0.0, (found - given) / found);
  std::printf("recognition/%s n=%zu digest=%016llx share=%.0f%%\n", name.c_str(), lines.size(),
              static_cast<unsigned long long>(lines.size()), share * 100);
}

// Headers alone: reads(line, out) for each, of all rounds the best.
template <class Read>
void measure_header(const char* name, const std::vector<std::string>& lines, int rounds,
                    Read reads) {
  std::uint64_t digest = 0;
  double best = 1e18;
  for (int round = 0; round < rounds; ++round) {
    digest = 0;
    const double start = perf::thread_ns();
    for (const std::string& line : lines) {
      parsers::Syslog syslog;
      if (reads(line, syslog)) digest += syslog.appname.size() + syslog.message.size();
    }
    best = std::min(best, perf::thread_ns() - start);
  }
  const auto n = static_cast<double>(lines.size());
  std::printf("header/%s n=%.0f digest=%016llx ns_per_line=%.0f lines_per_s=%.0f\n", name, n,
              static_cast<unsigned long long>(digest), best / n, n / best * 1e9);
}

void measure_headers(std::size_t count, int rounds) {
  parsers::BsdDay day;
  measure_header("rfc3164", lines_of(kSshd, count), rounds,
                 [&day](const std::string& line, parsers::Syslog& out) {
                   return parsers::read_rfc3164(line, 1'772'366'400'000'000'000, 0, day, out);
                 });
  measure_header("rfc5424", lines_of(kRfc5424, count), rounds,
                 [](const std::string& line, parsers::Syslog& out) {
                   return parsers::read_rfc5424(line, out);
                 });
}

}  // namespace

int main(int argc, char** argv) {
  bool smoke = false;
  std::string data;
  std::string only;  // of the kinds of lines; empty: all
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--smoke") smoke = true;
    if (std::string_view(argv[i]) == "--data" && i + 1 < argc) data = argv[++i];
    if (std::string_view(argv[i]) == "--only" && i + 1 < argc) only = argv[++i];
  }
  std::vector<std::string> errors;
  const auto catalog = parsers::Catalog::load({PICKET_SOURCE_DIR "/content/sources"}, errors);
  if (!catalog) return 1;
  const std::size_t count = smoke ? 200 : 50'000;
  if (only.empty()) {
    measure("windows", *catalog, perf::windows_events(data, count), smoke ? 1 : 10);
    measure("syslog", *catalog, syslog_lines(count), smoke ? 1 : 10);
    measure_headers(count, smoke ? 1 : 10);
  }
  struct Kind {
    const char* name;
    const char* definition;
    std::string_view line;
  };
  constexpr std::array<Kind, 6> kKinds = {{{"sshd", "linux-sshd", kSshd},
                                           {"iptables", "iptables", kIptables},
                                           {"nginx", "apache-access", kNginx},
                                           {"fortigate", "fortinet-fortigate", kFortigate},
                                           {"asa", "cisco-asa", kAsa},
                                           {"suricata", "suricata-eve", kSuricata}}};
  for (const Kind& kind : kKinds) {
    if (!only.empty() && only != kind.name) continue;
    measure_both(kind.name, *catalog, lines_of(kind.line, count), smoke ? 1 : 10, kind.definition);
  }
  return 0;
}
