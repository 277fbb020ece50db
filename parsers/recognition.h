// Recogniser: the definitions that the evidence in a record speaks for, in the order in which they
// are to be tried.
//
// A pure function of the record: priority, then the kind of evidence (the program that the envelope
// names goes before how the message begins, and that before what merely stands somewhere in the
// text, where senders of messages put what they like), then its bytes, then the name. Nothing is
// looked at before it is asked for: most records are of the first definition, so the rest of the
// rules, and the pass over all texts that records may contain, wait until that has refused. The
// rules are the catalog's (recognition_index.h); here are a thread's scratch memory and the
// programs it met. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "parsers/catalog.h"
#include "parsers/markers.h"
#include "parsers/name_table.h"
#include "parsers/recognition_index.h"

namespace picket::parsers {

struct Evidence {
  std::string_view record;   // all of it
  std::string_view message;  // behind the envelope
  std::string_view program;  // as the envelope says it; empty if there is none
};

class Recogniser {
 public:
  // `catalog` must outlive it.
  explicit Recogniser(const Catalog& catalog);

  // What next() goes through: for a text, or for an object with these fields. The evidence must
  // live until the last next().
  void begin(const Evidence& evidence);
  void begin_json(const Evidence& evidence, std::span<const Field> fields);
  // nullptr: there are no more.
  const Definition* next() {
    while (at_ == group_.size()) {
      if (!read_group()) return nullptr;
    }
    return group_[at_++].definition;
  }

 private:
  using Index = RecognitionIndex;
  using Rules = RecognitionIndex::Rules;
  struct Candidate {
    const Definition* definition = nullptr;
    int order = 0;
    std::size_t bytes = 0;
  };
  static constexpr std::size_t kProgramsMax = 4000;
  static constexpr std::size_t kProgramLengthMax = 128;

  void restart(const Evidence& evidence);
  const Rules& by_program(std::string_view name);
  void note(std::uint32_t rule);
  void note_headers();
  void look_through(Index::Pass pass);
  int highest() const;
  bool read_group();
  void look_at(std::uint32_t rule);
  bool envelope_holds(const Index::Rule& rule, std::size_t& bytes) const;
  bool texts_hold(const RecogniseRule& rule, std::size_t& bytes) const;
  void add(const Candidate& candidate);
  void sort();

  const RecognitionIndex* index_;
  std::array<MarkerScratch, Index::kPasses> scratch_;
  NameTable<std::uint32_t> known_programs_;  // into program_rules_, from 0
  std::deque<Rules> program_rules_;
  Rules other_program_;
  // Of the record at hand:
  Evidence evidence_;
  std::uint32_t number_ = 0;  // of it; what carries another number is not there
  std::array<bool, Index::kPasses> passed_{};
  std::vector<std::uint32_t> noted_;      // by rule
  Rules pending_;                         // noted, and not looked at yet
  std::vector<Candidate> group_;          // of the highest order
  std::size_t at_ = 0;                    // in it
  std::vector<const Definition*> tried_;  // of the groups before
};

}  // namespace picket::parsers
