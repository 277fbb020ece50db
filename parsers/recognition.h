// Recogniser: the definitions that the evidence in a record speaks for, in the order in which they
// are to be tried.
//
// A pure function of the record: priority, then the kind of evidence (what the envelope or a header
// says goes before what merely stands somewhere in the text, where senders of messages put what
// they like), then its bytes, then the name. Cheap evidence is looked at first; the pass over all
// texts that records may contain is made only when that leaves something to be found. The rules are
// the catalog's (recognition_index.h); here are a thread's scratch memory and the programs it met.
#pragma once

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

  struct Candidate {
    const Definition* definition = nullptr;
    int rank = 0;  // of the kind of evidence
    std::size_t bytes = 0;
  };
  // Until the next call. There may be more(): candidates that come behind these.
  const std::vector<Candidate>& text(const Evidence& evidence);
  const std::vector<Candidate>& more(const Evidence& evidence);
  // For an object with these fields.
  const std::vector<Candidate>& json(const Evidence& evidence, std::span<const Field> fields);

 private:
  using Rules = RecognitionIndex::Rules;
  static constexpr std::size_t kProgramsMax = 4000;
  static constexpr std::size_t kProgramLengthMax = 128;

  const Rules& by_program(std::string_view name);
  void look_at(std::uint32_t rule, const Evidence& evidence);
  bool holds(const RecognitionIndex::Rule& rule, const Evidence& evidence,
             std::size_t& bytes) const;
  void look_at_headers(const Evidence& evidence);
  void look_at_texts(const Evidence& evidence);
  void add(const Candidate& candidate);
  void sort();

  const RecognitionIndex* index_;
  MarkerScratch scratch_;
  NameTable<std::uint32_t> known_programs_;  // into program_rules_, from 0
  std::deque<Rules> program_rules_;
  Rules other_program_;
  std::vector<Candidate> candidates_;
  bool looked_at_texts_ = false;
};

}  // namespace picket::parsers
