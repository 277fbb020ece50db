// A pattern is a list of operations that runs over the text with a stack of choices: where an
// operation can go on in several ways, the others are kept, and the last of them is tried when
// something behind does not fit. A value that takes as little as fits looks for the text that
// follows it in the pattern, so that it seldom tries in vain.
#include "parsers/steps/pattern.h"

#include <algorithm>
#include <array>
#include <optional>

#include "parsers/cursor.h"
#include "parsers/steps/pair_names.h"

namespace picket::parsers {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// The first blank from `from` on; npos if there is none. Blanks are near: no call is worth it.
std::size_t find_blank(std::string_view text, std::size_t from) {
  while (from < text.size() && !is_blank(text[from])) ++from;
  return from < text.size() ? from : std::string_view::npos;
}

constexpr std::size_t kMacroRoundsMax = 8;

// "%{>NAME}" becomes the text of the macro.
Result<std::string> with_macros(std::string_view text, const Pattern::Macros& macros) {
  std::string made(text);
  for (std::size_t round = 0;; ++round) {
    const std::size_t at = made.find("%{>");
    if (at == std::string::npos) return made;
    const std::size_t end = made.find('}', at);
    if (end == std::string::npos) return fail(Errc::kInvalid, "a %{ without its }");
    const std::string name = made.substr(at + 3, end - at - 3);
    const auto macro = macros.find(name);
    if (macro == macros.end()) return fail(Errc::kInvalid, "there is no macro " + name);
    if (round > kMacroRoundsMax * 16)
      return fail(Errc::kInvalid, "macros name each other without end");
    made.replace(at, end - at + 1, macro->second);
    if (made.size() > Pattern::kLengthMax)
      return fail(Errc::kLimit, "a pattern is longer than 64 KiB");
  }
}

}  // namespace

// From the text to operations.
class PatternReader {
 public:
  PatternReader(std::string_view text, std::string_view prefix) : text_(text), prefix_(prefix) {}

  Result<Pattern> read() {
    PICKET_TRY_VOID(sequence(0));
    if (!text_.substr(at_).empty()) return fail(Errc::kInvalid, "a ]] without its [[");
    end_text();
    made_.ops_.push_back({});
    made_.find_follows();
    return std::move(made_);
  }

  Result<Pattern> read_dissect() {
    while (at_ < text_.size()) {
      const std::size_t key = std::min(text_.find("%{", at_), text_.size());
      literal_ += text_.substr(at_, key - at_);
      end_text();
      at_ = key;
      if (at_ == text_.size()) break;
      PICKET_TRY_VOID(dissect_key());
    }
    made_.ops_.push_back({});
    return std::move(made_);
  }

 private:
  using Code = Pattern::Code;
  using Op = Pattern::Op;

  static tl::unexpected<Error> error(const std::string& reason) {
    return fail(Errc::kInvalid, reason);
  }

  // Up to "]]" or "||", which stay, or the end.
  Result<void> sequence(std::size_t depth) {
    if (depth > Pattern::kDepthMax) return error("[[ is nested too deeply");
    while (at_ < text_.size()) {
      const std::string_view rest = text_.substr(at_);
      if (rest.starts_with("]]") || (depth > 0 && rest.starts_with("||"))) break;
      if (rest.starts_with("[[")) {
        PICKET_TRY_VOID(group(depth + 1));
      } else if (rest.starts_with("%{")) {
        PICKET_TRY_VOID(value());
      } else if (is_blank(rest[0])) {
        end_text();
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
        made_.ops_.push_back({.code = Code::kBlanks});
        need(" ");
      } else {
        if (rest[0] == '\\' && rest.size() > 1) ++at_;
        literal_ += text_[at_++];
      }
    }
    end_text();
    return {};
  }

