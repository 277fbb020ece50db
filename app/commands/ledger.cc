// picket ledger: the accounting identity per source, with its residual.
#include <cstdio>

#include "app/command.h"
#include "app/open_store.h"
#include "app/terminal.h"
#include "app/words.h"

namespace picket::app {
namespace {

std::uint64_t sum(const std::map<std::string, std::uint64_t>& reasons) {
  std::uint64_t all = 0;
  for (const auto& [reason, n] : reasons) all += n;
  return all;
}

std::string with_reasons(const std::map<std::string, std::uint64_t>& reasons) {
  std::string text = std::to_string(sum(reasons));
  for (const auto& [reason, n] : reasons) text += " " + reason + "=" + std::to_string(n);
  return text;
}

}  // namespace

int run_ledger(const LedgerCommand& command) {
  const auto store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  const auto ledgers = (*store)->ledger();
  if (!ledgers) return complain(ledgers.error().what, kUsageWrong);
  std::vector<std::vector<std::string>> rows;
  std::int64_t residual = 0;
  for (const storage::Ledger& ledger : *ledgers) {
    if (!command.source.empty() && ledger.source != command.source) continue;
    residual += ledger.residual() != 0 ? 1 : 0;
    if (command.json) std::puts(dump_json(storage::to_json(ledger)).c_str());
    rows.push_back({ledger.source, std::to_string(ledger.received), std::to_string(ledger.stored),
                    with_reasons(ledger.rejected), with_reasons(ledger.dropped), std::to_string(ledger.in_flight),
                    std::to_string(ledger.raw), std::to_string(ledger.truncated), std::to_string(ledger.residual())});
  }
  if (!command.source.empty() && rows.empty()) {
    return complain("there is no source named '" + command.source + "'", kUsageWrong);
  }
  if (!command.json) {
    const std::vector<std::string> head = {say("column.source"),    say("column.received"),  say("column.stored"),
                                           say("column.rejected"),  say("column.dropped"),   say("column.in_flight"),
                                           say("column.unparsed"),  say("column.truncated"), say("column.residual")};
    std::fputs(table(head, rows).c_str(), stdout);
  }
  return residual == 0 ? kDone : kFindings;
}

}  // namespace picket::app
