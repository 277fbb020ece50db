// kv: pairs of a text straight to fields.
//
// Where a style has no brackets, nested pairs or blanks in values, which are nearly all, no list of
// pairs is made first: the name that came next in the record before is compared where it would
// stand, and the value goes to its field. read_kv() says what is right (tests/parsers/kv_test.cc,
// steps_same_test.cc compare the two); it reads the other styles, and all of them under a trace.
#include <algorithm>
#include <array>
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
        separator_(separator),
        name_end_(name_end),
        nulls_(nulls),
        names_(names),
        work_(work) {}

  // False: there was no pair. Else its fields are in `fields`.
  bool run(std::vector<Field>& fields) {
    names_.begin();
    std::size_t count = 0;
    bool any = false;
    bool long_name = false;
    while (count < kPairsMax) {
      std::optional<FieldId> id;
      std::string_view value;
      // No name of the ones met begins with a separator: mostly one byte is between two pairs.
      if (at_ < text_.size() && text_[at_] == separator_) ++at_;
      if (names_.guess(text_.substr(at_), style_.assign, id)) {
        at_ += names_.guessed_size() + 1;
        value = read_value();
      } else {
        at_ = style_.separators.find_other(text_, at_);
        if (at_ >= text_.size()) break;
        const std::string_view name = read_name();
        if (at_ < text_.size() && style_.assign.has(text_[at_])) {
          ++at_;
          value = read_value();
        } else if (!style_.flags) {
          continue;
        }
        if (name.empty()) continue;
        if (name.size() > kPairNameMax) {
          long_name = true;
          ++count;
          continue;
        }
        id = names_.field(name);
      }
      any = true;
      ++count;
      if (!id || value.empty() || nulls_.has(value)) continue;
      fields.push_back(
          {value.data(), static_cast<std::uint32_t>(value.size()), *id, ValueKind::kString, false});
    }
    if (any && long_name) work_.names().limits().add(Limit::kFieldName);
    if (any && count >= kPairsMax) work_.limit(Limit::kFields);
    return any;
  }

 private:
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
    at_ = style_.separators.find(text_, begin);
    return text_.substr(begin, at_ - begin);
  }

  // The value between quotes; all the rest if the second one is missing.
  std::string_view quoted(char quote) {
    const std::size_t begin = at_ + 1;
    std::size_t end = find_byte(text_, quote, begin);
    bool escaped = false;
    while (end < text_.size() && is_escaped(begin, end)) {
      escaped = true;
      end = find_byte(text_, quote, end + 1);
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
  char separator_;
  const ByteSet& name_end_;
  const NullWords& nulls_;
  PairNames& names_;
  Work& work_;
  std::size_t at_ = 0;
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
    std::vector<Field>& fields = work.fields();
    if (!PairsToFields(text, style_, separator_, name_end_, nulls(), names, work).run(fields))
      return Outcome::kFailed;
    work.put_pairs(fields);
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