  // "[[a||b]]": a fork to each alternative, each ending in a jump behind the group.
  Result<void> group(std::size_t depth) {
    end_text();
    at_ += 2;
    const std::size_t fork = made_.ops_.size();
    made_.ops_.push_back({.code = Code::kFork});
    std::vector<std::uint32_t> starts;
    std::vector<std::size_t> jumps;
    end_need();
    ++choices_;
    for (;;) {
      starts.push_back(static_cast<std::uint32_t>(made_.ops_.size()));
      PICKET_TRY_VOID(sequence(depth));
      if (at_ >= text_.size()) return error("a [[ without its ]]");
      jumps.push_back(made_.ops_.size());
      made_.ops_.push_back({.code = Code::kJump});
      const bool more = text_[at_] == '|';
      at_ += 2;
      if (!more) break;
    }
    --choices_;
    const auto behind = static_cast<std::uint32_t>(made_.ops_.size());
    if (starts.size() == 1) starts.push_back(behind);
    for (const std::size_t jump : jumps) made_.ops_[jump].at = behind;
    made_.ops_[fork].at = static_cast<std::uint32_t>(made_.forks_.size());
    made_.ops_[fork].size = static_cast<std::uint32_t>(starts.size());
    made_.forks_.insert(made_.forks_.end(), starts.begin(), starts.end());
    return {};
  }

  // Behind "%{": "type:name}", "[set]:name}", "(a|b):name}".
  Result<void> value() {
    end_text();
    end_need();
    at_ += 2;
    const char first = at_ < text_.size() ? text_[at_] : '\0';
    const char close = first == '[' ? ']' : first == '(' ? ')' : '\0';
    std::string_view type;
    if (close != '\0') {
      const std::size_t end = text_.find(close, at_ + 2);
      if (end == std::string_view::npos)
        return error(std::string("a %{") + first + " without its end");
      type = text_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
    }
    const std::size_t end = text_.find('}', at_);
    if (end == std::string_view::npos) return error("a %{ without its }");
    std::string_view name = text_.substr(at_, end - at_);
    at_ = end + 1;
    const std::size_t colon = name.find(':');
    if (close == '\0') type = name.substr(0, colon);
    if (close != '\0' && colon != 0 && !name.empty())
      return error("a ':' is expected before " + std::string(name));
    name = colon == std::string_view::npos ? std::string_view() : name.substr(colon + 1);
    if (first == '(') return words(type, name);
    Op op;
    if (first == '[') {
      PICKET_TRY_VOID(byte_set(type, op));
    } else {
      const std::optional<Token> token = token_of(type);
      if (!token) return error("there is no type " + std::string(type) + " of values");
      op.token = *token;
      op.code = *token == Token::kNotspace ? Code::kNotspace
                : *token == Token::kData   ? Code::kData
                : *token == Token::kRest   ? Code::kRest
                                           : Code::kToken;
    }
    PICKET_TRY(op.value, add_value(name, op));
    made_.ops_.push_back(op);
    return {};
  }

