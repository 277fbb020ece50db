// Recogniser: the definitions that the evidence in a record speaks for, in the order in which they
// are to be tried.
//
// A pure function of the record: priority, then the kind of evidence (the program that the envelope
// names goes before how the message begins, and that before what merely stands somewhere in the
// text, where senders of messages put what they like), then its bytes, then the name. Nothing is
// looked at before it is asked for: most records are of the first definition, so the rest of the
// rules, and the pass over all texts that records may contain, wait until that has refused. What is
// remembered of a program or a first byte says which definition that is, if nothing that goes
// before it holds. The rules are the catalog's (recognition_index.h); here are a thread's scratch
// memory and the programs it met. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/event.h"
#include "parsers/catalog.h"
#include "parsers/content.h"
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
    if (sure_ != nullptr) return std::exchange(sure_, nullptr);
    if (given_ != nullptr && !listed_) list();
    for (;;) {
      while (at_ == group_.size()) {
        if (!read_group()) return nullptr;
      }
      const Definition* const found = group_[at_++].definition;
      if (found != given_) return found;
    }
  }
  // How the text is split, if it was asked for and is a plain access line; else nullptr. Until the
  // next begin.
  const AccessLine* access_line() const {
    return access_.value_or(false) ? &access_line_ : nullptr;
  }

 private:
  using Index = RecognitionIndex;
  using Rules = RecognitionIndex::Rules;
  struct Candidate {
    const Definition* definition = nullptr;
    int order = 0;
    std::size_t bytes = 0;
  };
  // What is remembered of a program that was met.
  struct Program {
    // Always a candidate, because nothing but the program is asked for, and the first one unless
    // what has its order or a higher one holds; nullptr: there is no such.
    const Definition* first = nullptr;
    int order = 0;
    bool sure = false;   // no header and no text of the second pass can go before it,
    bool front = false;  // but those of the first pass can
    Rules others;        // of the program, that may go before it
    Rules marked;        // those that do not if the first pass finds nothing
    Rules rules;
  };
  static constexpr std::size_t kProgramsMax = 4000;
  static constexpr std::size_t kProgramLengthMax = 128;

  void restart(const Evidence& evidence);
  void forget();
  const Program& by_program(std::string_view name);
  Program program_of(std::string_view name) const;
  const Definition* surely_first(const Program& program);
  const Definition* surely_first_of(const Program& program);
  bool goes_before(const Rules& others) const;
  bool begins(const Index::Beginning& rule) const;
  const Definition* first_of_beginning(const Index::FirstByte& first) const;
  const Definition* surely_first_by_beginning();
  void list();
  void note(std::uint32_t rule);
  void note_headers();
  void look_through(Index::Pass pass);
  int highest() const;
  bool read_group();
  void look_at(std::uint32_t rule, bool count_all);
  void look_at_fields(std::span<const Field> fields, bool count_all);
  bool is_in_group(const Index::Rule& rule) const;
  bool is_plain_access() const;
  bool envelope_holds(const Index::Rule& rule, std::size_t& bytes) const;
  // With `count_all` the bytes are of all texts that are there, else of enough of them.
  bool texts_hold(const RecogniseRule& rule, bool count_all, std::size_t& bytes) const;
  void add(const Candidate& candidate);
  void sort();

  const RecognitionIndex* index_;
  std::array<MarkerScratch, Index::kPasses> scratch_;
  NameTable<std::uint32_t> known_programs_;  // into programs_, from 0
  std::deque<Program> programs_;
  Program other_program_;
  std::string last_name_;  // of the program before; records of one program often follow each other
  const Program* last_program_ = nullptr;
  // Of the record at hand:
  Evidence evidence_;
  mutable std::optional<bool> access_;  // is it a plain access line? Then
  mutable AccessLine access_line_;      // its parts
  const Definition* sure_ = nullptr;    // the first candidate, if it was found without a list,
  const Definition* given_ = nullptr;   // and the same behind the first next()
  bool listed_ = false;                 // what is below has begun
  std::uint32_t number_ = 0;            // of it; what carries another number is not there
  std::array<bool, Index::kPasses> passed_{};
  std::vector<std::uint32_t> noted_;      // by rule
  Rules pending_;                         // noted, and not looked at yet
  Rules same_order_;                      // those of them whose order comes next
  std::vector<Candidate> group_;          // of the highest order
  std::size_t at_ = 0;                    // in it
  std::vector<const Definition*> tried_;  // of the groups before
};

}  // namespace picket::parsers
