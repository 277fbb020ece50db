#include "storage/ledger.h"

#include <algorithm>

#include "storage/encoding.h"

namespace picket::storage {
namespace {

using Reasons = std::map<std::string, std::uint64_t>;

std::uint64_t sum(const Reasons& reasons) {
  std::uint64_t total = 0;
  for (const auto& [reason, n] : reasons) total += n;
  return total;
}

Json to_json(const Reasons& reasons) {
  Json json = Json::object();
  for (const auto& [reason, n] : reasons) json[reason] = n;
  return json;
}

void put_reasons(std::string& out, const Reasons& reasons) {
  put_varint(out, reasons.size());
  for (const auto& [reason, n] : reasons) {
    put_text(out, reason);
    put_varint(out, n);
  }
}

Reasons read_reasons(Reader& in) {
  Reasons reasons;
  const std::uint64_t count = in.varint();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view reason = in.text();
    reasons[std::string(reason)] = in.varint();
  }
  return reasons;
}

}  // namespace

std::int64_t Ledger::residual() const {
  return static_cast<std::int64_t>(received - stored - sum(rejected) - sum(dropped) - in_flight);
}

Json to_json(const Ledger& ledger) {
  return {{"source", ledger.source},
          {"received", ledger.received},
          {"stored", ledger.stored},
          {"parsed", ledger.parsed},
          {"partial", ledger.partial},
          {"raw", ledger.raw},
          {"truncated", ledger.truncated},
          {"bytes", ledger.bytes},
          {"rejected", to_json(ledger.rejected)},
          {"dropped", to_json(ledger.dropped)},
          {"in_flight", ledger.in_flight},
          {"residual", ledger.residual()}};
}

void count_reason(Reasons& reasons, std::string_view reason, std::uint64_t n) {
  if (n == 0) return;
  std::string name(reason);
  if (reasons.size() >= kReasonsMax && !reasons.contains(name)) name = "other";
  reasons[name] += n;
}

void add(LedgerLine& line, const LedgerLine& more) {
  Ledger& to = line.ledger;
  const Ledger& from = more.ledger;
  to.received += from.received;
  to.stored += from.stored;
  to.parsed += from.parsed;
  to.partial += from.partial;
  to.raw += from.raw;
  to.truncated += from.truncated;
  to.bytes += from.bytes;
  for (const auto& [reason, n] : from.rejected) count_reason(to.rejected, reason, n);
  for (const auto& [reason, n] : from.dropped) count_reason(to.dropped, reason, n);
  line.next_seq = std::max(line.next_seq, more.next_seq);
}

std::string encode(const LedgerLine& line) {
  const Ledger& ledger = line.ledger;
  std::string out(1, kValueVersion);
  for (const std::uint64_t n : {line.next_seq, ledger.received, ledger.stored, ledger.parsed,
                                ledger.partial, ledger.raw, ledger.truncated, ledger.bytes}) {
    put_varint(out, n);
  }
  put_reasons(out, ledger.rejected);
  put_reasons(out, ledger.dropped);
  return out;
}

Result<LedgerLine> decode_ledger_line(std::string_view value, std::string_view source) {
  PICKET_TRY(const std::string_view body,
             unwrap_value(value, "ledger line of " + std::string(source)));
  Reader in(body);
  LedgerLine line;
  Ledger& ledger = line.ledger;
  ledger.source = source;
  for (std::uint64_t* n : {&line.next_seq, &ledger.received, &ledger.stored, &ledger.parsed,
                           &ledger.partial, &ledger.raw, &ledger.truncated, &ledger.bytes}) {
    *n = in.varint();
  }
  ledger.rejected = read_reasons(in);
  ledger.dropped = read_reasons(in);
  if (!in.done())
    return fail(Errc::kCorrupt, "store: ledger line of " + std::string(source) + " is damaged");
  return line;
}

}  // namespace picket::storage