  // "(a|b):name": the value is what one of the words took.
  Result<void> words(std::string_view alternatives, std::string_view name) {
    Op op;
    op.code = Code::kUntil;  // stands for a value without an operation of its own
    PICKET_TRY(const std::uint32_t value, add_value(name, op));
    const std::size_t fork = made_.ops_.size();
    made_.ops_.push_back({.code = Code::kFork});
    std::vector<std::uint32_t> starts;
    std::vector<std::size_t> jumps;
    std::vector<std::string_view> sorted;
    for (std::string_view rest = alternatives;;) {
      const std::size_t bar = rest.find('|');
      sorted.push_back(rest.substr(0, bar));
      if (bar == std::string_view::npos) break;
      rest.remove_prefix(bar + 1);
    }
    // "deny" must not end before "denyall" was looked at.
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](std::string_view a, std::string_view b) { return a.size() > b.size(); });
    end_need();
    ++choices_;
    for (const std::string_view word : sorted) {
      if (word.empty()) return error("one of ( | ) is empty");
      starts.push_back(static_cast<std::uint32_t>(made_.ops_.size()));
      literal_ = word;
      end_text();
      made_.ops_.back().value = value;
      jumps.push_back(made_.ops_.size());
      made_.ops_.push_back({.code = Code::kJump});
    }
    --choices_;
    for (const std::size_t jump : jumps)
      made_.ops_[jump].at = static_cast<std::uint32_t>(made_.ops_.size());
    made_.ops_[fork].at = static_cast<std::uint32_t>(made_.forks_.size());
    made_.ops_[fork].size = static_cast<std::uint32_t>(starts.size());
    made_.forks_.insert(made_.forks_.end(), starts.begin(), starts.end());
    return {};
  }

  // "a-z.-", "^ ]": as in regular expressions.
  Result<void> byte_set(std::string_view members, Op& op) {
    const bool inverse = members.starts_with('^');
    if (inverse) members.remove_prefix(1);
    if (members.empty()) return error("a set without characters");
    ByteSet set;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (members[i] == '\\' && i + 1 < members.size()) ++i;
      const auto low = static_cast<unsigned char>(members[i]);
      auto high = low;
      if (i + 2 < members.size() && members[i + 1] == '-') {
        high = static_cast<unsigned char>(members[i + 2]);
        i += 2;
      }
      if (high < low) return error("a range of characters from behind to before");
      for (unsigned byte = low; byte <= high; ++byte) {
        if (!set.has(static_cast<char>(byte))) set.add(static_cast<char>(byte));
      }
    }
    ByteSet taken;
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (set.has(static_cast<char>(byte)) != inverse) taken.add(static_cast<char>(byte));
    }
    op.code = Code::kBytes;
    op.at = static_cast<std::uint32_t>(made_.sets_.size());
    made_.sets_.push_back(taken);
    return {};
  }

  Result<std::uint32_t> add_value(std::string_view name, const Op& op) {
    if (name.empty()) return Pattern::kNobody;
    if (made_.values_.size() == Pattern::kValuesMax)
      return error("a pattern with more than 500 values");
    const std::optional<FieldId> field = intern_field(std::string(prefix_) + std::string(name));
    if (!field) return error("too many field names are in use");
    Pattern::Value value;
    value.field = *field;
    if (op.code == Code::kToken && is_numeric(op.token)) value.kind = ValueKind::kNumber;
    value.quoted = op.code == Code::kToken && op.token == Token::kQuoted;
    made_.values_.push_back(value);
    return static_cast<std::uint32_t>(made_.values_.size() - 1);
  }

  // "%{name}", "%{?name}", "%{+name}", "%{name->}" and the text up to the next.
  Result<void> dissect_key() {
    end_need();
    const std::size_t end = text_.find('}', at_);
    if (end == std::string_view::npos) return error("a %{ without its }");
    std::string_view name = text_.substr(at_ + 2, end - at_ - 2);
    const bool padded = name.ends_with("->");
    if (padded) name.remove_suffix(2);
    const bool append = name.starts_with('+');
    if (append) name.remove_prefix(1);
    if (name.starts_with('?')) name = {};
    name = name.substr(0, name.find('/'));
    at_ = end + 1;
    const std::size_t next = std::min(text_.find("%{", at_), text_.size());
    Op op;
    op.code = at_ == text_.size() ? Code::kRest : Code::kUntil;
    if (op.code == Code::kUntil && next == at_)
      return error("dissect needs text between two values");
    PICKET_TRY(op.value, add_value(name, op));
    if (append && op.value != Pattern::kNobody) {
      made_.values_.back().append = true;
      made_.appends_ = true;
    }
    op.at = static_cast<std::uint32_t>(made_.texts_.size());
    op.size = static_cast<std::uint32_t>(next - at_);
    made_.texts_ += text_.substr(at_, next - at_);
    end_need();
    need(text_.substr(at_, next - at_));
    end_need();
    at_ = next;
    made_.ops_.push_back(op);
    if (padded && op.size > 0)
      made_.ops_.push_back({.code = Code::kPadding, .at = op.at, .size = op.size});
    return {};
  }

  void end_text() {
    if (literal_.empty()) return;
    made_.ops_.push_back({.code = Code::kText,
                          .at = static_cast<std::uint32_t>(made_.texts_.size()),
                          .size = static_cast<std::uint32_t>(literal_.size())});
    made_.texts_ += literal_;
    need(literal_);
    literal_.clear();
  }

  // `text` is in everything that fits, behind what was needed last, unless it stands in an
  // alternative. Blanks, of which there may be several, begin and end with one.
  void need(std::string_view text) {
    if (choices_ > 0) return;
    for (const char c : text) {
      if (before_) add_need(Bigrams::of(*before_, c));
      before_ = c;
    }
  }
  void add_need(Bigrams::Pair pair) {
    std::vector<Bigrams::Pair>& needs = made_.needs_;
    if (needs.size() < Pattern::kNeedsMax &&
        std::find(needs.begin(), needs.end(), pair) == needs.end())
      needs.push_back(pair);
  }
  // Something that is not known follows.
  void end_need() { before_.reset(); }

  std::string_view text_;
  std::string_view prefix_;
  std::size_t at_ = 0;
  std::string literal_;
  std::size_t choices_ = 0;     // alternatives that are open
  std::optional<char> before_;  // the byte that the next one stands behind
  Pattern made_;
};

