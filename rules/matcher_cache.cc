#include "rules/matcher_cache.h"

#include <algorithm>

#include "base/codec.h"
#include "base/hash.h"

namespace picket::rules {
namespace {

std::string key_of(const std::string& pattern, RegexFlags flags) {
  std::string key = "r";
  key += flags.ignore_case ? 'i' : '-';
  key += flags.multi_line ? 'm' : '-';
  key += flags.dot_all ? 's' : '-';
  return key + pattern;
}

std::string key_of(const std::vector<std::string>& texts) {
  Writer key;
  key.byte('k');
  for (const std::string& text : texts) key.text(text);
  return key.take();
}

}  // namespace

std::size_t MatcherCache::KeyHash::operator()(const std::string& text) const {
  return hash64(text);
}

std::size_t MatcherCache::KeyHash::operator()(const std::vector<std::string>& texts) const {
  std::uint64_t hash = texts.size();
  for (const std::string& text : texts) hash = hash64(text, hash);
  return hash;
}

std::size_t MatcherCache::KeyHash::operator()(
    const std::vector<LiteralSet::Literal>& literals) const {
  std::uint64_t hash = literals.size();
  for (const LiteralSet::Literal& literal : literals)
    hash = hash64(literal.text, hash + static_cast<std::uint64_t>(literal.place));
  return hash;
}

const std::string* MatcherCache::stored(const std::string& key) const {
  if (!stored_) return nullptr;
  const auto found = stored_->find(key);
  return found == stored_->end() ? nullptr : &found->second;
}

std::shared_ptr<const Regex> MatcherCache::regex(const std::string& pattern, RegexFlags flags) {
  const std::string key = key_of(pattern, flags);
  return regexes_.get(key, [&]() -> std::shared_ptr<const Regex> {
    Result<std::unique_ptr<const Regex>> made = Regex::compile(pattern, flags, stored(key));
    return made ? std::move(*made) : nullptr;
  });
}

std::shared_ptr<const LiteralSet> MatcherCache::literals(
    std::vector<LiteralSet::Literal> literals) {
  std::sort(literals.begin(), literals.end());
  literals.erase(std::unique(literals.begin(), literals.end()), literals.end());
  return literals_.get(literals, [&] { return std::make_shared<const LiteralSet>(literals); });
}

std::shared_ptr<const KeywordDatabase> MatcherCache::keywords(
    const std::vector<std::string>& texts) {
  return keywords_.get(
      texts, [&] { return std::make_shared<const KeywordDatabase>(texts, stored(key_of(texts))); });
}

StoredDatabases MatcherCache::databases() const {
  StoredDatabases all;
  for (const auto& [key, regex] : regexes_.made()) {
    if (regex) all.emplace(key, regex->bytes());
  }
  for (const auto& [texts, database] : keywords_.made())
    all.emplace(key_of(texts), database->bytes());
  return all;
}

bool MatcherCache::grown() const {
  for (const auto& [key, regex] : regexes_.made()) {
    if (regex && stored(key) == nullptr) return true;
  }
  for (const auto& [texts, database] : keywords_.made()) {
    if (stored(key_of(texts)) == nullptr) return true;
  }
  return false;
}

}  // namespace picket::rules
