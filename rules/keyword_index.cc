#include "rules/keyword_index.h"

#include <hs/hs.h>

#include <utility>

#include "base/check.h"
#include "rules/hyperscan_bytes.h"

namespace picket::rules {

KeywordDatabase::KeywordDatabase(const std::vector<std::string>& texts, const std::string* stored)
    : filter_(std::vector<std::string_view>(texts.begin(), texts.end())) {
  if (stored != nullptr) database_ = database_of(*stored);
  if (database_ != nullptr) return;
  std::vector<const char*> begins;
  std::vector<std::size_t> sizes;
  std::vector<unsigned> ids;
  for (const std::string& text : texts) {
    ids.push_back(static_cast<unsigned>(begins.size()));
    begins.push_back(text.data());
    sizes.push_back(text.size());
  }
  const std::vector<unsigned> flags(texts.size(), HS_FLAG_CASELESS);
  hs_compile_error_t* error = nullptr;
  const hs_error_t built = hs_compile_lit_multi(begins.data(), flags.data(), ids.data(),
                                                sizes.data(), static_cast<unsigned>(texts.size()),
                                                HS_MODE_BLOCK, nullptr, &database_, &error);
  PICKET_CHECK(built == HS_SUCCESS);  // plain literals always compile
}

KeywordDatabase::~KeywordDatabase() {
  hs_free_database(database_);
}

std::string KeywordDatabase::bytes() const {
  return bytes_of(database_);
}

void KeywordDatabase::scan(std::string_view record, const HyperscanScratch& scratch, void* context,
                           OnText on) const {
  if (record.empty()) return;
  struct Call {
    void* context;
    OnText on;
  } call{context, on};
  const auto on_match = [](unsigned id, unsigned long long, unsigned long long, unsigned,
                           void* user) {
    const Call& c = *static_cast<Call*>(user);
    c.on(c.context, id);
    return 0;
  };
  const hs_error_t scanned = hs_scan(database_, record.data(), static_cast<unsigned>(record.size()),
                                     0, scratch.get(), on_match, &call);
  PICKET_CHECK(scanned == HS_SUCCESS);
}

void KeywordIndex::add(const Anchor& anchor, std::uint32_t rule) {
  Rules& rules = anchor.kind == Anchor::Kind::kPresent ? always_ : by_text_[anchor.text];
  if (rules.empty() || rules.back() != rule) rules.push_back(rule);
}

std::vector<std::string> KeywordIndex::texts() const {
  std::vector<std::string> all;
  for (const auto& [text, rules] : by_text_) all.push_back(text);
  return all;
}

void KeywordIndex::build(std::shared_ptr<const KeywordDatabase> database) {
  for (auto& [text, rules] : by_text_) rules_.push_back(std::move(rules));
  by_text_.clear();
  database_ = std::move(database);
}

void KeywordIndex::prepare(HyperscanScratch& scratch) const {
  if (database_) database_->prepare(scratch);
}

}  // namespace picket::rules
