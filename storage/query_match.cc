#include "storage/query_match.h"

#include <charconv>

#include "base/json.h"
#include "base/time.h"
#include "event/ecs.h"
#include "storage/folded_text.h"

namespace picket::storage {
namespace {

Verdict negate(Verdict verdict) {
  if (verdict == Verdict::kUnknown) return verdict;
  return verdict == Verdict::kYes ? Verdict::kNo : Verdict::kYes;
}

template <class T>
bool compare(ValueTest test, T value, T limit) {
  switch (test) {
    case ValueTest::kLess:
      return value < limit;
    case ValueTest::kLessEqual:
      return value <= limit;
    case ValueTest::kGreater:
      return value > limit;
    case ValueTest::kGreaterEqual:
      return value >= limit;
    default:
      return false;
  }
}

bool beyond(const QueryNode& node, std::string_view value) {
  if (node.number) {
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool is_number =
        !value.empty() && error == std::errc() && end == value.data() + value.size();
    return is_number && compare(node.test, number, *node.number);
  }
  const auto time = parse_time(value);
  return time && node.time_ns && compare(node.test, time->time_ns, *node.time_ns);
}

// Calls f(text) for each value of a field of the event until it answers true.
template <class F>
bool any_value(Batch& batch, const Event& event, FieldId id, F f) {
  const EventKind& kind = kind_of(event.kind);
  const auto originals = kind.originals(id);
  bool found = false;
  for (const Field& field : batch.fields(event)) {
    bool named = field.id == id;
    for (const auto& [ecs, original] : originals) named = named || field.id == original;
    if (!named) continue;
    for_each_value(
        field, [&](const Field& value) { found = found || f(field_text(value, batch.arena())); });
    if (found) return true;
  }
  if (id == ecs::kObserverLayer) return event.layer != Layer::kNone && f(layer_name(event.layer));
  const std::string* const constant = kind.constant(id);
  return constant != nullptr && f(std::string_view(*constant));
}

}  // namespace

QueryMatcher::QueryMatcher(const Query& query,
                           std::function<std::string_view(SourceId)> source_name)
    : query_(query), source_name_(std::move(source_name)), root_(query.size() - 1) {
  for (std::uint32_t i = 0; i < query.size(); ++i) {
    const QueryNode& node = query.node(i);
    Term& term = terms_.emplace_back();
    term.folded = fold(node.value);
    if (node.op == QueryOp::kText) {
      const std::string escaped = json_quoted(node.value);
      term.folded_escaped = fold(std::string_view(escaped).substr(1, escaped.size() - 2));
      if (term.folded_escaped == term.folded) term.folded_escaped.clear();
      if (node.test == ValueTest::kWildcard) {
        term.folded = "*" + term.folded + "*";
        if (!term.folded_escaped.empty()) term.folded_escaped = "*" + term.folded_escaped + "*";
      }
    }
    if (node.field == "@timestamp") term.special = Special::kTimestamp;
    if (node.field == "event.original") term.special = Special::kOriginal;
    if (node.field == "picket.parse_status") term.special = Special::kStatus;
    if (node.field == "picket.source") term.special = Special::kSource;
    if (node.field == "picket.seq") term.special = Special::kSeq;
  }
}

Verdict QueryMatcher::by_raw(std::string_view raw) const {
  return raw_verdict(root_, raw);
}

// Kleene's logic: what is not known yet counts only where it could still matter.
Verdict QueryMatcher::raw_verdict(std::uint32_t index, std::string_view raw) const {
  const QueryNode& node = query_.node(index);
  switch (node.op) {
    case QueryOp::kAll:
      return Verdict::kYes;
    case QueryOp::kField:
      return Verdict::kUnknown;
    case QueryOp::kText:
      return contains(node, terms_[index], raw) ? Verdict::kYes : Verdict::kNo;
    case QueryOp::kNot:
      return negate(raw_verdict(node.children.front(), raw));
    case QueryOp::kAnd:
    case QueryOp::kOr:
      break;
  }
  const Verdict decides = node.op == QueryOp::kAnd ? Verdict::kNo : Verdict::kYes;
  Verdict all = negate(decides);
  for (const std::uint32_t child : node.children) {
    const Verdict verdict = raw_verdict(child, raw);
    if (verdict == decides) return decides;
    if (verdict == Verdict::kUnknown) all = verdict;
  }
  return all;
}

bool QueryMatcher::contains(const QueryNode& node, const Term& term, std::string_view raw) const {
  bool (*const test)(std::string_view, std::string_view) =
      node.test == ValueTest::kWildcard ? &matches_wildcard : &contains_folded;
  return test(raw, term.folded) || (!term.folded_escaped.empty() && test(raw, term.folded_escaped));
}

bool QueryMatcher::matches(Batch& batch, const Event& event) {
  return node_matches(root_, batch, event);
}

bool QueryMatcher::node_matches(std::uint32_t index, Batch& batch, const Event& event) {
  const QueryNode& node = query_.node(index);
  const Record& record = batch.records()[static_cast<std::size_t>(&event - batch.events().data())];
  switch (node.op) {
    case QueryOp::kAll:
      return true;
    case QueryOp::kText:
      return contains(node, terms_[index], record.raw);
    case QueryOp::kField:
      return field_matches(index, batch, event);
    case QueryOp::kNot:
      return !node_matches(node.children.front(), batch, event);
    case QueryOp::kAnd:
    case QueryOp::kOr:
      break;
  }
  const bool decides = node.op == QueryOp::kOr;
  for (const std::uint32_t child : node.children) {
    if (node_matches(child, batch, event) == decides) return decides;
  }
  return !decides;
}

bool QueryMatcher::field_matches(std::uint32_t index, Batch& batch, const Event& event) {
  const QueryNode& node = query_.node(index);
  Term& term = terms_[index];
  if (term.special != Special::kNone) return special_matches(node, term, batch, event);
  // A name that no parser has met yet may come up with the next event.
  if (!term.field) term.field = find_field(node.field);
  if (!term.field) return false;
  return any_value(batch, event, *term.field,
                   [&](std::string_view value) { return value_matches(node, term, value); });
}

bool QueryMatcher::special_matches(const QueryNode& node, const Term& term, Batch& batch,
                                   const Event& event) const {
  const Record& record = batch.records()[static_cast<std::size_t>(&event - batch.events().data())];
  switch (term.special) {
    case Special::kTimestamp:
      if (node.time_ns) return compare(node.test, event.time_ns, *node.time_ns);
      return value_matches(node, term, format_time(event.time_ns));
    case Special::kOriginal:
      return value_matches(node, term, record.raw);
    case Special::kStatus:
      return value_matches(node, term, parse_status_name(event.status));
    case Special::kSource:
      return source_name_ && value_matches(node, term, source_name_(record.source));
    case Special::kSeq:
      return value_matches(node, term, std::to_string(record.seq));
    case Special::kNone:
      break;
  }
  return false;
}

bool QueryMatcher::value_matches(const QueryNode& node, const Term& term, std::string_view value) {
  switch (node.test) {
    case ValueTest::kExists:
      return true;
    case ValueTest::kWildcard:
      return matches_wildcard(value, term.folded);
    case ValueTest::kEquals:
      if (equals_folded(value, term.folded)) return true;
      [[fallthrough]];
    case ValueTest::kNetwork: {
      if (!node.network) return false;
      const auto address = parse_network(value);
      return address && node.network->contains(*address);
    }
    default:
      return beyond(node, value);
  }
}

}  // namespace picket::storage
