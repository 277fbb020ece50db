// Config: one YAML file (and conf.d/ beside it), read whole or not at all.
//
// All errors are found in one reading, each with file and line; an unknown key names the nearest known
// one. docs/configuration.md is the reference. Plain values; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "app/approver.h"
#include "app/retention.h"
#include "app/rule_lanes.h"
#include "base/result.h"
#include "collector/line_joiner.h"
#include "correlator/sla.h"
#include "event/record.h"
#include "parsers/parser.h"
#include "response/options.h"
#include "rules/indicators/indicator.h"
#include "rules/payload.h"

namespace picket::app {

enum class DoorType : std::uint8_t { kSyslogUdp, kSyslogTcp, kFile, kHttp, kGelfUdp, kGelfTcp };

struct SourceConfig {
  std::string name;
  DoorType door = DoorType::kSyslogUdp;
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string path;        // of a file
  collector::MultilineConfig multiline = {};  // of a file
  std::string format = "auto";
  std::string definition;
  Layer layer = Layer::kNone;
  std::string system;
  std::int32_t zone_offset_s = 0;
  std::string token_file;  // HTTP: requests must carry this bearer token; empty: nobody is asked
  int line = 0;
};

struct Config {
  std::string path;                  // of the file; empty: the built-in default
  std::string data = "./picket-data";
  std::vector<std::string> rules;    // empty: the shipped ones
  std::vector<std::string> definitions;  // folders of source definitions beside the shipped ones
  std::vector<std::string> geoip;    // databases of geoip steps
  std::vector<rules::IndicatorFeed> indicators;
  std::string cache;                 // folder of the cache of rules; empty: in `data`; "none": there is none
  std::vector<SourceConfig> sources;
  std::string api_address = "127.0.0.1";
  std::uint16_t api_port = 8440;
  std::string systems;               // file; empty: none
  std::string playbooks;             // folder; empty: none
  std::string link_base;             // of the console, in messages
  response::Options response;
  rules::PayloadOptions payloads;
  std::size_t frame_bytes_max = 64 * 1024;
  std::int64_t lateness_ns = 24LL * 3600 * 1'000'000'000;
  std::size_t correlation_threads = 1;  // 1 to correlator::Options::kThreadsMax
  std::int64_t future_max_ns = 5LL * 60 * 1'000'000'000;  // event times further ahead are clamped
  std::int64_t clock_skew_ns = 5LL * 60 * 1'000'000'000;  // warned about when it is more; 0: never
  RetentionConfig retention;
  std::vector<Approver> approvers;  // of what needs more than one person
  std::uint64_t reserve_bytes = 64ULL * 1024 * 1024;
  LaneOptions lanes;  // of rules that cost too much
  bool watch_sources = true;  // tell when one is silent, slow or floods
  correlator::Sla sla;  // by when incidents are acknowledged and resolved
  std::string head_file;  // heads of the chain go there too; empty: nowhere
  bool sync = true;  // never false in a file: the crash tests' negative control

  // How records of a source are read; one that is not configured (any more) is read like any.
  parsers::SourceFormat format_of(std::string_view source) const;

  // The folder that `cache` means; empty: none.
  std::string rule_cache() const { return cache == "none" ? "" : cache.empty() ? data + "/cache" : cache; }
};

// Syslog on 5514 (UDP and TCP), HTTP on 8441, the console on 8440, all on loopback; no playbooks.
Config default_config();

// Adds every error to `errors` ("path:line: reason") and fails if there is any.
Result<Config> load_config(const std::string& path, std::vector<std::string>& errors);

// The configuration that a command means: `given`, else /etc/picket/picket.yaml if it is there, else
// the default.
Result<Config> effective_config(const std::string& given, std::vector<std::string>& errors);

}  // namespace picket::app
