// RecognitionIndex: what recognition knows about the definitions of a catalog: which rules speak
// for which program, first byte, header, text or field, and the texts as one set of markers.
//
// Made once with its catalog, which owns it and must outlive it: compiling the markers takes a
// hundred times longer than reading a record. Immutable; any thread. Recogniser asks it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
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
  // Texts are looked for in two passes. The first is for the few rules that go before those of
  // ordinary definitions, and is all that a record of a known program needs; the second is for all.
  enum Pass : std::uint8_t { kFront, kAll };
  static constexpr std::size_t kPasses = 2;

  static constexpr int kNoOrder = std::numeric_limits<int>::min();

  // What headers begin with. The first pass finds these too, and a text of each `marked` rule,
  // though it finds no rules by them.
  static constexpr std::string_view kCefMark = "CEF:";
  static constexpr std::string_view kLeefMark = "LEEF:";

  struct Rule {
    const Definition* definition = nullptr;
    const RecogniseRule* rule = nullptr;
    int order = 0;             // the higher is tried first: priority, then the kind of evidence
    bool any_program = false;  // its programs are "*"
    bool by_program = false;   // only looked at for its programs
    bool front = false;
    bool marked = false;  // by_program, and none holds if the first pass finds nothing
  };
  using Rules = std::vector<std::uint32_t>;  // places in rules()

  explicit RecognitionIndex(const std::vector<Definition>& definitions);

  std::size_t size() const { return rules_.size(); }
  const Rule& rule(std::uint32_t at) const { return rules_[at]; }
  // Of a program in lower case, without its folder. Appended to `rules`.
  void add_rules_of_program(std::string_view plain, Rules& rules) const;
  const Rules& rules_of_first_byte(char first) const {
    return prefixes_[static_cast<unsigned char>(first)];
  }
  const Rules& cef() const { return cef_; }
  const Rules& leef() const { return leef_; }
  const MarkerSet& markers(Pass pass) const { return *markers_[pass]; }
  // Rules that nothing but their texts finds: by one of a rule's texts, or by each of those of
  // which one is enough. Whether its others are there too is not asked of the pass.
  const Rules& rules_of_marker(Pass pass, std::uint32_t marker) const {
    return of_marker_[pass][marker];
  }
  // Does this text of the first pass speak for more than a marked rule?
  bool finds_more(std::uint32_t marker) const {
    const std::string& text = markers_[kFront]->text(marker);
    return !of_marker_[kFront][marker].empty() || text == kCefMark || text == kLeefMark;
  }
  // The highest order of a rule that only that pass finds; kNoOrder: there is none.
  int highest_order(Pass pass) const { return highest_[pass]; }
  // A rule of a first byte, and what is looked at of it first.
  struct Beginning {
    std::uint64_t head = 0;  // of its only prefix, as it lies in memory,
    std::uint64_t mask = 0;  // of the bytes of that; 0: more than these has to be looked at
    const Definition* definition = nullptr;
    const RecogniseRule* rule = nullptr;
    std::uint32_t at = 0;  // in rules()
  };
  // What a message with this first byte speaks for.
  struct FirstByte {
    int order = kNoOrder;         // the highest of its rules
    std::vector<Beginning> top;   // those of rules_of_first_byte() that have it
    bool behind_headers = false;  // a header may go before them,
    bool behind_front = false;    // or a text of the first pass,
    bool behind_all = false;      // or of the second
  };
  const FirstByte& first_byte(char first) const {
    return first_bytes_[static_cast<unsigned char>(first)];
  }
  int highest_of_headers() const { return highest_of_headers_; }
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
  void index_texts(Pass pass);
  void mark_rules_of_programs(const std::function<std::uint32_t(const std::string&)>& marker);
  void index_fields();
  void note_highest();
  Beginning beginning_of(std::uint32_t at) const;

  std::vector<Rule> rules_;
  std::vector<std::pair<std::string, std::uint32_t>> programs_;  // sorted
  std::array<Rules, 256> prefixes_;                              // by the first byte
  Rules cef_;
  Rules leef_;
  std::array<std::unique_ptr<const MarkerSet>, kPasses> markers_;
  std::array<std::vector<Rules>, kPasses> of_marker_;
  std::array<int, kPasses> highest_{kNoOrder, kNoOrder};
  std::array<FirstByte, 256> first_bytes_;
  int highest_of_headers_ = kNoOrder;
  Rules json_rules_;                       // sorted by the field that they ask for first
  std::vector<std::uint32_t> json_first_;  // by field: where its rules begin there
};

}  // namespace picket::parsers
