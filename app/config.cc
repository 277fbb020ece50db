#include "app/config.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>

#include "app/health_record.h"
#include "base/file.h"
#include "base/time.h"
#include "base/yaml_reader.h"
#include "correlator/terms.h"

namespace picket::app {
namespace {

using response::Cidr;

constexpr const char* kSystemConfig = "/etc/picket/picket.yaml";

const std::map<std::string, DoorType, std::less<>> kDoors = {{"syslog_udp", DoorType::kSyslogUdp},
                                                             {"syslog_tcp", DoorType::kSyslogTcp},
                                                             {"file", DoorType::kFile},
                                                             {"http", DoorType::kHttp},
                                                             {"gelf_udp", DoorType::kGelfUdp},
                                                             {"gelf_tcp", DoorType::kGelfTcp}};

std::uint16_t default_port(DoorType door) {
  if (door == DoorType::kGelfUdp || door == DoorType::kGelfTcp) return 12201;
  return door == DoorType::kHttp ? 8441 : 5514;
}

bool is_one_of(const std::string& text, std::initializer_list<std::string_view> known) {
  return std::find(known.begin(), known.end(), text) != known.end();
}

class ConfigReader {
 public:
  ConfigReader(const std::string& path, std::vector<Problem>& problems) : reader_(path, problems) {}

  void read(const YamlNode& root, Config& config) {
    if (root.is_null()) return;
    reader_.check_keys(root, {"data", "rules", "definitions", "geoip", "indicators", "cache", "sources", "api", "systems", "playbooks", "mail",
                              "webhooks", "webhook_allow", "block", "duty", "soc", "yara", "limits", "correlation", "incidents", "watch_sources", "integrity", "retention", "approvers"});
    if (const std::string data = reader_.may_text(root, "data"); !data.empty()) config.data = data;
    for (const YamlNode* rule : reader_.may_list(root, "rules")) config.rules.push_back(rule->scalar);
    for (const YamlNode* folder : reader_.may_list(root, "definitions")) config.definitions.push_back(folder->scalar);
    for (const YamlNode* file : reader_.may_list(root, "geoip")) config.geoip.push_back(file->scalar);
    read_watch(root, config);
    if (const std::string cache = reader_.may_text(root, "cache"); !cache.empty()) config.cache = cache;
    read_indicators(root, config);
    config.systems = reader_.may_text(root, "systems");
    config.playbooks = reader_.may_text(root, "playbooks");
    read_sources(root, config);
    read_api(root, config);
    read_response(root, config);
    read_yara(root, config.payloads);
    read_limits(root, config);
    read_correlation(root, config);
    read_incidents(root, config);
    read_integrity(root, config);
    read_retention(root, config.retention);
    read_approvers(root, config.approvers);
  }

 private:
  void read_watch(const YamlNode& root, Config& config) {
    const std::string text = reader_.may_text(root, "watch_sources");
    if (text.empty() || text == "true") return;
    if (text != "false") reader_.problem(*root.find("watch_sources"), "`watch_sources` is true or false");
    config.watch_sources = false;
  }

  void read_sources(const YamlNode& root, Config& config) {
    const YamlNode* sources = root.find("sources");
    if (sources == nullptr) return;
    config.sources.clear();
    if (!sources->is_list()) {
      reader_.problem(*sources, "`sources` is a list, one entry for each source");
      return;
    }
    std::set<std::string> names;
    for (const YamlNode& node : sources->list) {
      if (!node.is_map()) {
        reader_.problem(node, "a source is a map with name and door");
        continue;
      }
      SourceConfig source = read_source(node);
      if (!source.name.empty() && !names.insert(source.name).second) {
        reader_.problem(node, "two sources are named '" + source.name + "'");
      }
      if (source.name == kHealthSource)
        reader_.problem(node, "the name '" + source.name + "' is kept for what Picket says itself");
      config.sources.push_back(std::move(source));
    }
  }

