// kv: pairs of a text straight to fields.
//
// Where a style has no brackets, nested pairs or blanks in values, which are nearly all, no list of
// pairs is made first: the name that came next in the record before is compared where it would
// stand, and the value goes to its field. read_kv() says what is right (tests/parsers/kv_test.cc,
// steps_same_test.cc compare the two); it reads the other styles, and all of them under a trace.
#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "parsers/cursor.h"
#include "parsers/formats/escapes.h"
#include "parsers/formats/kv.h"
#include "parsers/steps/pair_verb.h"

namespace picket::parsers {
namespace {

bool is_simple(const KvStyle& style) {
  return style.between.empty() && style.open == '\0' && style.nested.empty() &&
         !style.spaces_in_values && !style.spaces_at_assign && !style.hex_values &&
         style.escape != KvEscape::kDoubled;
}

class PairsToFields {
 public:
  // `separator` is the usual one of the style's.
  PairsToFields(std::string_view text, const KvStyle& style, char separator,
                const ByteSet& name_end, const NullWords& nulls, PairNames& names, Work& work)
      : text_(text),
        style_(style),
        name_end_(name_end),
        nulls_(nulls),
        names_(names),
        work_(work),
        marks_(work.marks()),
        room_(work.pair_room().data()),
        usual_{.separator = separator,
               .assign = style.assign.member(0),
               .quote = style.quotes.member(0),
               .more_quotes = style.quotes.size() > 1,
               .escapes = style.escape != KvEscape::kNone} {}

  // False: there was no pair.
  bool run() {
    names_.begin();
    marks_.read(text_, style_.separators, style_.quotes);
    for (;;) {
      run_known();
      if (count_ >= kPairsMax || !run_one()) break;
    }
    if (any_ && long_name_) work_.names().limits().add(Limit::kFieldName);
    if (any_ && count_ >= kPairsMax) work_.limit(Limit::kFields);
    return any_;
  }
  std::span<const Field> fields() const { return {room_, size_}; }

 private:
  // What is nearly always asked for of a style.
  struct Usual {
    char separator;  // the first of each
    char assign;
    char quote;
    bool more_quotes;  // there are others
    bool escapes;
  };

  // As long as the names come as they came the last time, and what stands between them is the
  // usual. Far enough from the end of the text that nothing has to ask where that is.
  void run_known() {
    constexpr std::size_t kReach = PairNames::Known::kLengthMax + 3;  // and a byte on both sides
    if (text_.size() < kReach) return;
    const char* const text = text_.data();
    const std::size_t last_at = text_.size() - kReach;
    const Usual usual = usual_;
    Field* out = room_ + size_;
    std::size_t at = at_;
    std::size_t left = kPairsMax - count_;
    std::uint32_t last = names_.last();
    for (; at <= last_at && left > 0; --left) {
      std::size_t begin = at + std::size_t{text[at] == usual.separator};
      const std::uint32_t next = names_.behind(last);
      const PairNames::Known& name = names_.at(next);
      const std::size_t length = name.length_at(text + begin);
      if (length == 0 || text[begin + length] != usual.assign) break;
      begin += length + 1;
      std::size_t end = 0;
      std::size_t behind = 0;
      if (text[begin] == usual.quote) {
        end = marks_.quote(++begin);
        if (end > last_at + kReach - 1 || (usual.more_quotes && text[end] != usual.quote) ||
            (usual.escapes && has_escapes(begin, end)))
          break;
        behind = end + 1;
      } else {
        if (usual.more_quotes && style_.quotes.has(text[begin])) break;
        behind = end = marks_.stop(begin);
      }
      last = next;
      at = behind;
      const std::size_t size = end - begin;
      if (name.field() == PairNames::Known::kNobody || size == 0) continue;
      if (nulls_.may_have(size) && nulls_.has({text + begin, size})) continue;
      *out++ = {text + begin, static_cast<std::uint32_t>(size),
                FieldId{static_cast<std::uint16_t>(name.field())}, ValueKind::kString, false};
    }
    size_ = static_cast<std::size_t>(out - room_);
    any_ |= at > at_;
    at_ = at;
    count_ = kPairsMax - left;
    names_.go_to(last);
  }