// A value before an alternative ends where one of them can begin; others look for themselves.
void Pattern::find_follows() {
  for (std::size_t at = 0; at + 1 < ops_.size(); ++at) {
    Op& op = ops_[at];
    const Code next = ops_[behind(at)].code;
    if (op.code != Code::kNotspace && op.code != Code::kData) continue;
    if (next != Code::kFork && next != Code::kBytes) continue;
    Begin begin;
    std::size_t visits = 0;
    add_begin(static_cast<std::uint32_t>(at + 1), visits, begin);
    if (begin.any) continue;
    op.follow = static_cast<std::uint32_t>(sets_.size());
    op.may_end = begin.end;
    sets_.push_back(begin.bytes);
  }
}

// Forks and jumps lead forward only; groups do not nest deeper than kDepthMax.
void Pattern::add_begin(std::uint32_t at, std::size_t& visits, Begin& made) const {
  for (;;) {
    const Op& op = ops_[at];
    if (made.any || ++visits > kVisitsMax) {
      made.any = true;
      return;
    }
    switch (op.code) {
      case Code::kText:
        made.bytes.add(texts_[op.at]);
        return;
      case Code::kBlanks:
        made.bytes.add(' ');
        made.bytes.add('\t');
        return;
      case Code::kBytes:
        made.bytes = made.bytes.with(sets_[op.at]);
        return;
      case Code::kEnd:
        made.end = true;
        return;
      case Code::kJump:
        at = op.at;
        break;
      case Code::kFork:
        for (std::uint32_t i = 0; i + 1 < op.size; ++i) add_begin(forks_[op.at + i], visits, made);
        at = forks_[op.at + op.size - 1];
        break;
      case Code::kToken:
      case Code::kNotspace:
      case Code::kData:
      case Code::kRest:
      case Code::kUntil:
      case Code::kPadding:
        made.any = true;
        return;
    }
  }
}

// One run over one text.
class Pattern::Matcher {
 public:
  Matcher(const Pattern& pattern, std::string_view text, std::vector<Capture>& captures)
      : pattern_(pattern), text_(text), captures_(captures) {}

  std::uint32_t tries() const { return tries_; }

  bool run(std::uint32_t tries_max, bool& gave_up) {
    tries_max_ = tries_max;
    const std::size_t before = captures_.size();
    for (;;) {
      if (++tries_ > tries_max_) {
        gave_up = true;
        break;
      }
      if (pattern_.ops_[op_].code == Code::kEnd && at_ == text_.size()) return true;
      if (!step() && !back()) break;
    }
    captures_.resize(before);
    return false;
  }

 private:
  static constexpr std::uint32_t kNowhere = 0xFFFFFFFF;
  static constexpr std::size_t kChoicesMax = 512;
  static constexpr std::size_t kBytesOfATry = 64;

  void take(std::uint32_t value, std::uint32_t end) {
    if (value != kNobody) captures_.push_back({value, at_, end});
    at_ = end;
    ++op_;
  }

