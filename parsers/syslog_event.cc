#include "parsers/syslog_event.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "event/ecs.h"
#include "parsers/put.h"

namespace picket::parsers {
namespace {

constexpr std::size_t kProgramsMax = 4000;
constexpr std::size_t kParamsMax = 2000;  // of structured data; more are in the raw record alone
constexpr std::size_t kProgramLengthMax = 128;

// "0" to "191", for ever: fields hold text. Of a number the last three bytes of its four.
constexpr std::array<char, std::size_t{192}* 4> kSmallNumbers = [] {
  std::array<char, std::size_t{192} * 4> made{};
  for (std::size_t i = 0; i < made.size() / 4; ++i) {
    made[i * 4 + 1] = static_cast<char>('0' + i / 100);
    made[i * 4 + 2] = static_cast<char>('0' + i / 10 % 10);
    made[i * 4 + 3] = static_cast<char>('0' + i % 10);
  }
  return made;
}();

std::string_view small_number(int value) {
  const std::size_t size = value < 10 ? 1 : value < 100 ? 2 : 3;
  return {kSmallNumbers.data() + static_cast<std::size_t>(value) * 4 + 4 - size, size};
}

// "/usr/sbin/cron" is cron, "CRON" too.
std::string plain_program(std::string_view name) {
  if (name.starts_with('/')) name.remove_prefix(name.rfind('/') + 1);
  std::string plain(name);
  for (char& c : plain) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return plain;
}

// RFC 5424 6.3.3, undone.
std::string_view unescape(std::string_view value, Arena& arena) {
  char* const begin = arena.allocate(value.size());
  char* out = begin;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char next = i + 1 < value.size() ? value[i + 1] : '\0';
    if (value[i] == '\\' && (next == '"' || next == '\\' || next == ']')) ++i;
    *out++ = value[i];
  }
  return {begin, static_cast<std::size_t>(out - begin)};
}

bool kind_is_native(const Definition* definition) {
  return definition != nullptr && definition->steps == nullptr;
}

}  // namespace

bool SyslogEvents::parse(std::string_view text, const Definition* forced,
                         std::int32_t zone_offset_s, Batch& batch, Event& event) {
  Syslog& syslog = envelope_;
  if (!read_rfc5424(text, syslog) &&
      !read_rfc3164(text, event.time_ns, zone_offset_s, day_, syslog)) {
    return false;
  }
  if (syslog.time_ns) event.time_ns = *syslog.time_ns;
  put_envelope(syslog, batch);
  put_structured_data(syslog.structured_data, batch);
  read_content(syslog, forced, zone_offset_s, batch, event);
  return true;
}

void SyslogEvents::put_envelope(const Syslog& syslog, Batch& batch) {
  if (syslog.priority >= 0) {
    batch.push(ecs::kLogSyslogPriority, small_number(syslog.priority), ValueKind::kNumber);
    batch.push(ecs::kLogSyslogFacility, small_number(syslog.priority / 8), ValueKind::kNumber);
    batch.push(ecs::kLogSyslogSeverity, small_number(syslog.priority % 8), ValueKind::kNumber);
  }
  put_number(batch, ecs::kLogSyslogVersion, syslog.version_text);
  put(batch, ecs::kLogSyslogHostname, syslog.hostname);
  put(batch, ecs::kHostName, syslog.hostname);
  put(batch, ecs::kHostHostname, syslog.hostname);
  put(batch, ecs::kLogSyslogAppname, syslog.appname);
  put(batch, ecs::kProcessName, syslog.appname);
  put(batch, ecs::kLogSyslogProcid, syslog.procid);
  put_number(batch, ecs::kProcessPid, syslog.procid);
  put(batch, ecs::kLogSyslogMsgid, syslog.msgid);
  put(batch, ecs::kMessage, syslog.message);
}

void SyslogEvents::put_structured_data(std::string_view data, Batch& batch) {
  std::size_t at = 0;
  std::size_t params = 0;
  SdParam param;
  while (next_sd_param(data, at, param)) {
    if (++params > kParamsMax) return names_->limits().add(Limit::kFields);
    name_ = "log.syslog.structured_data.";
    name_ += param.id;
    if (!param.name.empty()) (name_ += '.') += param.name;
    const std::optional<FieldId> id = names_->field_named(name_);
    if (!id) continue;
    batch.push(*id, param.escaped ? unescape(param.value, batch.arena()) : param.value);
  }
}

void SyslogEvents::read_content(const Syslog& syslog, const Definition* forced,
                                std::int32_t zone_offset_s, Batch& batch, Event& event) {
  std::string_view message = syslog.message;
  if (message.starts_with("@cee:")) message = trim(message.substr(5));
  if (message.starts_with('{') && json_->parse(message, forced, zone_offset_s, batch, event)) {
    event.plain = false;  // it speaks of the message, not of the whole record
    return;
  }
  event.status = ParseStatus::kPartial;
  const std::int64_t envelope_time_ns = event.time_ns;
  first_ = nullptr;
  const bool read = forced != nullptr
                        ? definitions_->run(*forced, syslog.message, zone_offset_s, batch, event)
                        : try_candidates(syslog, zone_offset_s, batch, event);
  if (read) {
    // A native reader knows no better time than the envelope's; steps say so themselves.
    if (syslog.time_ns && kind_is_native(forced != nullptr ? forced : first_))
      event.time_ns = envelope_time_ns;
    return;
  }
  const Program found = program(syslog.appname);
  const Definition* definition = forced != nullptr ? forced : found.definition;
  const bool evident =
      first_ != nullptr && first_->steps != nullptr;  // more than the program's name says
  if (definition == nullptr || evident) definition = forced != nullptr ? forced : first_;
  if (definition == nullptr) return;
  event.kind = definition->kind;
  // A kernel says more than its firewall, a web server more than its access log.
  const bool may_be_other = definition->format == ContentFormat::kNetfilter ||
                            definition->format == ContentFormat::kAccess;
  if (may_be_other && forced == nullptr && any_program() != nullptr)
    event.kind = any_program()->kind;
  const bool named = (found.named || forced != nullptr) && definition->steps == nullptr;
  if (syslog.header && named) event.status = ParseStatus::kParsed;
}

// True, and first_ is the one that read the message; else first_ is the one that had most evidence.
bool SyslogEvents::try_candidates(const Syslog& syslog, std::int32_t zone_offset_s, Batch& batch,
                                  Event& event) {
  recogniser_->begin({batch.record_of(event).raw, syslog.message, syslog.appname});
  while (const Definition* candidate = recogniser_->next()) {
    const bool read = definitions_->run(*candidate, syslog.message, zone_offset_s, batch, event);
    if (read || first_ == nullptr) first_ = candidate;
    if (read) return true;
  }
  return false;
}

SyslogEvents::Program SyslogEvents::program(std::string_view name) {
  if (name.size() > kProgramLengthMax) return {any_program(), false};
  const NameKey key = NameKey::of(name);
  if (const Program* known = programs_.find(key)) return *known;
  const std::string plain = plain_program(name);
  Program made{catalog_->for_program(plain), false};
  if (made.definition != nullptr) {
    const auto& programs = made.definition->programs;
    made.named = std::find(programs.begin(), programs.end(), plain) != programs.end();
  }
  if (programs_.size() < kProgramsMax) programs_.insert(key) = made;
  return made;
}

}  // namespace picket::parsers
