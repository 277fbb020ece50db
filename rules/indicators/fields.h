// Which fields of an event hold what indicators are of: the ECS fields of type ip, host names, URLs
// and hashes, and the original names of Windows events that ECS splits or does not know (Hashes,
// QueryResults).
//
// Resolved once a kind of event, so that an event without any such field costs one look at each of
// its fields. Immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/interner.h"
#include "base/lazy.h"
#include "event/field.h"
#include "event/kind.h"

namespace picket::rules {

enum class FieldRole : std::uint8_t {
  kNone,
  kHost,   // an address or a host name
  kHosts,  // several, with ';', ',' or blanks between
  kUrl,    // a URL, and the host in it
  kMd5,
  kSha1,
  kSha256,
  kSha512,
  kImphash,
  kAnyDigest,  // a hash of whatever kind
  kDigests,    // "SHA1=...,MD5=..."
};

// Every field name that has a role, for the reference of formats and for tests.
const std::vector<std::pair<std::string_view, FieldRole>>& indicator_fields();

class IndicatorFields {
 public:
  // Tells the field table all names, so that parsers made afterwards keep these fields.
  IndicatorFields();

  // By field id; a field beyond the end has no role. Empty when no field of the kind may have one.
  using Roles = std::vector<FieldRole>;
  const Roles& roles(KindId kind) const {
    return (*by_kind_)[static_cast<std::size_t>(kind)].get([&] { return make_roles(kind); });
  }

 private:
  std::unique_ptr<const Roles> make_roles(KindId kind) const;

  Roles named_;  // by field id, whatever the kind
  std::unique_ptr<std::array<Lazy<Roles>, Interner::kNamesMax>> by_kind_;
};

}  // namespace picket::rules