  // Goes on with the op at hand as it goes first; false if it does not.
  bool step() {
    const Op& op = pattern_.ops_[op_];
    const std::string_view rest = text_.substr(at_);
    switch (op.code) {
      case Code::kText:
        if (op.size > rest.size() || !same_name(pattern_.text_of(op), rest.substr(0, op.size)))
          return false;
        take(op.value, at_ + op.size);
        return true;
      case Code::kBlanks: {
        std::size_t end = 0;
        while (end < rest.size() && is_blank(rest[end])) ++end;
        if (end == 0) return false;
        at_ += static_cast<std::uint32_t>(end);
        ++op_;
        return true;
      }
      case Code::kToken:
        return take_run(op, token_length(op.token, rest));
      case Code::kBytes:
        return take_run(op, pattern_.sets_[op.at].find_other(rest));
      case Code::kNotspace:
        return choose(at_, captures_.size(), at_ + 1);
      case Code::kData:
        return choose(at_, captures_.size(), at_);
      case Code::kRest:
        return choose(at_, captures_.size(), static_cast<std::uint32_t>(text_.size()));
      case Code::kUntil:
        return until(op, rest);
      case Code::kPadding:
        for (const std::string_view text = pattern_.text_of(op);
             text_.substr(at_).starts_with(text);)
          at_ += op.size;
        ++op_;
        return true;
      case Code::kFork:
        if (op.size > 1) push({op_, at_, static_cast<std::uint32_t>(captures_.size()), 1});
        op_ = pattern_.forks_[op.at];
        return true;
      case Code::kJump:
        op_ = op.at;
        return true;
      case Code::kEnd:
        return false;
    }
    return false;
  }

  bool take_run(const Op& op, std::size_t length) {
    if (length == 0) return false;
    take(op.value, at_ + static_cast<std::uint32_t>(length));
    return true;
  }

  bool until(const Op& op, std::string_view rest) {
    const std::size_t end = rest.find(pattern_.text_of(op));
    charge(std::min(end, rest.size()));
    if (end == std::string_view::npos) return false;
    take(op.value, at_ + static_cast<std::uint32_t>(end));
    at_ += op.size;
    return true;
  }

  void push(const Choice& choice) {
    if (choice_count_ == kChoicesMax) {
      tries_ = tries_max_;
    } else {
      choices_[choice_count_++] = choice;
    }
  }

  // The next way of the last choice.
  bool back() {
    while (choice_count_ > 0) {
      const Choice choice = choices_[--choice_count_];
      op_ = choice.op;
      at_ = choice.at;
      captures_.resize(choice.captures);
      const Op& op = pattern_.ops_[op_];
      if (op.code == Code::kFork) {
        if (choice.next + 1 < op.size) push({op_, at_, choice.captures, choice.next + 1});
        op_ = pattern_.forks_[op.at + choice.next];
        return true;
      }
      if (choose(at_, choice.captures, choice.next)) return true;
    }
    return false;
  }

  // A value that may end in several places, from `from` on.
  bool choose(std::uint32_t begin, std::size_t captures, std::uint32_t from) {
    const Op& op = pattern_.ops_[op_];
    const std::uint32_t end =
        op.code == Code::kRest ? last_end(begin, from) : first_end(op, begin, from);
    if (end == kNowhere) return false;
    const bool backward = op.code == Code::kRest;
    if (backward ? end > begin : end < text_.size()) {
      push({op_, begin, static_cast<std::uint32_t>(captures), backward ? end - 1 : end + 1});
    }
    take(op.value, end);
    return true;
  }

