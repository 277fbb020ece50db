#include "app/period.h"

#include "base/time.h"

namespace picket::app {
namespace {

bool read_bound(const std::string& text, std::int64_t& bound) {
  if (text.empty()) return true;
  const auto parsed = parse_time(text);
  if (parsed) bound = parsed->time_ns;
  return parsed.has_value();
}

}  // namespace

Result<Period> read_period(const std::string& from, const std::string& to) {
  Period period;
  if (!read_bound(from, period.from_ns) || !read_bound(to, period.to_ns))
    return fail(Errc::kInvalid, "--from and --to take a time such as 2026-11-20T08:00:00Z");
  if (period.from_ns >= period.to_ns) return fail(Errc::kInvalid, "--from must be before --to");
  return period;
}

std::uint64_t stored_bytes(const storage::Store& store) {
  std::uint64_t bytes = 0;
  const auto ledgers = store.ledger();
  if (!ledgers) return 0;
  for (const storage::Ledger& one : *ledgers) bytes += one.bytes;
  return bytes;
}

}  // namespace picket::app
