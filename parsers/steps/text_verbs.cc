// pattern, dissect, regex: texts taken apart by what stands between their values.
#include <utility>

#include "parsers/steps/named_regex.h"
#include "parsers/steps/step_reader.h"

namespace picket::parsers {
namespace {

std::string_view without_end(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r' || text.back() == '\n' ||
                           text.back() == '\t' || text.back() == '\0'))
    text.remove_suffix(1);
  return text;
}

std::string_view without_quotes(std::string_view text) {
  return text.size() >= 2 ? text.substr(1, text.size() - 2) : text;
}

class PatternVerb : public Verb {
 public:
  PatternVerb(FieldId field, std::vector<Pattern> patterns, NullWords nulls, std::string append)
      : field_(field),
        patterns_(std::move(patterns)),
        nulls_(std::move(nulls)),
        append_(std::move(append)) {}

  Outcome run(Work& work) const override {
    const std::string_view text = without_end(work.text(field_));
    std::vector<Capture>& captures = work.captures();
    const Bigrams* bigrams = nullptr;  // until a pattern did not fit
    for (const Pattern& pattern : patterns_) {
      bool gave_up = false;
      if (bigrams != nullptr && !pattern.may_fit(*bigrams)) continue;
      if (pattern.match(text, captures, work.pattern_tries(), gave_up)) {
        put(pattern, text, captures, work);
        return Outcome::kDone;
      }
      if (gave_up) work.limit(Limit::kPattern);
      if (bigrams == nullptr && patterns_.size() >= kFilteredMin) bigrams = &work.bigrams(text);
    }
    return Outcome::kFailed;
  }

 private:
  static constexpr std::size_t kFilteredMin = 3;  // patterns for which it pays to look first

  void put(const Pattern& pattern, std::string_view text, const std::vector<Capture>& captures,
           Work& work) const {
    for (const Capture& capture : captures) {
      const Pattern::Value& value = pattern.values()[capture.value];
      std::string_view taken = text.substr(capture.begin, capture.end - capture.begin);
      if (value.quoted) taken = without_quotes(taken);
      if (nulls_.has(taken)) continue;
      if (value.append) {
        append(value.field, taken, work);
      } else {
        work.put(value.field, taken, value.kind);
      }
    }
  }

  void append(FieldId field, std::string_view taken, Work& work) const {
    const std::string_view before = work.text(field);
    if (before.empty()) {
      work.put(field, taken);
      return;
    }
    char* const begin = work.make(before.size() + append_.size() + taken.size());
    if (begin == nullptr) return;
    char* out = std::copy(before.begin(), before.end(), begin);
    out = std::copy(append_.begin(), append_.end(), out);
    out = std::copy(taken.begin(), taken.end(), out);
    work.put(field, {begin, static_cast<std::size_t>(out - begin)});
  }

  FieldId field_;
  std::vector<Pattern> patterns_;
  NullWords nulls_;
  std::string append_;
};

class RegexVerb : public Verb {
 public:
  RegexVerb(FieldId field, std::vector<std::unique_ptr<const NamedRegex>> all, NullWords nulls)
      : field_(field), all_(std::move(all)), nulls_(std::move(nulls)) {}

  Outcome run(Work& work) const override {
    const std::string_view text = work.text(field_);
    std::vector<Capture>& captures = work.captures();
    for (const auto& regex : all_) {
      if (!regex->search(text, captures)) continue;
      for (const Capture& capture : captures) {
        const std::string_view taken = text.substr(capture.begin, capture.end - capture.begin);
        if (!nulls_.has(taken)) work.put(regex->fields()[capture.value], taken);
      }
      return Outcome::kDone;
    }
    return Outcome::kFailed;
  }

 private:
  FieldId field_;
  std::vector<std::unique_ptr<const NamedRegex>> all_;
  NullWords nulls_;
};

// Calls with each of a text or a list of texts.
template <class F>
Result<void> each_text(StepReader& reader, const YamlNode& node, F with_text) {
  if (node.is_scalar()) return with_text(node);
  if (!node.is_list() || node.list.empty())
    return reader.error(node, "a text or a list of texts is expected");
  for (const YamlNode& item : node.list) {
    if (!item.is_scalar()) return reader.error(item, "a text is expected");
    PICKET_TRY_VOID(with_text(item));
  }
  return {};
}

MadeVerb make_patterns(StepReader& reader, const VerbSource& source, bool dissect) {
  std::vector<Pattern> patterns;
  PICKET_TRY_VOID(each_text(reader, source.argument, [&](const YamlNode& text) -> Result<void> {
    PICKET_TRY_VOID(reader.count_pattern(text));
    Result<Pattern> made = dissect ? Pattern::compile_dissect(text.scalar, source.prefix)
                                   : Pattern::compile(text.scalar, reader.macros(), source.prefix);
    if (!made) return reader.error(text, made.error());
    for (const Pattern::Value& value : made->values()) reader.note_written(value.field);
    patterns.push_back(*std::move(made));
    return {};
  }));
  return std::make_unique<PatternVerb>(source.field, std::move(patterns), source.nulls,
                                       source.step.text("append", " "));
}

}  // namespace

MadeVerb make_pattern(StepReader& reader, const VerbSource& source) {
  return make_patterns(reader, source, false);
}

MadeVerb make_dissect(StepReader& reader, const VerbSource& source) {
  return make_patterns(reader, source, true);
}

MadeVerb make_regex(StepReader& reader, const VerbSource& source) {
  std::vector<std::unique_ptr<const NamedRegex>> all;
  PICKET_TRY_VOID(each_text(reader, source.argument, [&](const YamlNode& text) -> Result<void> {
    PICKET_TRY_VOID(reader.count_pattern(text));
    auto made = NamedRegex::compile(text.scalar, source.prefix);
    if (!made) return reader.error(text, made.error());
    for (const FieldId field : (*made)->fields()) reader.note_written(field);
    all.push_back(*std::move(made));
    return {};
  }));
  return std::make_unique<RegexVerb>(source.field, std::move(all), source.nulls);
}

}  // namespace picket::parsers
