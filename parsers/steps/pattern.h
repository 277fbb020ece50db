// Pattern: text with typed values in it, compiled once, matched in bounded time.
//
// docs/formats/sources.md has the language. A pattern fits a whole text. Types with a shape take as
// much as fits and do not give back; notspace, data and rest, optional parts and alternatives are
// tried one way after the other, kTriesMax steps in all; then the pattern does not fit. Immutable;
// any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/field.h"
#include "parsers/formats/byte_set.h"
#include "parsers/steps/bigrams.h"
#include "parsers/steps/tokens.h"
#include "parsers/steps/work.h"

namespace picket::parsers {

class Pattern {
 public:
  static constexpr std::size_t kLengthMax = 64 * 1024;  // with macros written out
  static constexpr std::size_t kValuesMax = 500;
  static constexpr std::size_t kDepthMax = 16;
  static constexpr std::uint32_t kTriesMax = 20'000;
  static constexpr std::size_t kNeedsMax = 48;

  using Macros = std::map<std::string, std::string, std::less<>>;

  // One value that may be taken.
  struct Value {
    FieldId field{};
    ValueKind kind = ValueKind::kString;
    bool quoted = false;  // its quotes go
    bool append = false;  // behind what the name has in this text already
  };

  static Result<Pattern> compile(std::string_view text, const Macros& macros,
                                 std::string_view prefix);
  // The same for the words of dissect. Values do not give back.
  static Result<Pattern> compile_dissect(std::string_view text, std::string_view prefix);

  // Adds what was taken to `captures`, in order of the text. Takes from `tries_left` what it cost;
  // `gave_up` when that, or kTriesMax, was not enough.
  bool match(std::string_view text, std::vector<Capture>& captures, std::uint32_t& tries_left,
             bool& gave_up) const;
  // False: it cannot fit a text with these pairs of bytes.
  bool may_fit(const Bigrams& text) const {
    for (const Bigrams::Pair pair : needs_) {
      if (!text.has(pair)) return false;
    }
    return true;
  }
  const std::vector<Value>& values() const { return values_; }
  bool appends() const { return appends_; }

 private:
  friend class PatternReader;
  static constexpr std::uint32_t kNobody = 0xFFFFFFFF;
  static constexpr std::size_t kVisitsMax = 200;  // of operations, to see what can follow one

  enum class Code : std::uint8_t {
    kText,    // these bytes
    kBlanks,  // one blank or more
    kToken,
    kBytes,     // one or more of a set
    kNotspace,  // as little as fits
    kData,
    kRest,     // as much as fits
    kUntil,    // dissect: up to the first `text`, which is taken too
    kPadding,  // dissect: blanks, or none
    kFork,     // the alternatives begin at these places
    kJump,
    kEnd,
  };
  struct Op {
    Code code = Code::kEnd;
    Token token = Token::kData;
    std::uint32_t value = kNobody;  // number of the value
    std::uint32_t at = 0;  // kText, kUntil: offset in texts_; kFork: in forks_; kBytes: set; kJump
    std::uint32_t size = 0;
    std::uint32_t follow = kNobody;  // kNotspace, kData: set of bytes that what follows begins with
    bool may_end = false;            // or it is the end of the text
  };
  // What an operation and those behind it can begin with.
  struct Begin {
    ByteSet bytes;
    bool end = false;  // nothing more
    bool any = false;  // it is not known
  };
  struct Choice {
    std::uint32_t op;
    std::uint32_t at;        // where the op begins in the text
    std::uint32_t captures;  // so many were there
    std::uint32_t next;      // where the op ends next, or the alternative that comes next
  };

  class Matcher;

  // The operation that comes behind another one that is none of forks and jumps.
  std::size_t behind(std::size_t at) const {
    for (++at; ops_[at].code == Code::kJump;) at = ops_[at].at;
    return at;
  }
  void find_follows();
  void add_begin(std::uint32_t op, std::size_t& visits, Begin& made) const;
  std::string_view text_of(const Op& op) const {
    return std::string_view(texts_).substr(op.at, op.size);
  }

  std::vector<Op> ops_;
  std::vector<std::uint32_t> forks_;
  std::vector<ByteSet> sets_;
  std::vector<Value> values_;
  std::string texts_;
  std::vector<Bigrams::Pair> needs_;  // of the texts that every way through it takes
  bool appends_ = false;
};

}  // namespace picket::parsers
