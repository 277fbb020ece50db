// MatcherCache: what is made with some effort and shared between routes of one rule set.
//
// Regexes, literal sets and keyword databases, each made once, by whichever thread wants it first;
// a thread waits only for what it wants itself. Hyperscan databases may come from StoredDatabases
// instead of being compiled, and all that were made can be stored. Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/lazy.h"
#include "rules/keyword_index.h"
#include "rules/literal_set.h"
#include "rules/regex.h"

namespace picket::rules {

// Hyperscan databases as bytes, by what they were made of. Empty bytes: Hyperscan cannot make it.
using StoredDatabases = std::unordered_map<std::string, std::string>;

class MatcherCache {
 public:
  MatcherCache() = default;
  explicit MatcherCache(std::shared_ptr<const StoredDatabases> stored)
      : stored_(std::move(stored)) {}

  // nullptr when the pattern cannot be compiled; the loader has refused such rules before.
  std::shared_ptr<const Regex> regex(const std::string& pattern, RegexFlags flags);
  // `literals` in any order; equal ones count once.
  std::shared_ptr<const LiteralSet> literals(std::vector<LiteralSet::Literal> literals);
  // In ascending order.
  std::shared_ptr<const KeywordDatabase> keywords(const std::vector<std::string>& texts);

  // Everything made so far that can be stored.
  StoredDatabases databases() const;
  // Was some of it not in what was given at the beginning?
  bool grown() const;

 private:
  // Of a list of texts, or of literals.
  struct KeyHash {
    std::size_t operator()(const std::string& text) const;
    std::size_t operator()(const std::vector<std::string>& texts) const;
    std::size_t operator()(const std::vector<LiteralSet::Literal>& literals) const;
  };

  // One value a key, made outside the lock.
  template <class Key, class T>
  class Shared {
   public:
    template <class Make>
    std::shared_ptr<const T> get(const Key& key, Make make) {
      const std::shared_ptr<const Slot> slot = slots_.with([&](Slots& slots) {
        std::shared_ptr<const Slot>& found = slots[key];
        if (!found) found = std::make_shared<const Slot>();
        return found;
      });
      return slot->get([&] { return std::make_unique<const std::shared_ptr<const T>>(make()); });
    }
    // The values made so far.
    std::vector<std::pair<Key, std::shared_ptr<const T>>> made() const {
      std::vector<std::pair<Key, std::shared_ptr<const T>>> all;
      slots_.with([&](const Slots& slots) {
        for (const auto& [key, slot] : slots) {
          if (const std::shared_ptr<const T>* value = slot->get_if()) all.emplace_back(key, *value);
        }
      });
      return all;
    }

   private:
    using Slot = Lazy<std::shared_ptr<const T>>;
    using Slots = std::unordered_map<Key, std::shared_ptr<const Slot>, KeyHash>;
    Guarded<Slots> slots_;
  };

  const std::string* stored(const std::string& key) const;

  std::shared_ptr<const StoredDatabases> stored_;  // or nullptr
  Shared<std::string, Regex> regexes_;
  Shared<std::vector<LiteralSet::Literal>, LiteralSet> literals_;
  Shared<std::vector<std::string>, KeywordDatabase> keywords_;
};

}  // namespace picket::rules
