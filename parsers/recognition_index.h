// RecognitionIndex: what recognition knows about the definitions of a catalog: which rules speak
// for which program, first byte, header, text or field, and the texts as one set of markers.
//
// Made once with its catalog, which owns it and must outlive it: compiling the markers takes a
// hundred times longer than reading a record. Immutable; any thread. Recogniser asks it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/event.h"
#include "parsers/catalog.h"
#include "parsers/markers.h"

namespace picket::parsers {

class RecognitionIndex {
 public:
  struct Rule {
    const Definition* definition = nullptr;
    const RecogniseRule* rule = nullptr;
    int rank = 0;
    bool any_program = false;  // its programs are "*"
  };
  using Rules = std::vector<std::uint32_t>;  // places in rules()

  static constexpr int kTextRank = 1;
  static constexpr int kEnvelopeRank = 2;

  explicit RecognitionIndex(const std::vector<Definition>& definitions);

  const Rule& rule(std::uint32_t at) const { return rules_[at]; }
  // Of a program in lower case, without its folder. Appended to `rules`.
  void add_rules_of_program(std::string_view plain, Rules& rules) const;
  const Rules& rules_of_first_byte(char first) const {
    return prefixes_[static_cast<unsigned char>(first)];
  }
  const Rules& cef() const { return cef_; }
  const Rules& leef() const { return leef_; }
  const MarkerSet& markers() const { return *markers_; }
  const Rules& rules_of_marker(std::uint32_t marker) const { return of_marker_[marker]; }
  // The highest priority of a definition that only the markers find; -1: there is none.
  int text_priority() const { return text_priority_; }

  bool any_json() const { return !json_rules_.empty(); }
  // Calls f(rule) for those that ask for this field first.
  template <class F>
  void each_rule_of_field(FieldId field, F f) const {
    const auto id = static_cast<std::size_t>(field);
    if (id + 1 >= json_first_.size()) return;
    for (std::size_t at = json_first_[id]; at < json_first_[id + 1]; ++at) f(json_rules_[at]);
  }

 private:
  void index(const Definition& definition);
  void index_texts();
  void index_fields();

  std::vector<Rule> rules_;
  std::vector<std::pair<std::string, std::uint32_t>> programs_;  // sorted
  std::array<Rules, 256> prefixes_;                              // by the first byte
  Rules cef_;
  Rules leef_;
  std::unique_ptr<const MarkerSet> markers_;
  std::vector<Rules> of_marker_;
  int text_priority_ = -1;
  Rules json_rules_;  // sorted by the field that they ask for first
  std::vector<std::uint32_t>
      json_first_;  // by field: where its rules begin there; they end at the next
};

}  // namespace picket::parsers
