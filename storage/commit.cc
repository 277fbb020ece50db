#include "storage/commit.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace picket::storage {
namespace {

void count_stored(LedgerLine& line, const Record& record, ParseStatus status) {
  ++line.ledger.received;
  ++line.ledger.stored;
  line.ledger.bytes += record.raw.size();
  if (record.length > record.raw.size()) ++line.ledger.truncated;
  switch (status) {
    case ParseStatus::kParsed:
      ++line.ledger.parsed;
      break;
    case ParseStatus::kPartial:
      ++line.ledger.partial;
      break;
    case ParseStatus::kRaw:
      ++line.ledger.raw;
      break;
  }
  line.next_seq = std::max(line.next_seq, record.seq + 1);
}

void build_block(Commit::Contents& contents) {
  EncodedBlock block;
  block.bytes = contents.rows.build(block.runs);
  contents.blocks.push_back(std::move(block));
  contents.rows.clear();
}

}  // namespace

Commit::Commit() : contents_(std::make_unique<Contents>()) {}
Commit::~Commit() = default;
Commit::Commit(Commit&&) noexcept = default;
Commit& Commit::operator=(Commit&&) noexcept = default;

void Commit::add(const Batch& batch,
                 const std::function<std::string_view(std::uint32_t)>& rule_id) {
  const std::vector<Record>& records = batch.records();
  const std::vector<Event>& events = batch.events();
  LedgerLine* line = nullptr;
  SourceId of{};
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i];
    const bool has_event = i < events.size();  // a door may store what was never parsed
    const std::int64_t time_ns = has_event ? events[i].time_ns : record.received_ns;
    const ParseStatus status = has_event ? events[i].status : ParseStatus::kRaw;
    if (line == nullptr || record.source != of) {
      of = record.source;
      line = &contents_->counts[of];
    }
    count_stored(*line, record, status);
    contents_->rows.add(record, time_ns, status);
    if (contents_->rows.full()) build_block(*contents_);
  }
  add_hits(batch, rule_id);
}

void Commit::add_again(const Batch& batch) {
  const std::vector<Record>& records = batch.records();
  const std::vector<Event>& events = batch.events();
  PICKET_CHECK(records.size() == events.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    LedgerLine& line = contents_->counts[records[i].source];
    line.next_seq = std::max(line.next_seq, records[i].seq + 1);
    contents_->rows.add(records[i], events[i].time_ns, events[i].status);
    if (contents_->rows.full()) build_block(*contents_);
  }
}

void Commit::add_hits(const Batch& batch,
                      const std::function<std::string_view(std::uint32_t)>& rule_id) {
  std::unordered_map<std::uint32_t, std::uint32_t> index;  // of the rule set -> of this commit
  for (const Hit& hit : batch.hits()) {
    const auto [entry, is_new] =
        index.try_emplace(hit.rule, static_cast<std::uint32_t>(contents_->rules.size()));
    if (is_new) contents_->rules.emplace_back(rule_id(hit.rule));
    const Record& record = batch.records()[hit.event];
    contents_->hits.push_back(
        {entry->second, record.source, record.seq, batch.events()[hit.event].time_ns});
  }
}

void Commit::count_rejected(SourceId source, std::string_view reason, std::uint64_t n) {
  Ledger& ledger = contents_->counts[source].ledger;
  ledger.received += n;
  count_reason(ledger.rejected, reason, n);
}

void Commit::count_dropped(SourceId source, std::string_view reason, std::uint64_t n) {
  Ledger& ledger = contents_->counts[source].ledger;
  ledger.received += n;
  count_reason(ledger.dropped, reason, n);
}

void Commit::put(const Alert& alert) {
  contents_->alerts.insert_or_assign(alert.id, alert);
  contents_->deleted_alerts.erase(alert.id);
}

void Commit::delete_alert(std::string_view id) {
  contents_->alerts.erase(std::string(id));
  contents_->deleted_alerts.emplace(id);
}

Incident* Commit::put(Incident incident) {
  std::string id = incident.id;
  return &contents_->incidents.insert_or_assign(std::move(id), std::move(incident)).first->second;
}

Incident* Commit::incident(std::string_view id) {
  const auto found = contents_->incidents.find(id);
  return found == contents_->incidents.end() ? nullptr : &found->second;
}

std::map<std::string, Incident, std::less<>> Commit::take_incidents() {
  return std::exchange(contents_->incidents, {});
}

void Commit::put_state(std::string key, std::string value) {
  contents_->state.insert_or_assign(std::move(key), std::move(value));
}

void Commit::delete_state(std::string key) {
  contents_->state.insert_or_assign(std::move(key), std::nullopt);
}

const Commit::State& Commit::state() const {
  return contents_->state;
}

void Commit::put_offset(std::string name, std::string value) {
  contents_->offsets.insert_or_assign(std::move(name), std::move(value));
}

Result<std::vector<std::optional<std::string>>> Store::states(
    const std::vector<std::string>& keys) const {
  std::vector<std::optional<std::string>> values;
  for (const std::string& key : keys) {
    PICKET_TRY(auto value, state(key));
    values.push_back(std::move(value));
  }
  return values;
}

Result<std::string> document_key(std::string_view space, std::string_view key) {
  if (space.empty() || space.find('\0') != std::string_view::npos) {
    return fail(Errc::kInvalid, "store: bad name of a document space");
  }
  std::string full(space);
  full += '\0';
  full += key;
  return full;
}

Result<void> Commit::put_document(std::string_view space, std::string_view key, const Json& json) {
  PICKET_TRY(std::string full, document_key(space, key));
  contents_->documents.insert_or_assign(std::move(full), dump_json(json));
  return {};
}

void Commit::seal() {
  if (!contents_->rows.empty()) build_block(*contents_);
}

bool Commit::empty() const {
  const Contents& c = *contents_;
  return c.blocks.empty() && c.rows.empty() && c.hits.empty() && c.counts.empty() &&
         c.alerts.empty() && c.deleted_alerts.empty() && c.incidents.empty() && c.state.empty() &&
         c.offsets.empty() && c.documents.empty();
}

void Commit::clear() {
  RowBlockBuilder rows = std::move(contents_->rows);  // keeps its memory
  rows.clear();
  *contents_ = Contents();
  contents_->rows = std::move(rows);
}

}  // namespace picket::storage
