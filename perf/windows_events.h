// Synthetic Windows events for benchmarks: Sysmon's shapes, about 800 bytes and 20 fields each,
// made from a seed. Or the lines of a file of real recordings.
#pragma once

#include <cstdint>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace picket::perf {

class WindowsEvents {
 public:
  explicit WindowsEvents(unsigned seed) : random_(seed) {}

  // The mix: process accesses, registry, image loads, network, and few process creations.
  std::string next() {
    const unsigned kind = draw() % 100;
    if (kind < 45) return event(10, access());
    if (kind < 65) return event(13, registry());
    if (kind < 85) return event(7, load());
    return kind < 97 ? event(3, network()) : event(1, creation());
  }

 private:
  std::string pick(const std::vector<std::string>& from) { return from[draw() % from.size()]; }
  std::string number(unsigned below) { return std::to_string(draw() % below); }
  std::string image() {
    return R"(C:\\)" +
           pick({"Windows\\\\System32", "Program Files\\\\Vendor\\\\Agent",
                 "Users\\\\ann\\\\AppData\\\\Local\\\\Temp"}) +
           R"(\\)" + pick({"svchost", "lsass", "chrome", "agent", "updater", "cmd", "powershell"}) +
           ".exe";
  }
  std::string guid() {
    return "{8A1B2C3D-" + std::to_string(1000 + draw() % 9000) + "-66F0-0000-" +
           std::to_string(1000 + draw() % 9000) + "00000000}";
  }
  static std::string member(const char* name, const std::string& text) {
    return std::string(",\"") + name + "\":\"" + text + "\"";
  }

  std::string access() {
    return member("SourceProcessGUID", guid()) + ",\"SourceProcessId\":" + number(9000) +
           ",\"SourceThreadId\":" + number(9000) + member("SourceImage", image()) +
           member("TargetProcessGUID", guid()) + ",\"TargetProcessId\":" + number(9000) +
           member("TargetImage", image()) + member("GrantedAccess", "0x1" + number(999)) +
           member(
               "CallTrace",
               R"(C:\\Windows\\SYSTEM32\\ntdll.dll+9d4c4|C:\\Windows\\System32\\KERNELBASE.dll+2c13e)") +
           member("SourceUser", R"(NT AUTHORITY\\SYSTEM)");
  }
  std::string registry() {
    return member("EventType", "SetValue") + member("ProcessGuid", guid()) +
           ",\"ProcessId\":" + number(9000) + member("Image", image()) +
           member(
               "TargetObject",
               R"(HKLM\\System\\CurrentControlSet\\Services\\bam\\State\\UserSettings\\S-1-5-21-)" +
                   number(99999) + R"(\\Device)") +
           member("Details", "Binary Data") + member("User", R"(EXAMPLE\\ann)");
  }
  std::string load() {
    return member("ProcessGuid", guid()) + ",\"ProcessId\":" + number(9000) +
           member("Image", image()) + member("ImageLoaded", image()) +
           member("FileVersion", "10.0.19041.1") + member("Description", "A library") +
           member("Product", "Windows") + member("Company", "Vendor") +
           member("Hashes",
                  "SHA256=0011223344556677889900112233445566778899001122334455667788990011") +
           member("Signed", "true");
  }
  std::string network() {
    return member("ProcessGuid", guid()) + ",\"ProcessId\":" + number(9000) +
           member("Image", image()) + member("User", R"(EXAMPLE\\ann)") +
           member("Protocol", "tcp") + member("Initiated", "true") +
           member("SourceIp", "192.0.2." + number(255)) + ",\"SourcePort\":" + number(65535) +
           member("DestinationIp", "198.51.100." + number(255)) +
           member("DestinationHostname", "cdn.example.com") +
           ",\"DestinationPort\":" + number(65535);
  }
  std::string creation() {
    return member("ProcessGuid", guid()) + ",\"ProcessId\":" + number(9000) +
           member("Image", image()) +
           member("CommandLine", R"(\"cmd.exe\" /c dir C:\\Users\\ann\\)" + number(9999)) +
           member("CurrentDirectory", R"(C:\\Users\\ann\\)") + member("User", R"(EXAMPLE\\ann)") +
           member("IntegrityLevel", "Medium") + member("ParentImage", image()) +
           member("ParentCommandLine", R"(C:\\Windows\\explorer.exe)");
  }
  std::string event(int code, const std::string& data) {
    return R"({"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon","Guid":"5770385F-C22A-43E0"}},"EventID":)" +
           std::to_string(code) +
           R"(,"Version":5,"Level":4,"Task":1,"Keywords":"0x8000000000000000","TimeCreated":{"#attributes":{"SystemTime":"2026-03-01T10:02:00.)" +
           std::to_string(100000 + draw() % 900000) + R"(Z"}},"EventRecordID":)" +
           number(9999999) +
           R"(,"Execution":{"#attributes":{"ProcessID":3544,"ThreadID":4264}},"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"pc-)" +
           number(500) +
           R"(.example"},"EventData":{"RuleName":"-","UtcTime":"2026-03-01 10:02:00.120")" + data +
           "}}}";
  }

  unsigned draw() { return static_cast<unsigned>(random_()); }

  std::mt19937 random_;
};

// `path` empty: synthetic.
inline std::vector<std::string> windows_events(const std::string& path, std::size_t count) {
  std::vector<std::string> lines;
  if (path.empty()) {
    WindowsEvents events(1);
    while (lines.size() < count) lines.push_back(events.next());
    return lines;
  }
  std::ifstream file(path);
  for (std::string line; lines.size() < count && std::getline(file, line);) lines.push_back(line);
  return lines;
}

}  // namespace picket::perf
