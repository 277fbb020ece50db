#include "rules/literal_set.h"

#include <hs/hs.h>

#include <utility>

#include "base/check.h"

namespace picket::rules {

LiteralSet::LiteralSet(std::vector<Literal> literals) : literals_(std::move(literals)) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  std::vector<unsigned> ids;
  for (const Literal& literal : literals_) {
    ids.push_back(static_cast<unsigned>(texts.size()));
    texts.push_back(literal.text.data());
    sizes.push_back(literal.text.size());
  }
  const std::vector<unsigned> flags(literals_.size(), 0);
  hs_compile_error_t* error = nullptr;
  const hs_error_t built = hs_compile_lit_multi(texts.data(), flags.data(), ids.data(),
                                                sizes.data(), static_cast<unsigned>(texts.size()),
                                                HS_MODE_BLOCK, nullptr, &database_, &error);
  PICKET_CHECK(built == HS_SUCCESS);  // plain literals always compile
}

LiteralSet::~LiteralSet() {
  hs_free_database(database_);
}

bool LiteralSet::matches(std::string_view folded, const HyperscanScratch& scratch) const {
  struct Call {
    const LiteralSet* set;
    std::size_t size;
    bool found = false;
  } call{this, folded.size()};
  const auto on_match = [](unsigned id, unsigned long long, unsigned long long to, unsigned,
                           void* user) {
    Call& c = *static_cast<Call*>(user);
    const Literal& literal = c.set->literals_[id];
    c.found = literal.place == Place::kAnywhere ||
              (literal.place == Place::kAtBegin && to == literal.text.size()) ||
              (literal.place == Place::kAtEnd && to == c.size);
    return c.found ? 1 : 0;  // 1: enough
  };
  const hs_error_t scanned = hs_scan(database_, folded.data(), static_cast<unsigned>(folded.size()),
                                     0, scratch.get(), on_match, &call);
  PICKET_CHECK(scanned == HS_SUCCESS || scanned == HS_SCAN_TERMINATED);
  return call.found;
}

}  // namespace picket::rules
