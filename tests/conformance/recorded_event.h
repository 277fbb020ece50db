// What a parsed event says, laid out for the reference evaluator (tests/rules/reference.h): every
// name with its values, the constants of its kind under their ECS names, and the leaves of its
// record. Pure functions over a batch of one thread.
#pragma once

#include "event/event.h"
#include "rules/taxonomy.h"
#include "tests/rules/reference.h"

namespace picket::conformance {

rules::PlainEvent plain_event(Batch& batch, std::size_t index);

// Under which names events of `kind` hold the fields of a rule of this log source.
rules::FieldNames names_in(const rules::Taxonomy& taxonomy, const rules::LogSource& source,
                           const EventKind& kind);

}  // namespace picket::conformance
