// The readers of leaf formats alone: a text to its pairs.
//   formats_bench [--smoke]
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "parsers/formats/cef.h"
#include "parsers/formats/csv.h"
#include "parsers/formats/kv.h"
#include "parsers/formats/leef.h"
#include "parsers/formats/w3c.h"
#include "parsers/formats/windows_xml.h"
#include "perf/thread_time.h"

namespace {

using namespace picket;
using parsers::Pair;

// `read` takes (text, arena, pairs). Of ten rounds the quickest counts.
template <class Read>
void measure(const char* name, std::string_view text, int n, Read read) {
  Arena arena;
  std::vector<Pair> pairs;
  std::uint64_t digest = 0;
  double best = 1e18;
  for (int round = 0; round < 10; ++round) {
    digest = 0;
    const double start = perf::thread_ns();
    for (int i = 0; i < n; ++i) {
      if (i % 1000 == 0) arena.reset();
      pairs.clear();
      read(text, arena, pairs);
      digest = digest * 31 + pairs.size();
    }
    best = std::min(best, perf::thread_ns() - start);
  }
  std::printf("formats/%s n=%d bytes=%zu pairs=%zu digest=%016llx ns=%.0f per_s=%.0f\n", name, n,
              text.size(), pairs.size(), static_cast<unsigned long long>(digest), best / n,
              n / best * 1e9);
}

constexpr std::string_view kFortigate =
    R"(date=2026-03-01 time=10:00:01 devname="edge-fw" devid="FG100E" eventtime=1772359201000000000 tz="+0000" )"
    R"(logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=192.0.2.10 srcport=50463 )"
    R"(srcintf="port1" srcintfrole="lan" dstip=198.51.100.7 dstport=443 dstintf="wan1" dstintfrole="wan" )"
    R"(sessionid=2193276 proto=6 action="accept" policyid=3 policytype="policy" service="HTTPS" trandisp="snat" )"
    R"(transip=203.0.113.2 transport=50463 duration=10 sentbyte=4711 rcvdbyte=815 sentpkt=12 rcvdpkt=9 appcat="unscanned")";
constexpr std::string_view kAudit =
    R"(type=SYSCALL msg=audit(1772359201.123:4711): arch=c000003e syscall=59 success=yes exit=0 a0=55d a1=55e )"
    R"(items=2 ppid=1000 pid=1001 auid=1000 uid=0 gid=0 euid=0 tty=pts0 ses=3 comm="sh" exe="/usr/bin/dash" key="exec")";
constexpr std::string_view kCef =
    R"(CEF:0|Vendor|Product|1.0|100|Worm successfully stopped|10|src=192.0.2.10 dst=198.51.100.7 spt=1232 dpt=443 )"
    R"(proto=TCP act=blocked msg=A long text with many words request=http://example.test/?a\=b cs1Label=Rule cs1=deny all)";
constexpr std::string_view kLeef =
    "LEEF:2.0|Vendor|Product|1.0|100|^|src=192.0.2.10^dst=198.51.100.7^srcPort=1232^dstPort=443^"
    "proto=TCP^"
    "usrName=an^cat=Worm^sev=5";
constexpr std::string_view kPanos =
    R"(1,2026/03/01 10:00:01,001701003551,TRAFFIC,end,2049,2026/03/01 10:00:01,192.0.2.10,198.51.100.7,203.0.113.2,)"
    R"(198.51.100.7,"rule, one",an,,web-browsing,vsys1,trust,untrust,ethernet1/2,ethernet1/1,fwd,2026/03/01 10:00:01,)"
    R"(25149,1,54046,443,64250,443,0x400053,tcp,allow,5976,1166,4810,22,2026/03/01 10:00:01,1,any,0,4711,0x0)";
constexpr std::string_view kIis =
    "2026-03-01 10:00:01 192.0.2.1 GET /app/index.aspx id=17 443 - 198.51.100.7 "
    "Mozilla/5.0+(X11;+Linux) - 200 0 0 15";
constexpr std::string_view kIisFields =
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
    "cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken";
constexpr std::string_view kXml =
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
    "Name='Microsoft-Windows-Security-Auditing' "
    "Guid='{54849625-5478-4994-A5BA-3E3B0328C30D}'/><EventID>4624</EventID>"
    "<Version>2</Version><Level>0</Level><Task>12544</Task><Opcode>0</"
    "Opcode><Keywords>0x8020000000000000</Keywords>"
    "<TimeCreated "
    "SystemTime='2026-03-01T10:00:01.123456700Z'/><EventRecordID>4711</EventRecordID><Correlation/>"
    "<Execution ProcessID='712' "
    "ThreadID='4028'/><Channel>Security</Channel><Computer>ws1.example.test</Computer>"
    "<Security/></System><EventData><Data Name='SubjectUserSid'>S-1-5-18</Data><Data "
    "Name='SubjectUserName'>WS1$</Data>"
    "<Data Name='TargetUserName'>an</Data><Data Name='LogonType'>3</Data><Data "
    "Name='IpAddress'>192.0.2.10</Data>"
    "<Data Name='IpPort'>50463</Data><Data "
    "Name='ProcessName'>C:\\Windows\\System32\\lsass.exe</Data></EventData></Event>";

}  // namespace

int main(int argc, char** argv) {
  const bool smoke = argc > 1 && std::string_view(argv[1]) == "--smoke";
  const int n = smoke ? 200 : 100'000;
  const auto kv = [](const parsers::KvStyle& style) {
    return [&style](std::string_view text, Arena& arena, std::vector<Pair>& pairs) {
      return parsers::read_kv(text, style, arena, pairs);
    };
  };
  measure("fortigate", kFortigate, n, kv(parsers::kFortigateStyle));
  measure("auditd", kAudit, n, kv(parsers::kAuditdStyle));
  measure("cef", kCef, n, parsers::read_cef);
  measure("leef", kLeef, n, parsers::read_leef);
  std::vector<std::string_view> values;
  measure("csv", kPanos, n,
          [&values](std::string_view text, Arena& arena, std::vector<Pair>& pairs) {
            values.clear();
            parsers::read_csv(text, {}, arena, values);
            pairs.resize(values.size());
          });
  std::vector<std::string> columns;
  (void)parsers::read_w3c_fields(kIisFields, columns);
  measure("w3c", kIis, n,
          [&columns](std::string_view text, Arena& arena, std::vector<Pair>& pairs) {
            return parsers::read_w3c(text, columns, arena, pairs);
          });
  measure("windows_xml", kXml, n,
          [](std::string_view text, Arena& arena, std::vector<Pair>& pairs) {
            std::size_t system = 0;
            return parsers::read_windows_xml(text, arena, pairs, system);
          });
  return 0;
}
