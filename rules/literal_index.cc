#include "rules/literal_index.h"

#include <hs/hs.h>

#include <utility>

#include "base/check.h"
#include "base/hash.h"

namespace picket::rules {

std::size_t StringHash::operator()(std::string_view text) const { return hash64(text); }

LiteralIndex::LiteralIndex(LiteralIndex&& other) noexcept
    : exact_(std::move(other.exact_)),
      base_names_(std::move(other.base_names_)),
      literal_ids_(std::move(other.literal_ids_)),
      literals_(std::move(other.literals_)),
      present_(std::move(other.present_)),
      database_(std::exchange(other.database_, nullptr)),
      empty_(other.empty_),
      wants_text_(other.wants_text_) {}

LiteralIndex::~LiteralIndex() { hs_free_database(database_); }

void LiteralIndex::add(const Anchor& anchor, std::uint32_t rule) {
  const auto append = [rule](Rules& rules) {
    if (rules.empty() || rules.back() != rule) rules.push_back(rule);
  };
  empty_ = false;
  if (anchor.kind != Anchor::Kind::kPresent) wants_text_ = true;
  switch (anchor.kind) {
    case Anchor::Kind::kPresent: append(present_); return;
    case Anchor::Kind::kExact: append(exact_[anchor.text]); return;
    case Anchor::Kind::kBaseName: append(base_names_[anchor.text]); return;
    default: break;
  }
  const auto [found, is_new] =
      literal_ids_.try_emplace(anchor.text, static_cast<std::uint32_t>(literals_.size()));
  if (is_new) literals_.push_back({.text = anchor.text, .anywhere = {}, .at_begin = {}, .at_end = {}});
  Literal& literal = literals_[found->second];
  append(anchor.kind == Anchor::Kind::kContains ? literal.anywhere
         : anchor.kind == Anchor::Kind::kPrefix ? literal.at_begin
                                                : literal.at_end);
}

void LiteralIndex::build(bool caseless) {
  literal_ids_.clear();
  if (literals_.empty()) return;
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  std::vector<unsigned> flags(literals_.size(), caseless ? HS_FLAG_CASELESS : 0);
  std::vector<unsigned> ids;
  for (const Literal& literal : literals_) {
    ids.push_back(static_cast<unsigned>(texts.size()));
    texts.push_back(literal.text.data());
    sizes.push_back(literal.text.size());
  }
  hs_compile_error_t* error = nullptr;
  const hs_error_t built =
      hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), sizes.data(),
                           static_cast<unsigned>(texts.size()), HS_MODE_BLOCK, nullptr, &database_, &error);
  PICKET_CHECK(built == HS_SUCCESS);  // plain literals always compile
}

void LiteralIndex::prepare(HyperscanScratch& scratch) const {
  if (database_ != nullptr) scratch.prepare(database_);
}

void LiteralIndex::scan(std::string_view folded, const HyperscanScratch& scratch, void* context,
                        OnLiteral on) const {
  struct Call {
    const LiteralIndex* index;
    std::size_t size;
    void* context;
    OnLiteral on;
  } call{this, folded.size(), context, on};
  const auto on_match = [](unsigned id, unsigned long long, unsigned long long to, unsigned, void* user) {
    const Call& c = *static_cast<Call*>(user);
    const Literal& literal = c.index->literals_[id];
    if (!literal.anywhere.empty()) c.on(c.context, literal.anywhere);
    if (!literal.at_begin.empty() && to == literal.text.size()) c.on(c.context, literal.at_begin);
    if (!literal.at_end.empty() && to == c.size) c.on(c.context, literal.at_end);
    return 0;
  };
  const hs_error_t scanned = hs_scan(database_, folded.data(), static_cast<unsigned>(folded.size()), 0,
                                     scratch.get(), on_match, &call);
  PICKET_CHECK(scanned == HS_SUCCESS);
}

}  // namespace picket::rules
