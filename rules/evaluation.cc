#include "rules/evaluation.h"

#include <algorithm>
#include <optional>

#include "base/cycle_clock.h"
#include "rules/fold.h"
#include "rules/payload.h"
#include "rules/test_value.h"

namespace picket::rules {

using Shape = CompiledTest::Shape;

void EvaluationDelete::operator()(Evaluation* evaluation) const {
  delete evaluation;
}

void Evaluation::enter(const Route& route) {
  if (last_route_ == &route) return;
  if (prepared_.insert(&route).second) route.prepare(scratch_);
  if (stamps_.size() < route.rules.size()) stamps_.resize(route.rules.size());
  if (pairs_.size() < route.pairs.size()) pairs_.resize(route.pairs.size());
  if (flags_.size() < route.flags) flags_.resize(route.flags);
  last_route_ = &route;
}

void Evaluation::load(Batch& batch, const Event& event, const Route& route) {
  enter(route);
  values_.begin(batch, event);
  values_.load(route);
}

// Preference among the fields of a column is left to evaluation: to wake a rule too many is no
// error.
void Evaluation::wake(Batch& batch, const Event& event, const Route& route) {
  if (++stamp_ == 0) {  // wrapped: old stamps would look new
    std::fill(stamps_.begin(), stamps_.end(), 0);
    std::fill(flags_.begin(), flags_.end(), 0);
    std::fill(pairs_.begin(), pairs_.end(), 0);
    stamp_ = 1;
  }
  woken_.assign(route.always.begin(), route.always.end());
  half_awake_.clear();
  const auto on = [this](std::uint32_t id) { wake_by(id); };
  for (const Field& field : batch.fields(event)) {
    for (const std::uint16_t watching : route.watching.of(field.id)) {
      const LiteralIndex& index = route.indexes[watching];
      if (field.kind == ValueKind::kArray) {
        index.look_up_presence(on);
        for_each_value(field, [&](const Field& element) {
          if (index.wants_text() && element.kind != ValueKind::kNull)
            wake_by_value(index, element, event.plain);
        });
      } else if (index.wants_text() && field.kind != ValueKind::kNull) {
        wake_by_value(index, field, event.plain);
      } else {
        index.look_up_presence(on);
      }
    }
  }
  if (!route.keywords.empty()) wake_by_keywords(batch, event, route);
  for (const std::uint32_t index : half_awake_) {
    const RulePair& pair = route.pairs[index];
    if (flags_[pair.flag] == stamp_) wake_rule(pair.rule);
  }
}

void Evaluation::wake_by_value(const LiteralIndex& index, const Field& value, bool plain) {
  const std::string_view token = value.token();
  LiteralIndex::Look look;
  if (plain || is_plain(token)) look = index.worth_a_look(token, value.escaped);
  const auto on = [this](std::uint32_t id) { wake_by(id); };
  if (look.at_whole || look.inside) {
    index.look_up(values_.folded(value), look, on);
  } else {
    index.look_up_presence(on);
  }
}

// In the record itself when it is plain, else in its folded text: a necessary
// condition for a keyword, not a sufficient one.
void Evaluation::wake_by_keywords(Batch& batch, const Event& event, const Route& route) {
  const std::string_view raw = batch.record_of(event).raw;
  const auto on = [this](std::uint32_t id) { wake_by(id); };
  // Of a damaged JSON record keywords see what its escapes stand for, so it takes the other way.
  if (event.plain || (!raw.starts_with('{') && is_plain(raw))) {
    route.keywords.look_up(raw, scratch_, on);
    return;
  }
  Field whole{raw.data(), static_cast<std::uint32_t>(raw.size()), FieldId{}, ValueKind::kString,
              false};
  whole.escaped = raw.starts_with('{');  // unescaping twice-quoted text finds what its leaves hold
  route.keywords.look_up(values_.folded(whole), scratch_, on);
}

void Evaluation::evaluate(Batch& batch, const Event& event, const Route& route,
                          std::vector<std::uint32_t>& rules) {
  ++counters_.events;
  timing_ = false;
  if (route.rules.empty()) return;
  enter(route);
  values_.begin(batch, event);
  const std::size_t before = rules.size();
  timing_ = accounting_ && sampler_.next();
  if (timing_) [[unlikely]] {
    evaluate_timed(batch, event, route, rules);
  } else {
    wake(batch, event, route);
    if (woken_.empty()) return;
    values_.load(route);
    if (accounting_) {
      evaluate_woken<true>(batch, event, route, rules);
    } else {
      evaluate_woken<false>(batch, event, route, rules);
    }
  }
  counters_.woken += woken_.size();
  counters_.hits += rules.size() - before;
  std::sort(rules.begin() + static_cast<std::ptrdiff_t>(before), rules.end());
}

template <bool kAccount>
void Evaluation::evaluate_woken(Batch& batch, const Event& event, const Route& route,
                                std::vector<std::uint32_t>& rules) {
  for (const std::uint32_t index : woken_) {
    const RouteRule& rule = route.rules[index];
    if constexpr (kAccount) {
      RuleCount& count = costs_.counts[rule.rule];
      ++count.woken;
      if (count.slow) [[unlikely]] {
        put_aside_.push_back({.event = static_cast<std::uint32_t>(&event - batch.events().data()),
                              .rule = rule.rule});
        continue;
      }
    }
    if (!holds(route, rule.root)) continue;
    if constexpr (kAccount) ++costs_.counts[rule.rule].matched;
    rules.push_back(rule.rule);
  }
}

// The same with the clock in hand: one event in many.
void Evaluation::evaluate_timed(Batch& batch, const Event& event, const Route& route,
                                std::vector<std::uint32_t>& rules) {
  const std::uint64_t start = CycleClock::now();
  wake(batch, event, route);
  values_.load(route);
  const std::uint64_t waking_ns = CycleClock::ns_between(start, CycleClock::now());
  WakingSample& waking = costs_.waking[event.kind];
  ++waking.events;
  waking.ns += waking_ns;
  ++costs_.sampled_events;
  costs_.waking_ns += waking_ns;
  costs_.sampled_ns += waking_ns;
  for (const std::uint32_t index : woken_) {
    const RouteRule& rule = route.rules[index];
    RuleCount& count = costs_.counts[rule.rule];
    ++count.woken;
    if (count.slow) {
      put_aside_.push_back(
          {.event = static_cast<std::uint32_t>(&event - batch.events().data()), .rule = rule.rule});
      continue;
    }
    const std::uint64_t before_ns = costs_.samples[rule.rule].ns;
    const bool is_true = holds_timed(route, rule, batch.record_of(event).raw.size());
    costs_.sampled_ns += costs_.samples[rule.rule].ns - before_ns;
    if (!is_true) continue;
    ++count.matched;
    rules.push_back(rule.rule);
  }
}

bool Evaluation::holds_timed(const Route& route, const RouteRule& rule, std::size_t bytes) {
  const std::uint64_t start = CycleClock::now();
  const bool is_true = holds(route, rule.root);
  const std::uint64_t ns = CycleClock::ns_between(start, CycleClock::now());
  RuleSample& sample = costs_.samples[rule.rule];
  ++sample.evaluations;
  sample.ns += ns;
  sample.largest_ns = std::max(sample.largest_ns, ns);
  if (ns / (bytes / 1024 + 1) > ns_per_kb_) ++sample.over;
  return is_true;
}

std::vector<std::uint32_t> Evaluation::scan_payloads(Batch& batch, const Event& event,
                                                     const Route& route,
                                                     const PayloadFields& fields) {
  const auto held = batch.fields(event);
  const bool any = std::any_of(held.begin(), held.end(), [&](const Field& field) {
    return route.may_hold_payload(field.id);
  });
  if (!scanner_ || !any) return {};
  const std::uint64_t start = timing_ ? CycleClock::now() : 0;
  PayloadScan scan = rules::scan_payloads(batch, event, fields, *scanner_);
  if (timing_) costs_.payload_ns += CycleClock::ns_between(start, CycleClock::now());
  counters_.payloads.add(scan.counters);
  return std::move(scan.rules);
}

bool Evaluation::holds(const Route& route, std::uint32_t index) {
  const CompiledNode& node = route.nodes[index];
  switch (node.kind) {
    case CompiledNode::Kind::kTest:
      return test_holds(route.tests[node.index]);
    case CompiledNode::Kind::kNot:
      return !holds(route, node.first);
    case CompiledNode::Kind::kSet: {
      const ValueSet& set = route.sets[node.index];
      return values_.any(set.column, [&](std::uint32_t value) {
        return set.has(values_.folded(value));
      });
    }
    case CompiledNode::Kind::kLiterals: {
      const ColumnLiterals& list = route.literals[node.index];
      return values_.any(list.column, [&](std::uint32_t value) {
        return list.literals->matches(values_.folded(value));
      });
    }
    case CompiledNode::Kind::kAnd:
      for (std::uint32_t i = 0; i < node.count; ++i) {
        if (!holds(route, node.first + i)) return false;
      }
      return true;
    case CompiledNode::Kind::kOr:
      for (std::uint32_t i = 0; i < node.count; ++i) {
        if (holds(route, node.first + i)) return true;
      }
      return false;
  }
  return false;
}

bool Evaluation::test_holds(const CompiledTest& test) {
  if (test.shape == Shape::kExists) return values_.present(test.column) == test.flag;
  if (test.shape == Shape::kNull) return !values_.has(test.column);
  return values_.any(test.column, [&](std::uint32_t value) { return value_passes(test, value); });
}

// As it stands in the record a text is not shorter than unescaped.
bool Evaluation::surely_shorter(std::uint32_t value, std::size_t size) const {
  const Field& field = values_.field(value);
  return field.size < size && (!field.escaped || values_.event().plain);
}

bool Evaluation::value_passes(const CompiledTest& test, std::uint32_t value) {
  if (test.shape == Shape::kFieldRef) {
    return values_.any(test.other, [&](std::uint32_t other) {
      return test.cased ? refers(test.ref, values_.text(value), values_.text(other))
                        : refers(test.ref, values_.folded(value), values_.folded(other));
    });
  }
  if (test.shape == Shape::kRegex && surely_shorter(value, test.regex->shortest())) return false;
  return passes(test, wants_folded(test) ? values_.folded(value) : values_.text(value), scratch_);
}

}  // namespace picket::rules