  void read_indicators(const YamlNode& root, Config& config) {
    for (const YamlNode* node : list_of_maps(root, "indicators")) {
      reader_.check_keys(*node, {"path", "name", "format", "source", "confidence", "level", "valid_from", "expires",
                                 "valid_for"});
      rules::IndicatorFeed feed;
      feed.path = reader_.need_text(*node, "path");
      feed.name = reader_.may_text(*node, "name", 128);
      if (const std::string format = reader_.may_text(*node, "format"); !format.empty()) feed.format = format;
      if (!is_one_of(feed.format, {"auto", "list", "csv", "stix"})) {
        reader_.problem(*node, "format '" + feed.format + "' is unknown; formats of indicators are auto, list, csv and stix");
      }
      feed.source = reader_.may_text(*node, "source");
      feed.confidence = static_cast<int>(reader_.may_integer(*node, "confidence", 0, 100, rules::kConfidenceUnknown));
      if (const std::string level = reader_.may_text(*node, "level"); !level.empty()) {
        feed.level = level_of(level);
        if (level_name(*feed.level) != level) {
          reader_.problem(*node, "level '" + level + "' is unknown; levels are informational, low, medium, high and critical");
        }
      }
      feed.valid_from_ns = read_time(*node, "valid_from", rules::kSinceEver);
      feed.expires_ns = read_time(*node, "expires", rules::kForEver);
      feed.valid_for_ns = read_span(*node, "valid_for");
      config.indicators.push_back(std::move(feed));
    }
  }

  std::int64_t read_time(const YamlNode& node, const char* key, std::int64_t fallback) {
    const std::string text = reader_.may_text(node, key);
    if (text.empty()) return fallback;
    const auto time = parse_time(text.size() == 10 ? text + "T00:00:00Z" : text);
    if (!time) reader_.problem(node, "`" + std::string(key) + "` is a time such as 2026-11-20 or 2026-11-20T08:00:00Z");
    return time ? time->time_ns : fallback;
  }

  // "30d", "12h"; 0 if it is missing.
  std::int64_t read_span(const YamlNode& node, const char* key) {
    const std::string text = reader_.may_text(node, key);
    if (text.empty()) return 0;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string unit(end, text.data() + text.size());
    if (error != std::errc() || number < 1 || number > 36500 || (unit != "d" && unit != "h")) {
      reader_.problem(node, "`" + std::string(key) + "` is a number of days or hours, such as 30d or 12h");
      return 0;
    }
    return number * (unit == "d" ? 24 : 1) * 3600 * 1'000'000'000;
  }

  SourceConfig read_source(const YamlNode& node) {
    reader_.check_keys(node, {"name", "door", "address", "port", "path", "format", "definition", "layer", "system",
                              "zone", "token_file", "multiline"});
    SourceConfig source;
    source.line = node.line;
    source.name = reader_.need_text(node, "name", 128);
    const std::string door = reader_.need_text(node, "door");
    const auto found = kDoors.find(door);
    if (found != kDoors.end()) {
      source.door = found->second;
    } else if (!door.empty()) {
      reader_.problem(node, "door '" + door + "' is unknown; doors are syslog_udp, syslog_tcp, gelf_udp, gelf_tcp, file and http");
    }
    if (const std::string address = reader_.may_text(node, "address"); !address.empty()) {
      source.address = address;
      if (!response::IpAddress::parse(address) && address != "0.0.0.0" && address != "::") {
        reader_.problem(node, "'" + address + "' is no IP address");
      }
    }
    source.port = static_cast<std::uint16_t>(reader_.may_integer(node, "port", 0, 65535, default_port(source.door)));
    source.path = reader_.may_text(node, "path");
    if (source.door == DoorType::kFile && source.path.empty()) reader_.problem(node, "a file source needs `path`");
    read_multiline(node, source);
    if (const std::string format = reader_.may_text(node, "format"); !format.empty()) source.format = format;
    if (!is_one_of(source.format, {"auto", "ndjson", "json", "syslog", "raw", "cef", "leef", "kv", "csv", "xml"})) {
      reader_.problem(node, "format '" + source.format +
                                "' is unknown; formats are auto, ndjson, json, syslog, raw, cef, leef, kv, csv and xml");
    }
    if (source.format == "csv") check_csv(node, source);
    source.definition = reader_.may_text(node, "definition");
    const std::string layer = reader_.may_text(node, "layer");
    source.layer = layer_of(layer);
    if (!layer.empty() && source.layer == Layer::kNone) {
      reader_.problem(node, "layer '" + layer + "' is unknown; layers are network, server, application and endpoint");
    }
    source.system = reader_.may_text(node, "system");
    source.token_file = reader_.may_text(node, "token_file");
    source.zone_offset_s = read_zone(node);
    return source;
  }

