#include "storage/query_match.h"

#include <algorithm>

namespace picket::storage {
namespace {

Verdict negate(Verdict verdict) {
  if (verdict == Verdict::kUnknown) return verdict;
  return verdict == Verdict::kYes ? Verdict::kNo : Verdict::kYes;
}

Verdict known(bool matches) {
  return matches ? Verdict::kYes : Verdict::kNo;
}

}  // namespace

QueryMatcher::QueryMatcher(const Query& query,
                           std::function<std::string_view(SourceId)> source_name)
    : query_(query), source_name_(std::move(source_name)) {
  terms_.reserve(query.size());
  for (std::uint32_t i = 0; i < query.size(); ++i)
    terms_.push_back({ValueTester(query.node(i)), EventField(query.node(i).field)});
}

Verdict QueryMatcher::by_record(const Record& record) const {
  return record_verdict(query_.root_index(), record);
}

// Kleene's logic: what is not known yet counts only where it could still matter.
Verdict QueryMatcher::record_verdict(std::uint32_t index, const Record& record) const {
  const QueryNode& node = query_.node(index);
  const Term& term = terms_[index];
  switch (node.op) {
    case QueryOp::kAll:
      return Verdict::kYes;
    case QueryOp::kField:
      if (!term.field.is_of_record()) return Verdict::kUnknown;
      return known(term.field.any_of_record(record, source_of(record), [&](std::string_view value) {
        return term.tester.matches(value);
      }));
    case QueryOp::kText:
      return known(term.tester.stands_in(record.raw));
    case QueryOp::kNot:
      return negate(record_verdict(node.children.front(), record));
    case QueryOp::kAnd:
    case QueryOp::kOr:
      break;
  }
  const Verdict decides = known(node.op == QueryOp::kOr);
  Verdict all = negate(decides);
  for (const std::uint32_t child : node.children) {
    const Verdict verdict = record_verdict(child, record);
    if (verdict == decides) return decides;
    if (verdict == Verdict::kUnknown) all = verdict;
  }
  return all;
}

bool QueryMatcher::matches(Batch& batch, const Event& event) {
  return node_matches(query_.root_index(), batch, event);
}

bool QueryMatcher::node_matches(std::uint32_t index, Batch& batch, const Event& event) {
  const QueryNode& node = query_.node(index);
  switch (node.op) {
    case QueryOp::kAll:
      return true;
    case QueryOp::kText:
      return terms_[index].tester.stands_in(batch.record_of(event).raw);
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
  Term& term = terms_[index];
  term.asked = true;
  const std::string_view source = source_of(batch.record_of(event));
  return term.field.any(batch, event, source, [&](std::string_view value) {
    term.seen = true;
    return term.tester.matches(value);
  });
}

std::vector<std::pair<std::string, std::size_t>> QueryMatcher::never_seen() const {
  std::vector<std::pair<std::string, std::size_t>> names;
  for (std::uint32_t i = 0; i < query_.size(); ++i) {
    const Term& term = terms_[i];
    if (!term.asked) continue;
    const std::string& name = term.field.name();
    const bool seen = std::any_of(terms_.begin(), terms_.end(), [&](const Term& other) {
      return other.seen && other.field.name() == name;
    });
    const bool told = std::any_of(names.begin(), names.end(),
                                  [&](const auto& other) { return other.first == name; });
    if (!seen && !told) names.emplace_back(name, query_.node(i).offset);
  }
  return names;
}

}  // namespace picket::storage
