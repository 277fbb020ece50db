// Kinds of event that are to be expected: those that definitions and taxonomies name, and those
// that were seen before the program was started.
//
// Their routes are built before rules are put to use. The list of those seen is a file beside the
// cache of rules; it is bounded, and what is in it is taken only if the source definitions still
// know it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/kind.h"
#include "parsers/catalog.h"
#include "rules/taxonomy.h"

namespace picket::app {

// Routes are built ahead for so many kinds; a sender that invents event ids cannot make it more.
inline constexpr std::size_t kKindsMax = 2048;

// Of each definition: events without an id, and the event ids that it or a taxonomy names.
std::vector<KindId> known_kinds(const parsers::Catalog& catalog, const rules::Taxonomy& taxonomy);

// Those of an earlier write_kinds() in this folder. Empty if there is no file; kCorrupt if it is
// damaged.
Result<std::vector<KindId>> read_kinds(const std::string& folder, const parsers::Catalog& catalog);
// The first kKindsMax of them.
Result<void> write_kinds(const std::string& folder, const std::vector<KindId>& kinds);

// The body of the file, apart for the fuzzer.
std::string encode_kinds(const std::vector<KindId>& kinds);
Result<std::vector<KindId>> decode_kinds(std::string_view body, const parsers::Catalog& catalog);

}  // namespace picket::app
