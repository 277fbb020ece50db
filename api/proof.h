// Proof: everything that shows why an alert exists, in one document.
//
// The rule's text with its line numbers, the raw record with the matched bytes lit, the decoded
// fields with the matched ones lit. A correlation has many events: they come a page at a time, the
// page with the trigger first. Slow thread: it reads the store and parses.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "api/ports.h"
#include "base/json.h"
#include "base/result.h"

namespace picket::api {

struct ProofPage {
  std::optional<std::size_t> at;  // index of the first event; unset: the page that has the trigger
  std::size_t limit = 20;
};

inline constexpr std::size_t kRawBytesShown = 64 * 1024;
inline constexpr std::size_t kValueBytesShown = 4 * 1024;
inline constexpr std::size_t kFieldsShown = 400;
inline constexpr std::size_t kRuleLinesShown = 2000;
inline constexpr std::size_t kRulesShown = 16;

// openapi.json has the shape under /api/v1/alerts/{id}/proof. kNotFound if there is no such alert.
Result<Json> alert_proof(const Ports& ports, std::string_view alert_id, const ProofPage& page);

}  // namespace picket::api