  // May the quote at `end` not be the one that ends the value, or has something in it to be undone?
  bool has_escapes(std::size_t begin, std::size_t end) const {
    if (style_.escape == KvEscape::kQuoteOnly) return text_[end - 1] == '\\';
    return find_byte(text_.substr(0, end), '\\', begin) < end;
  }

  // Whatever comes next. False: nothing.
  bool run_one() {
    at_ = style_.separators.find_other(text_, at_);
    if (at_ >= text_.size()) return false;
    const std::string_view name = read_name();
    std::string_view value;
    if (at_ < text_.size() && style_.assign.has(text_[at_])) {
      ++at_;
      value = read_value();
    } else if (!style_.flags) {
      return true;
    }
    if (name.empty()) return true;
    ++count_;
    if (name.size() > kPairNameMax) {
      long_name_ = true;
      return true;
    }
    any_ = true;
    const std::optional<FieldId> id = names_.field(name);
    if (!id || value.empty() || nulls_.has(value)) return true;
    room_[size_++] = {value.data(), static_cast<std::uint32_t>(value.size()), *id,
                      ValueKind::kString, false};
    return true;
  }

  // Up to the assignment, or what ends a word without one.
  std::string_view read_name() {
    const std::size_t end = name_end_.find(text_, at_);
    const std::string_view name = trim(text_.substr(at_, end - at_));
    at_ = end;
    const bool quoted =
        name.size() >= 2 && style_.quotes.has(name.front()) && name.back() == name.front();
    return quoted ? name.substr(1, name.size() - 2) : name;
  }

  std::string_view read_value() {
    if (at_ < text_.size() && style_.quotes.has(text_[at_])) return quoted(text_[at_]);
    const std::size_t begin = at_;
    at_ = marks_.stop(begin);
    return text_.substr(begin, at_ - begin);
  }

  // The value between quotes; all the rest if the second one is missing.
  std::string_view quoted(char quote) {
    const std::size_t begin = at_ + 1;
    std::size_t end = marks_.quote(begin);
    bool escaped = false;
    while (end < text_.size()) {
      const bool same = text_[end] == quote;
      if (same && !is_escaped(begin, end)) break;
      escaped |= same;
      end = marks_.quote(end + 1);
    }
    at_ = std::min(end + 1, text_.size());
    const std::string_view value = text_.substr(begin, end - begin);
    if (style_.escape == KvEscape::kBackslash) return without_escapes(value, work_.arena());
    return escaped ? without_quote_escapes(value, quote, '\\', work_.arena()) : value;
  }

  bool is_escaped(std::size_t begin, std::size_t quote) const {
    if (quote == begin || text_[quote - 1] != '\\' || style_.escape == KvEscape::kNone)
      return false;
    if (style_.escape == KvEscape::kQuoteOnly) return true;
    std::size_t backslashes = 0;
    while (quote - backslashes > begin && text_[quote - backslashes - 1] == '\\') ++backslashes;
    return backslashes % 2 == 1;
  }

  std::string_view text_;
  const KvStyle& style_;
  const ByteSet& name_end_;
  const NullWords& nulls_;
  PairNames& names_;
  Work& work_;
  ByteMarks& marks_;
  Field* room_;           // for kPairsMax of them
  std::size_t size_ = 0;  // fields in it
  Usual usual_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;  // of pairs
  bool any_ = false;       // of them whose name is none that is too long
  bool long_name_ = false;
};

class KvVerb : public PairVerb {
 public:
  KvVerb(const VerbSource& source, const KvStyle& style, std::string between)
      : PairVerb(source), style_(style), between_(std::move(between)) {
    if (!between_.empty()) style_.between = between_;
    simple_ = is_simple(style_);
    name_end_ = style_.assign.with(style_.separators);
    constexpr std::string_view kUsual = " \t,;|&\n";
    for (const char c : kUsual)
      if (separator_ == '\0' && style_.separators.has(c)) separator_ = c;
    simple_ &= separator_ != '\0';
  }

