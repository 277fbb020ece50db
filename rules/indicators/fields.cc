#include "rules/indicators/fields.h"

#include <algorithm>
#include <string>

namespace picket::rules {
namespace {

using enum FieldRole;

// ECS 8.17: every field of type ip, those that hold host names, URLs and hashes. Not
// threat.indicator.* and threat.enrichments.*: they say what somebody else has found already.
constexpr std::pair<std::string_view, FieldRole> kFields[] = {
    {"client.address", kHost},
    {"client.domain", kHost},
    {"client.ip", kHost},
    {"client.nat.ip", kHost},
    {"destination.address", kHost},
    {"destination.domain", kHost},
    {"destination.ip", kHost},
    {"destination.nat.ip", kHost},
    {"dns.answers.data", kHost},
    {"dns.question.name", kHost},
    {"dns.resolved_ip", kHost},
    {"email.sender.domain", kHost},
    {"host.ip", kHost},
    {"http.request.headers.host", kHost},
    {"network.forwarded_ip", kHost},
    {"observer.ip", kHost},
    {"related.hosts", kHost},
    {"related.ip", kHost},
    {"server.address", kHost},
    {"server.domain", kHost},
    {"server.ip", kHost},
    {"server.nat.ip", kHost},
    {"source.address", kHost},
    {"source.domain", kHost},
    {"source.ip", kHost},
    {"source.nat.ip", kHost},
    {"tls.client.server_name", kHost},
    {"tls.server.x509.alternative_names", kHost},
    {"tls.server.x509.subject.common_name", kHost},
    {"url.domain", kHost},
    {"http.request.referrer", kUrl},
    {"url.full", kUrl},
    {"url.original", kUrl},
    {"related.hash", kAnyDigest},
    // Original names: Sysmon, Windows Security, Windows Firewall, DNS client, Zeek, Suricata.
    {"ClientAddress", kHost},
    {"ClientIP", kHost},
    {"DestAddress", kHost},
    {"DestinationHostname", kHost},
    {"DestinationIp", kHost},
    {"Destination_IP", kHost},
    {"IpAddress", kHost},
    {"QueryName", kHost},
    {"SourceAddress", kHost},
    {"SourceHostname", kHost},
    {"SourceIp", kHost},
    {"dest_ip", kHost},
    {"id.orig_h", kHost},
    {"id.resp_h", kHost},
    {"query", kHost},
    {"server_name", kHost},
    {"sourceIPAddress", kHost},
    {"src_ip", kHost},
    {"QueryResults", kHosts},
    {"Hash", kDigests},
    {"Hashes", kDigests},
    {"Imphash", kImphash},
    {"Md5", kMd5},
    {"Sha1", kSha1},
    {"Sha256", kSha256},
    {"md5", kMd5},
    {"sha1", kSha1},
    {"sha256", kSha256},
};

constexpr std::string_view kHashed[] = {"file", "process", "process.parent", "dll",
                                        "email.attachments.file"};
constexpr std::pair<std::string_view, FieldRole> kHashes[] = {
    {".hash.md5", kMd5},       {".hash.sha1", kSha1},     {".hash.sha256", kSha256},
    {".hash.sha512", kSha512}, {".pe.imphash", kImphash},
};

std::vector<std::pair<std::string_view, FieldRole>> make_fields() {
  static std::vector<std::string> names;  // hold what is put together here
  names.reserve(std::size(kHashed) * std::size(kHashes));
  std::vector<std::pair<std::string_view, FieldRole>> fields(std::begin(kFields),
                                                             std::end(kFields));
  for (const std::string_view object : kHashed) {
    for (const auto& [hash, role] : kHashes) {
      names.push_back(std::string(object) + std::string(hash));
      fields.emplace_back(names.back(), role);
    }
  }
  std::sort(fields.begin(), fields.end());
  return fields;
}

}  // namespace

const std::vector<std::pair<std::string_view, FieldRole>>& indicator_fields() {
  static const std::vector<std::pair<std::string_view, FieldRole>> fields = make_fields();
  return fields;
}

IndicatorFields::IndicatorFields()
    : by_kind_(std::make_unique<std::array<Lazy<Roles>, Interner::kNamesMax>>()) {
  for (const auto& [name, role] : indicator_fields()) {
    const std::optional<FieldId> id = intern_field(name);
    if (!id) continue;
    const auto index = static_cast<std::size_t>(*id);
    if (named_.size() <= index) named_.resize(index + 1, FieldRole::kNone);
    named_[index] = role;
  }
}

std::unique_ptr<const IndicatorFields::Roles> IndicatorFields::make_roles(KindId kind) const {
  auto roles = std::make_unique<Roles>(named_);
  for (const auto& [ecs, original] : kind_of(kind).aliases) {
    const auto name = static_cast<std::size_t>(ecs);
    const auto index = static_cast<std::size_t>(original);
    if (name >= named_.size() || named_[name] == FieldRole::kNone) continue;
    if (roles->size() <= index) roles->resize(index + 1, FieldRole::kNone);
    // What the original holds in detail is in the table under its own name.
    if ((*roles)[index] == FieldRole::kNone) (*roles)[index] = named_[name];
  }
  return roles;
}

}  // namespace picket::rules