  // The first line of a file or body names the columns; a message of a socket has no line before it.
  void check_csv(const YamlNode& node, const SourceConfig& source) {
    if (source.door != DoorType::kFile && source.door != DoorType::kHttp)
      reader_.problem(node, "format csv is for file and http sources, whose first line names the columns");
    if (source.multiline.by != collector::MultilineConfig::By::kNone)
      reader_.problem(node, "format csv reads lines: `multiline` does not go with it");
  }

  void read_multiline(const YamlNode& node, SourceConfig& source) {
    const YamlNode* map = reader_.may_map(node, "multiline");
    if (map == nullptr) return;
    reader_.check_keys(*map, {"by", "pattern", "lines_max", "timeout_ms"});
    if (source.door != DoorType::kFile) reader_.problem(*map, "`multiline` is for file sources");
    const std::string by = reader_.need_text(*map, "by");
    const auto found = collector::multiline_by(by);
    if (!found && !by.empty()) {
      reader_.problem(*map, "`by` is indent, stack, begins, continues, ends or auditd");
    }
    collector::MultilineConfig& config = source.multiline;
    config.by = found.value_or(collector::MultilineConfig::By::kNone);
    config.pattern = reader_.may_text(*map, "pattern");
    config.lines_max = static_cast<std::size_t>(
        reader_.may_integer(*map, "lines_max", 2, 100'000, static_cast<std::int64_t>(config.lines_max)));
    config.timeout = std::chrono::milliseconds(reader_.may_integer(*map, "timeout_ms", 1, 600'000, config.timeout.count()));
    if (const auto joiner = collector::LineJoiner::make(config, 1); !joiner) {
      reader_.problem(*map, "`pattern`: " + joiner.error().what);
    }
  }

  // "+07:00", "-03:30", "Z"
  std::int32_t read_zone(const YamlNode& node) {
    const std::string zone = reader_.may_text(node, "zone");
    if (zone.empty() || zone == "Z") return 0;
    const auto digit = [&](std::size_t i) { return zone[i] >= '0' && zone[i] <= '9' ? zone[i] - '0' : -100; };
    if (zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':') {
      const int hours = digit(1) * 10 + digit(2);
      const int minutes = digit(4) * 10 + digit(5);
      if (hours >= 0 && hours <= 14 && minutes >= 0 && minutes < 60) {
        return (zone[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
      }
    }
    reader_.problem(node, "zone '" + zone + "' is not of the form +07:00");
    return 0;
  }

  void read_api(const YamlNode& root, Config& config) {
    const YamlNode* api = reader_.may_map(root, "api");
    if (api == nullptr) return;
    reader_.check_keys(*api, {"address", "port", "link"});
    if (const std::string address = reader_.may_text(*api, "address"); !address.empty()) config.api_address = address;
    config.api_port = static_cast<std::uint16_t>(reader_.may_integer(*api, "port", 0, 65535, config.api_port));
    config.link_base = reader_.may_text(*api, "link");
  }

  void read_response(const YamlNode& root, Config& config) {
    response::Options& options = config.response;
    if (const YamlNode* mail = reader_.may_map(root, "mail")) {
      reader_.check_keys(*mail, {"url", "tls", "ca_file", "user", "password_file", "from", "from_name", "html"});
      options.notify.mail.url = reader_.need_text(*mail, "url");
      const std::string tls = reader_.may_text(*mail, "tls");
      if (!is_one_of(tls, {"", "required", "none"})) reader_.problem(*mail, "`tls` is required or none");
      if (tls == "none") options.notify.mail.tls = response::MailTls::kNone;
      options.notify.mail.ca_file = reader_.may_text(*mail, "ca_file");
      options.notify.mail.user = reader_.may_text(*mail, "user");
      options.notify.mail.password_file = reader_.may_text(*mail, "password_file");
      options.notify.mail.from = reader_.need_text(*mail, "from");
      options.notify.mail.from_name = reader_.may_text(*mail, "from_name");
    }
    for (const YamlNode* hook : list_of_maps(root, "webhooks")) {
      reader_.check_keys(*hook, {"name", "url", "secret_file"});
      options.notify.webhooks.push_back({.name = reader_.need_text(*hook, "name"),
                                         .url = reader_.need_text(*hook, "url"),
                                         .secret_file = reader_.may_text(*hook, "secret_file")});
    }
    read_networks(root, "webhook_allow", options.notify.webhook_allow);
    read_block(root, options);
    if (const YamlNode* duty = reader_.may_map(root, "duty")) {
      reader_.check_keys(*duty, {"name", "email", "language"});
      options.duty.name = reader_.need_text(*duty, "name");
      options.duty.email = reader_.need_text(*duty, "email");
      options.duty.language = reader_.may_text(*duty, "language");
      if (!is_one_of(options.duty.language, {"", "vi", "en"})) reader_.problem(*duty, "`language` is vi or en");
    }
    if (const YamlNode* soc = reader_.may_map(root, "soc")) {
      reader_.check_keys(*soc, {"name", "phone", "email"});
      if (const std::string name = reader_.may_text(*soc, "name"); !name.empty()) options.soc_name = name;
      if (const std::string phone = reader_.may_text(*soc, "phone"); !phone.empty()) options.soc_phone = phone;
      if (const std::string email = reader_.may_text(*soc, "email"); !email.empty()) options.soc_email = email;
    }
  }

  void read_block(const YamlNode& root, response::Options& options) {
    const YamlNode* block = reader_.may_map(root, "block");
    if (block == nullptr) return;
    reader_.check_keys(*block, {"command", "undo", "never_touch"});
    for (const YamlNode* word : reader_.may_list(*block, "command")) options.enforcement.block.push_back(word->scalar);
    for (const YamlNode* word : reader_.may_list(*block, "undo")) options.enforcement.unblock.push_back(word->scalar);
    read_networks(*block, "never_touch", options.never_touch);
  }

  void read_networks(const YamlNode& map, std::string_view key, std::vector<Cidr>& networks) {
    for (const YamlNode* item : reader_.may_list(map, key)) {
      if (const auto network = Cidr::parse(item->scalar)) {
        networks.push_back(*network);
      } else {
        reader_.problem(*item, "'" + item->scalar + "' is no network, such as 10.0.0.0/8");
      }
    }
  }

  void read_integrity(const YamlNode& root, Config& config) {
    const YamlNode* integrity = reader_.may_map(root, "integrity");
    if (integrity == nullptr) return;
    reader_.check_keys(*integrity, {"head"});
    config.head_file = reader_.may_text(*integrity, "head");
  }

  void read_retention(const YamlNode& root, RetentionConfig& retention) {
    const YamlNode* node = reader_.may_map(root, "retention");
    if (node == nullptr) return;
    reader_.check_keys(*node, {"default", "levels", "sources", "archive"});
    retention.archive = reader_.may_text(*node, "archive");
    if (const YamlNode* usual = node->find("default")) read_days(*usual, retention.usual_ns);
    if (const YamlNode* levels = reader_.may_map(*node, "levels")) {
      reader_.check_keys(*levels, {"1", "2", "3", "4", "5"});
      for (std::size_t level = 1; level <= kSystemLevels; ++level) {
        if (const YamlNode* days = levels->find(std::to_string(level))) read_days(*days, retention.of_level[level]);
      }
    }
    if (const YamlNode* sources = reader_.may_map(*node, "sources")) {
      for (const auto& [name, days] : sources->map) read_days(days, retention.of_source[name.scalar]);
    }
  }

  // Nobody is two of them.
  void read_approvers(const YamlNode& root, std::vector<Approver>& approvers) {
    std::set<std::string> seen;
    for (const YamlNode* node : list_of_maps(root, "approvers")) {
      reader_.check_keys(*node, {"name", "token_sha256"});
      Approver approver{reader_.need_text(*node, "name", 64), reader_.need_text(*node, "token_sha256")};
      const std::string& digest = approver.token_sha256;
      if (digest.size() != 64 || digest.find_first_not_of("0123456789abcdef") != std::string::npos)
        reader_.problem(*node, "`token_sha256` is the SHA-256 of a token, 64 hexadecimal digits in lower case; `picket approver token` prints it");
      if (!seen.insert(approver.name).second) reader_.problem(*node, "two approvers are named '" + approver.name + "'");
      if (!seen.insert(digest).second) reader_.problem(*node, "two approvers have the same token");
      approvers.push_back(std::move(approver));
    }
  }

  // "90d" or "forever".
  void read_days(const YamlNode& node, std::int64_t& time_ns) {
    const std::string& text = node.scalar;
    std::int64_t days = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), days);
    if (text == "forever") {
      time_ns = kForever;
    } else if (error == std::errc() && std::string_view(end, text.data() + text.size()) == "d" && days >= 1 && days <= 36'500) {
      time_ns = days * kDayNs;
    } else {
      reader_.problem(node, "'" + text + "' is no time to keep records: a number of days such as 90d, or forever");
    }
  }

  void read_yara(const YamlNode& root, rules::PayloadOptions& payloads) {
    const YamlNode* yara = reader_.may_map(root, "yara");
    if (yara == nullptr) return;
    reader_.check_keys(*yara, {"fields", "decode", "timeout_ms", "max_bytes"});
    read_fields(*yara, "fields", payloads.fields);
    read_fields(*yara, "decode", payloads.decoded);
    payloads.limits.timeout_ms = static_cast<std::uint32_t>(
        reader_.may_integer(*yara, "timeout_ms", 1, 60'000, payloads.limits.timeout_ms));
    payloads.limits.bytes_max = static_cast<std::size_t>(
        reader_.may_integer(*yara, "max_bytes", 1024, 256 * 1024 * 1024, static_cast<std::int64_t>(payloads.limits.bytes_max)));
  }

  // The names given in place of the usual ones; an empty list is none.
  void read_fields(const YamlNode& map, std::string_view key, std::vector<std::string>& fields) {
    if (map.find(key) == nullptr) return;
    fields.clear();
    for (const YamlNode* name : reader_.may_list(map, key)) {
      if (name->scalar.empty()) reader_.problem(*name, "a field has a name, such as process.command_line");
      fields.push_back(name->scalar);
    }
  }

  void read_incidents(const YamlNode& root, Config& config) {
    const YamlNode* incidents = reader_.may_map(root, "incidents");
    if (incidents == nullptr) return;
    reader_.check_keys(*incidents, {"sla"});
    const YamlNode* sla = reader_.may_map(*incidents, "sla");
    if (sla == nullptr) return;
    reader_.check_keys(*sla, {"informational", "low", "medium", "high", "critical"});
    for (std::size_t level = 0; level < config.sla.of_level.size(); ++level) {
      const YamlNode* times = reader_.may_map(*sla, level_name(static_cast<Level>(level)));
      if (times == nullptr) continue;
      reader_.check_keys(*times, {"acknowledge", "resolve"});
      correlator::SlaTimes& of_level = config.sla.of_level[level];
      read_sla_time(*times, "acknowledge", of_level.acknowledge_ns);
      read_sla_time(*times, "resolve", of_level.resolve_ns);
    }
  }

  // "15m", "4h", "3d"; stays as it is where it is missing.
  void read_sla_time(const YamlNode& node, const char* key, std::int64_t& time_ns) {
    const std::string text = reader_.may_text(node, key);
    if (text.empty()) return;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string unit(end, text.data() + text.size());
    const std::int64_t minutes = unit == "m" ? 1 : unit == "h" ? 60 : unit == "d" ? 24 * 60 : 0;
    if (error != std::errc() || number < 1 || number > 10'000 || minutes == 0) {
      reader_.problem(node, "`" + std::string(key) + "` is a number of minutes, hours or days, such as 15m, 4h or 3d");
      return;
    }
    time_ns = number * minutes * correlator::kMinuteNs;
  }

  void read_limits(const YamlNode& root, Config& config) {
    const YamlNode* limits = reader_.may_map(root, "limits");
    if (limits == nullptr) return;
    reader_.check_keys(*limits, {"frame_bytes", "lateness_hours", "future_minutes", "clock_skew_minutes", "disk_reserve_mb", "rule_budget", "rule_us_per_kb", "slow_rules"});
    config.frame_bytes_max = static_cast<std::size_t>(
        reader_.may_integer(*limits, "frame_bytes", 1024, 1024 * 1024, static_cast<std::int64_t>(config.frame_bytes_max)));
    config.lateness_ns = reader_.may_integer(*limits, "lateness_hours", 0, 168, 24) * 3600 * 1'000'000'000;
    constexpr std::int64_t kMinuteNs = 60LL * 1'000'000'000;
    config.future_max_ns = reader_.may_integer(*limits, "future_minutes", 0, 10'080, config.future_max_ns / kMinuteNs) * kMinuteNs;
    config.clock_skew_ns = reader_.may_integer(*limits, "clock_skew_minutes", 0, 10'080, config.clock_skew_ns / kMinuteNs) * kMinuteNs;
    config.reserve_bytes =
        static_cast<std::uint64_t>(reader_.may_integer(*limits, "disk_reserve_mb", 0, 1'000'000, 64)) * 1024 * 1024;
    rules::BudgetOptions& budget = config.lanes.budget;
    budget.percent = static_cast<double>(
        reader_.may_integer(*limits, "rule_budget", 0, 100, static_cast<std::int64_t>(budget.percent)));
    budget.us_per_kb = static_cast<std::uint64_t>(
        reader_.may_integer(*limits, "rule_us_per_kb", 1, 1'000'000, static_cast<std::int64_t>(budget.us_per_kb)));
    for (const YamlNode* rule : reader_.may_list(*limits, "slow_rules")) config.lanes.slow_rules.push_back(rule->scalar);
  }

  void read_correlation(const YamlNode& root, Config& config) {
    const YamlNode* correlation = reader_.may_map(root, "correlation");
    if (correlation == nullptr) return;
    reader_.check_keys(*correlation, {"threads"});
    config.correlation_threads = static_cast<std::size_t>(reader_.may_integer(
        *correlation, "threads", 1, static_cast<std::int64_t>(correlator::Options::kThreadsMax), 1));
  }

  std::vector<const YamlNode*> list_of_maps(const YamlNode& map, std::string_view key) {
    std::vector<const YamlNode*> all;
    const YamlNode* list = map.find(key);
    if (list == nullptr) return all;
    if (!list->is_list()) reader_.problem(*list, "`" + std::string(key) + "` is a list");
    for (const YamlNode& item : list->list) {
      if (item.is_map()) {
        all.push_back(&item);
      } else {
        reader_.problem(item, "a map is expected here");
      }
    }
    return all;
  }

  YamlReader reader_;
};

void read_file_into(const std::string& path, Config& config, std::vector<Problem>& problems) {
  const Result<YamlNode> root = load_yaml(path);
  if (!root) {
    problems.push_back(problem_of(path, root.error()));
    return;
  }
  if (!root->is_null() && !root->is_map()) {
    problems.push_back({path, root->line, "a configuration is a map of keys"});
    return;
  }
  ConfigReader(path, problems).read(*root, config);
}

}  // namespace

parsers::SourceFormat Config::format_of(std::string_view source) const {
  parsers::SourceFormat format;
  format.future_max_ns = future_max_ns;
  if (source == kHealthSource) format.definition = kHealthDefinition;
  const auto found = std::find_if(sources.begin(), sources.end(), [&](const SourceConfig& one) { return one.name == source; });
  if (found == sources.end()) return format;
  format.format = found->format;
  format.definition = found->definition;
  format.layer = found->layer;
  format.zone_offset_s = found->zone_offset_s;
  return format;
}

Config default_config() {
  const auto source = [](const char* name, DoorType door) {
    SourceConfig made;
    made.name = name;
    made.door = door;
    made.port = default_port(door);
    return made;
  };
  Config config;
  config.sources = {source("syslog-udp", DoorType::kSyslogUdp), source("syslog-tcp", DoorType::kSyslogTcp),
                    source("http", DoorType::kHttp)};
  return config;
}

Result<Config> load_config(const std::string& path, std::vector<std::string>& errors) {
  Config config = default_config();
  config.path = path;
  std::vector<Problem> problems;
  read_file_into(path, config, problems);
  const std::string folder = (std::filesystem::path(path).parent_path() / "conf.d").string();
  if (const Result<std::vector<std::string>> more = list_files(folder, {".yaml"})) {
    for (const std::string& file : *more) read_file_into(file, config, problems);
  }
  for (const Problem& problem : problems) errors.push_back(problem.text());
  if (!problems.empty()) return fail(Errc::kInvalid, path + ": the configuration has errors");
  return config;
}

Result<Config> effective_config(const std::string& given, std::vector<std::string>& errors) {
  if (!given.empty()) return load_config(given, errors);
  std::error_code error;
  if (std::filesystem::exists(kSystemConfig, error)) return load_config(kSystemConfig, errors);
  return default_config();
}

}  // namespace picket::app
