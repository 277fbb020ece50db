// LiteralIndex: which rules may be true, given one field's value.
//
// One index serves one column of a route. It knows whole values, whole base names ("x.exe" of
// "...\x.exe") and literals that a value must contain, and answers with the rules to wake. Literals run
// through one Hyperscan pure-literal database, never mixed with patterns; positions are checked in the
// callback. Built once, immutable; look-ups need a HyperscanScratch per thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/regex.h"

namespace picket::rules {

// What a value must look like for a rule to have a chance.
struct Anchor {
  enum class Kind : std::uint8_t {
    kExact,     // the whole folded value
    kBaseName,  // what follows the last '\' or '/'
    kContains,  // somewhere
    kPrefix,    // at the beginning
    kSuffix,    // at the end
    kPresent,   // any value
  };
  std::uint16_t column = 0;
  Kind kind = Kind::kPresent;
  std::string text;       // folded
  double rate = 1;        // estimated share of values that wake, 0..1
};

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const;
};

class LiteralIndex {
 public:
  LiteralIndex() = default;
  LiteralIndex(const LiteralIndex&) = delete;
  LiteralIndex& operator=(const LiteralIndex&) = delete;
  LiteralIndex(LiteralIndex&&) noexcept;
  LiteralIndex& operator=(LiteralIndex&&) = delete;
  ~LiteralIndex();

  void add(const Anchor& anchor, std::uint32_t rule);
  // Once, after the last add(). With `caseless` literals are found in ASCII text that is not folded.
  void build(bool caseless = false);
  void prepare(HyperscanScratch& scratch) const;

  bool empty() const { return empty_; }
  // True when rules want to see the folded text; else presence alone decides.
  bool wants_text() const { return wants_text_; }
  // Calls wake(rule) for every rule that the value wakes, some of them more than once.
  template <class Wake>
  void look_up(std::string_view folded, const HyperscanScratch& scratch, Wake wake) const;
  template <class Wake>
  void look_up_presence(Wake wake) const {
    for (const std::uint32_t rule : present_) wake(rule);
  }

 private:
  using Rules = std::vector<std::uint32_t>;
  struct Literal {
    std::string text;
    Rules anywhere, at_begin, at_end;
  };
  using Table = std::unordered_map<std::string, Rules, StringHash, std::equal_to<>>;
  using OnLiteral = void (*)(void* context, const Rules& rules);

  void scan(std::string_view folded, const HyperscanScratch& scratch, void* context, OnLiteral on) const;

  Table exact_;
  Table base_names_;
  std::unordered_map<std::string, std::uint32_t> literal_ids_;  // empty after build()
  std::vector<Literal> literals_;
  Rules present_;
  hs_database* database_ = nullptr;
  bool empty_ = true;
  bool wants_text_ = false;
};

template <class Wake>
void LiteralIndex::look_up(std::string_view folded, const HyperscanScratch& scratch, Wake wake) const {
  look_up_presence(wake);
  if (!exact_.empty()) {
    if (const auto found = exact_.find(folded); found != exact_.end()) {
      for (const std::uint32_t rule : found->second) wake(rule);
    }
  }
  if (!base_names_.empty()) {
    if (const std::size_t slash = folded.find_last_of("\\/"); slash != std::string_view::npos) {
      if (const auto found = base_names_.find(folded.substr(slash + 1)); found != base_names_.end()) {
        for (const std::uint32_t rule : found->second) wake(rule);
      }
    }
  }
  if (database_ != nullptr && !folded.empty()) {
    scan(folded, scratch, &wake, [](void* context, const Rules& rules) {
      for (const std::uint32_t rule : rules) (*static_cast<Wake*>(context))(rule);
    });
  }
}

}  // namespace picket::rules
