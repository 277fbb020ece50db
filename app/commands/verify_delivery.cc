// picket verify-delivery: sends numbered records, and compares what a store has with what was acknowledged.
#include <curl/curl.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "app/command.h"
#include "app/delivery_journal.h"
#include "app/open_store.h"
#include "app/signals.h"
#include "app/terminal.h"
#include "app/words.h"
#include "base/hash.h"
#include "storage/query.h"

namespace picket::app {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBetweenTries{200};
constexpr std::size_t kNumbersTold = 10;

std::string fresh_run() {
  std::random_device random;
  std::string seed;
  for (int i = 0; i < 4; ++i) seed += std::to_string(random()) + " ";
  return hash128_hex(seed).substr(0, 16);
}

std::size_t ignore(char*, std::size_t size, std::size_t count, void*) {
  return size * count;
}

// POSTs batches to a door, over one connection.
class Sender {
 public:
  explicit Sender(const DeliveryCommand& command) : url_(command.url + "/ingest"), curl_(curl_easy_init(), curl_easy_cleanup) {
    headers_ = curl_slist_append(headers_, "Content-Type: application/x-ndjson");
    if (!command.token.empty()) headers_ = curl_slist_append(headers_, ("Authorization: Bearer " + command.token).c_str());
    curl_easy_setopt(curl_.get(), CURLOPT_URL, url_.c_str());
    curl_easy_setopt(curl_.get(), CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(curl_.get(), CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl_.get(), CURLOPT_TIMEOUT_MS, 30'000L);
    curl_easy_setopt(curl_.get(), CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl_.get(), CURLOPT_WRITEFUNCTION, ignore);
  }
  ~Sender() { curl_slist_free_all(headers_); }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // kBusy: try again; kInvalid: the door does not want it.
  Result<void> send(const std::string& body) {
    curl_easy_setopt(curl_.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(curl_.get(), CURLOPT_POSTFIELDS, body.c_str());
    const CURLcode done = curl_easy_perform(curl_.get());
    if (done != CURLE_OK) return fail(Errc::kBusy, url_ + ": " + curl_easy_strerror(done));
    long status = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status == 200) return {};
    const bool again = status == 429 || status >= 500;
    return fail(again ? Errc::kBusy : Errc::kInvalid, url_ + ": HTTP " + std::to_string(status));
  }

 private:
  std::string url_;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;
  curl_slist* headers_ = nullptr;
};

// One batch, again and again until it is acknowledged or patience ends.
Result<void> deliver(Sender& sender, DeliveryJournal& journal, std::uint64_t first, std::uint64_t behind,
                     const DeliveryCommand& command, Signals& signals) {
  std::string body;
  for (std::uint64_t i = first; i < behind; ++i) body += journal.record(i) + "\n";
  const auto give_up = Steady::now() + std::chrono::seconds(command.patience);
  for (;;) {
    PICKET_TRY_VOID(journal.note_try(first, behind));
    const Result<void> sent = sender.send(body);
    if (sent) return journal.note_ack(first, behind);
    if (sent.error().code != Errc::kBusy || Steady::now() >= give_up) return sent;
    if (signals.wait(kBetweenTries)) return fail(Errc::kBusy, say("delivery.interrupted"));
  }
}

Result<void> send_all(const DeliveryCommand& command, DeliveryJournal& journal) {
  Signals signals;
  Sender sender(command);
  Progress progress(say("delivery.sending"), command.records);
  for (std::uint64_t first = 0; first < command.records; first += command.batch) {
    const std::uint64_t behind = std::min(first + command.batch, command.records);
    PICKET_TRY_VOID(deliver(sender, journal, first, behind, command, signals));
    progress.at(behind);
  }
  return {};
}

struct Findings {
  std::uint64_t acked = 0;
  std::uint64_t stored = 0;       // of those, once at least
  std::uint64_t unacked = 0;      // stored, sent, never acknowledged: may be
  std::uint64_t repeated = 0;     // stored again because it was sent again: may be
  std::uint64_t lost = 0;         // acknowledged, not stored
  std::uint64_t doubled = 0;      // stored more often than sent
  std::uint64_t changed = 0;      // not byte for byte what was sent
  std::uint64_t invented = 0;     // never sent
  std::uint64_t unbalanced = 0;   // sources whose ledger does not add up
  std::vector<std::uint64_t> lost_first = {};
  bool clean() const { return lost + doubled + changed + invented + unbalanced == 0; }
};

Result<Findings> compare(const storage::Store& store, const DeliveryJournal& journal) {
  Findings found;
  std::vector<std::uint8_t> times(journal.size());
  PICKET_TRY(const storage::Query query, storage::parse_query("\"" + journal.marker() + "\""));
  storage::ScanOptions scan;
  scan.newest_first = false;
  scan.filter = &query;
  PICKET_TRY_VOID(store.scan(scan, [&](const storage::StoredRow& row) {
    std::uint64_t number = 0;
    if (!journal.is_ours(row.record.raw, number)) return true;
    if (journal.tries(number) == 0) {
      ++found.invented;
    } else if (row.record.raw != journal.record(number)) {
      ++found.changed;
    } else if (times[number] >= journal.tries(number)) {
      ++found.doubled;
    } else if (++times[number] > 1) {
      ++found.repeated;
    }
    return true;
  }));
  for (std::uint64_t i = 0; i < journal.size(); ++i) {
    if (!journal.is_acked(i)) {
      found.unacked += times[i] > 0 ? 1U : 0U;
      continue;
    }
    ++found.acked;
    found.stored += times[i] > 0 ? 1U : 0U;
    if (times[i] > 0) continue;
    ++found.lost;
    if (found.lost_first.size() < kNumbersTold) found.lost_first.push_back(i);
  }
  PICKET_TRY(const std::vector<storage::Ledger> ledgers, store.ledger());
  for (const storage::Ledger& one : ledgers) found.unbalanced += one.residual() != 0 ? 1U : 0U;
  return found;
}

void report(const DeliveryCommand& command, const DeliveryJournal& journal, const Findings& found) {
  if (command.json) {
    const Json json = {{"run", journal.run()},           {"acknowledged", found.acked},
                       {"stored", found.stored},         {"stored_unacknowledged", found.unacked},
                       {"repeated", found.repeated},     {"lost", found.lost},
                       {"lost_first", found.lost_first}, {"doubled", found.doubled},
                       {"changed", found.changed},       {"invented", found.invented},
                       {"unbalanced_sources", found.unbalanced}};
    print(dump_json(json) + "\n");
    return;
  }
  std::vector<std::vector<std::string>> rows;
  const auto row = [&](const char* what, std::uint64_t n) { rows.push_back({say(what), std::to_string(n)}); };
  row("delivery.acked", found.acked);
  row("delivery.stored", found.stored);
  row("delivery.unacked", found.unacked);
  row("delivery.repeated", found.repeated);
  row("delivery.lost", found.lost);
  row("delivery.doubled", found.doubled);
  row("delivery.changed", found.changed);
  row("delivery.invented", found.invented);
  row("delivery.unbalanced", found.unbalanced);
  print(table({say("delivery.what"), say("delivery.records")}, rows));
  for (const std::uint64_t number : found.lost_first) print(say("delivery.lost_one", {{"record", journal.record(number)}}) + "\n");
  print(say(found.clean() ? "delivery.clean" : "delivery.not_clean") + "\n");
}

int check(const DeliveryCommand& command, const DeliveryJournal& journal) {
  const auto store = open_to_read(command);
  if (!store) return complain(store.error().what, kUsageWrong);
  const Result<Findings> found = compare(**store, journal);
  if (!found) return complain(found.error().what, kUsageWrong);
  report(command, journal, *found);
  return found->clean() ? kDone : kFindings;
}

}  // namespace

int run_verify_delivery(const DeliveryCommand& command) {
  if (command.check_only) {
    const Result<DeliveryJournal> journal = DeliveryJournal::read(command.journal);
    return journal ? check(command, *journal) : complain(journal.error().what, kUsageWrong);
  }
  Result<DeliveryJournal> journal = DeliveryJournal::create(command.journal, fresh_run());
  if (!journal) return complain(journal.error().what, kUsageWrong);
  const Result<void> sent = send_all(command, *journal);
  if (!sent) return complain(say("delivery.stopped", {{"reason", sent.error().what}, {"journal", command.journal}}), kUnreachable);
  return command.send_only ? kDone : check(command, *journal);
}

}  // namespace picket::app