  Outcome run(Work& work) const override {
    if (!simple_ || work.trace != nullptr) return PairVerb::run(work);
    const std::string_view text = work.text(field());
    PairNames& names = work.names_of(this, prefix());
    PairsToFields pairs(text, style_, separator_, name_end_, nulls(), names, work);
    if (!pairs.run()) return Outcome::kFailed;
    work.put_pairs(pairs.fields());
    return Outcome::kDone;
  }

 protected:
  bool read(std::string_view text, Work& work, std::vector<Pair>& pairs) const override {
    return read_kv(text, style_, work.arena(), pairs);
  }

 private:
  KvStyle style_;
  std::string between_;
  bool simple_ = false;
  char separator_ = '\0';
  ByteSet name_end_;  // what ends a name
};

Result<void> style_options(StepReader& reader, const YamlNode& options, KvStyle& style) {
  const auto bytes = [&](std::string_view key, ByteSet& set) {
    if (options.find(key) != nullptr) set = ByteSet(options.text(key));
  };
  bytes("pairs", style.separators);
  bytes("assign", style.assign);
  bytes("quotes", style.quotes);
  bytes("nested", style.nested);
  PICKET_TRY(style.open, reader.character(options, "open", style.open));
  PICKET_TRY(style.close, reader.character(options, "close", style.close));
  PICKET_TRY(style.spaces_in_values,
             reader.flag(options, "spaces_in_values", style.spaces_in_values));
  PICKET_TRY(style.spaces_at_assign,
             reader.flag(options, "spaces_at_assign", style.spaces_at_assign));
  PICKET_TRY(style.flags, reader.flag(options, "flags", style.flags));
  PICKET_TRY(style.hex_values, reader.flag(options, "hex_values", style.hex_values));
  const YamlNode* escape = options.find("escape");
  if (escape == nullptr) return {};
  constexpr std::array<std::pair<std::string_view, KvEscape>, 4> kEscapes = {
      {{"none", KvEscape::kNone},
       {"quote", KvEscape::kQuoteOnly},
       {"backslash", KvEscape::kBackslash},
       {"doubled", KvEscape::kDoubled}}};
  for (const auto& [name, value] : kEscapes) {
    if (name != escape->scalar) continue;
    style.escape = value;
    return {};
  }
  return reader.error(*escape, "escape is none, quote, backslash or doubled");
}

Result<KvStyle> named_style(StepReader& reader, const YamlNode& options) {
  const YamlNode* node = options.find("style");
  if (node == nullptr) return kLogfmtStyle;
  constexpr std::array<std::pair<std::string_view, const KvStyle*>, 6> kStyles = {
      {{"logfmt", &kLogfmtStyle},
       {"fortigate", &kFortigateStyle},
       {"checkpoint", &kCheckPointStyle},
       {"auditd", &kAuditdStyle},
       {"netscaler", &kNetscalerStyle},
       {"iptables", &kIptablesStyle}}};
  for (const auto& [name, style] : kStyles) {
    if (name == node->scalar) return *style;
  }
  return reader.error(*node,
                      "style is one of logfmt, fortigate, checkpoint, auditd, netscaler, iptables");
}

}  // namespace

MadeVerb make_kv(StepReader& reader, const VerbSource& source) {
  const YamlNode& options = source.argument;
  PICKET_TRY_VOID(
      reader.known(options,
                   "style pairs between assign quotes nested escape open close spaces_in_values "
                   "spaces_at_assign flags hex_values"));
  PICKET_TRY(KvStyle style, named_style(reader, options));
  PICKET_TRY_VOID(style_options(reader, options, style));
  return std::make_unique<KvVerb>(source, style, options.text("between"));
}

}  // namespace picket::parsers