  // The first place from `from` on where what follows can begin.
  std::uint32_t first_end(const Op& op, std::uint32_t begin, std::uint32_t from) {
    std::string_view text = text_;
    std::string_view within = text_;  // with the byte behind the value
    const std::size_t behind = pattern_.behind(op_);
    const Op& next = pattern_.ops_[behind];
    if (op.code == Code::kNotspace) {
      const std::size_t blank = std::min(find_blank(text, begin), text.size());
      if (from > blank) return kNowhere;
      text = text.substr(0, blank + next.size);
      within = within.substr(0, blank + 1);
      charge(blank - begin);
    }
    if (from > text.size()) return kNowhere;
    std::size_t end = from;
    if (next.code == Code::kText) {
      end = text.find(pattern_.text_of(next), from);
    } else if (next.code == Code::kBlanks) {
      end = op.code == Code::kData ? find_blank_before(pattern_.ops_[pattern_.behind(behind)], from)
                                   : find_blank(text_, from);
    } else if (next.code == Code::kEnd) {
      end = text_.size();
    } else if (op.follow != kNobody) {
      end = pattern_.sets_[op.follow].find(within, from);
      const bool at_end = end == text_.size() && op.may_end;
      if (end == within.size() && !at_end) end = std::string_view::npos;
    }
    charge(std::min(end, text.size()) - from);
    if (end == std::string_view::npos) return kNowhere;
    if (op.code == Code::kNotspace &&
        end > text.size() - std::min<std::size_t>(next.size, text.size())) {
      // What follows the blank is not part of it, but the blank itself may be where it ends.
      for (std::size_t at = begin; at < end; ++at) {
        if (is_blank(text_[at])) return kNowhere;
      }
    }
    return static_cast<std::uint32_t>(end);
  }

  // The first blanks from `from` on that `op` can follow, as far as its first byte tells.
  std::size_t find_blank_before(const Op& op, std::size_t from) const {
    std::size_t blank = find_blank(text_, from);
    if (op.code != Code::kText) return blank;
    const char wanted = pattern_.texts_[op.at];
    while (blank != std::string_view::npos) {
      std::size_t behind = blank + 1;
      while (behind < text_.size() && is_blank(text_[behind])) ++behind;
      if (behind < text_.size() && text_[behind] == wanted) return blank;
      blank = find_blank(text_, behind);
    }
    return blank;
  }

  // Bytes that were looked through count too.
  void charge(std::size_t bytes) {
    tries_ += static_cast<std::uint32_t>(std::min<std::size_t>(bytes / kBytesOfATry, kTriesMax));
  }

  // The last place up to `from`.
  std::uint32_t last_end(std::uint32_t begin, std::uint32_t from) {
    const Op& next = pattern_.ops_[pattern_.behind(op_)];
    std::size_t end = from;
    if (next.code == Code::kText) {
      end = text_.rfind(pattern_.text_of(next), from);
    } else if (next.code == Code::kBlanks) {
      end = text_.find_last_of(" \t", from);
    } else if (next.code == Code::kEnd && from != text_.size()) {
      return kNowhere;
    }
    charge(from - std::min<std::size_t>(end, from));
    return end == std::string_view::npos || end < begin ? kNowhere
                                                        : static_cast<std::uint32_t>(end);
  }

  const Pattern& pattern_;
  std::string_view text_;
  std::vector<Capture>& captures_;
  std::array<Choice, kChoicesMax> choices_;
  std::size_t choice_count_ = 0;
  std::uint32_t op_ = 0;
  std::uint32_t at_ = 0;
  std::uint32_t tries_ = 0;
  std::uint32_t tries_max_ = kTriesMax;
};

Result<Pattern> Pattern::compile(std::string_view text, const Macros& macros,
                                 std::string_view prefix) {
  if (text.size() > kLengthMax) return fail(Errc::kLimit, "a pattern is longer than 64 KiB");
  PICKET_TRY(const std::string whole, with_macros(text, macros));
  return PatternReader(whole, prefix).read();
}

Result<Pattern> Pattern::compile_dissect(std::string_view text, std::string_view prefix) {
  if (text.size() > kLengthMax) return fail(Errc::kLimit, "a pattern is longer than 64 KiB");
  return PatternReader(text, prefix).read_dissect();
}

bool Pattern::match(std::string_view text, std::vector<Capture>& captures,
                    std::uint32_t& tries_left, bool& gave_up) const {
  Matcher matcher(*this, text, captures);
  const std::uint32_t most = std::min(kTriesMax, tries_left);
  const bool fits = matcher.run(most, gave_up);
  tries_left -= std::min(matcher.tries(), most);
  return fits;
}

}  // namespace picket::parsers
