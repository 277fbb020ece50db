// StepReader: the steps of one definition, from YAML.
//
// What is wrong is an error "path:line: reason", and the definition is refused. Bounds the number
// of steps, patterns and rows of tables. Used while definitions are loaded, by one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"
#include "parsers/steps/geo_database.h"
#include "parsers/steps/pattern.h"
#include "parsers/steps/step.h"
#include "parsers/steps/template.h"

namespace picket::parsers {

// Values that mean nothing: "-", "N/A".
class NullWords {
 public:
  NullWords() = default;
  explicit NullWords(std::vector<std::string> words) : words_(std::move(words)) {
    for (const std::string& word : words_) sizes_ |= size_bit(word.size());
  }
  // Is one of them that long?
  bool may_have(std::size_t size) const { return (sizes_ & size_bit(size)) != 0; }
  bool has(std::string_view text) const {
    if (!may_have(text.size())) return false;
    for (const std::string& word : words_) {
      if (same_name(word, text)) return true;
    }
    return false;
  }

 private:
  static std::uint64_t size_bit(std::size_t size) {
    return std::uint64_t{1} << std::min<std::size_t>(size, 63);
  }

  std::vector<std::string> words_;
  std::uint64_t sizes_ = 0;  // which sizes they have; the last bit is of all longer ones
};

// What a verb is made of.
struct VerbSource {
  const YamlNode& argument;  // under the verb's name
  const YamlNode& step;      // all of the step
  FieldId field;             // where to read
  bool field_given = false;
  std::string prefix;
  NullWords nulls;
};

class StepReader {
 public:
  static constexpr std::size_t kStepsMax = 2000;
  static constexpr std::size_t kPatternsMax = 4000;
  static constexpr std::size_t kRowsMax = 20'000;
  static constexpr std::size_t kDepthMax = 16;

  // All must outlive it.
  StepReader(const std::string& path, const Pattern::Macros& macros, std::vector<std::string> nulls,
             GeoLibrary& geo)
      : path_(path), macros_(macros), nulls_(std::move(nulls)), geo_(geo) {}

  Result<StepList> list(const YamlNode& node);

  // For the makers of verbs.
  tl::unexpected<Error> error(const YamlNode& node, const std::string& reason) const;
  tl::unexpected<Error> error(const YamlNode& node, const Error& error_of_part) const {
    return error(node, error_of_part.what);
  }
  Result<FieldId> field(const YamlNode& node) const;
  // One name, or several.
  Result<std::vector<FieldId>> fields(const YamlNode& node) const;
  Result<StepValue> value(const YamlNode& node) const;
  // Calls with the key and value of each entry of a map.
  using Entry = std::function<Result<void>(const YamlNode& key, const YamlNode& value)>;
  Result<void> entries(const YamlNode& node, const std::string& what, const Entry& each) const;
  // Only these keys, or the error says which is unknown.
  Result<void> known(const YamlNode& map, std::string_view keys) const;
  Result<bool> flag(const YamlNode& map, std::string_view key, bool otherwise) const;
  // A text of one character; '\0' for "".
  Result<char> character(const YamlNode& map, std::string_view key, char otherwise) const;
  Result<void> count_pattern(const YamlNode& node);
  Result<void> count_row(const YamlNode& node);
  const Pattern::Macros& macros() const { return macros_; }
  // A step may put this field.
  void note_written(FieldId field) const { written_.insert(field); }
  // All that were named where a step can put them.
  const std::set<FieldId>& written() const { return written_; }
  GeoLibrary& geo() const { return geo_; }
  // A file beside the definition.
  std::string beside(std::string_view name) const;

 private:
  Result<Step> step(const YamlNode& node);
  Result<void> common(const YamlNode& node, Step& made, bool reader);

  const std::string& path_;
  const Pattern::Macros& macros_;
  std::vector<std::string> nulls_;
  GeoLibrary& geo_;
  mutable std::set<FieldId> written_;
  std::size_t steps_ = 0;
  std::size_t patterns_ = 0;
  std::size_t rows_ = 0;
  std::size_t depth_ = 0;
};

// A field, or a text with fields in it, that something is looked up by.
class StepKey {
 public:
  static Result<StepKey> read(const StepReader& reader, const YamlNode& node);
  std::string_view text(Work& work) const {
    return template_ ? made_.text(work) : work.text(field_);
  }
  // The field, where it is one.
  FieldId field() const { return field_; }
  bool is_field() const { return !template_; }

 private:
  FieldId field_{};
  bool template_ = false;
  Template made_;
};

using MadeVerb = Result<std::unique_ptr<const Verb>>;
using VerbMaker = MadeVerb (*)(StepReader& reader, const VerbSource& source);

// One file a group of verbs.
MadeVerb make_pattern(StepReader& reader, const VerbSource& source);
MadeVerb make_dissect(StepReader& reader, const VerbSource& source);
MadeVerb make_regex(StepReader& reader, const VerbSource& source);
MadeVerb make_kv(StepReader& reader, const VerbSource& source);
MadeVerb make_csv(StepReader& reader, const VerbSource& source);
MadeVerb make_cef(StepReader& reader, const VerbSource& source);
MadeVerb make_leef(StepReader& reader, const VerbSource& source);
MadeVerb make_w3c(StepReader& reader, const VerbSource& source);
MadeVerb make_xml(StepReader& reader, const VerbSource& source);
MadeVerb make_json(StepReader& reader, const VerbSource& source);
MadeVerb make_sd(StepReader& reader, const VerbSource& source);
MadeVerb make_syslog(StepReader& reader, const VerbSource& source);
MadeVerb make_date(StepReader& reader, const VerbSource& source);
MadeVerb make_set(StepReader& reader, const VerbSource& source);
MadeVerb make_default(StepReader& reader, const VerbSource& source);
MadeVerb make_append(StepReader& reader, const VerbSource& source);
MadeVerb make_rename(StepReader& reader, const VerbSource& source);
MadeVerb make_copy(StepReader& reader, const VerbSource& source);
MadeVerb make_remove(StepReader& reader, const VerbSource& source);
MadeVerb make_split(StepReader& reader, const VerbSource& source);
MadeVerb make_sum(StepReader& reader, const VerbSource& source);
MadeVerb make_collect(StepReader& reader, const VerbSource& source);
MadeVerb make_pairs(StepReader& reader, const VerbSource& source);
MadeVerb make_replace(StepReader& reader, const VerbSource& source);
MadeVerb make_lookup(StepReader& reader, const VerbSource& source);
MadeVerb make_convert(StepReader& reader, const VerbSource& source);
MadeVerb make_url(StepReader& reader, const VerbSource& source);
MadeVerb make_address(StepReader& reader, const VerbSource& source);
MadeVerb make_transport(StepReader& reader, const VerbSource& source);
MadeVerb make_direction(StepReader& reader, const VerbSource& source);
MadeVerb make_hash(StepReader& reader, const VerbSource& source);
MadeVerb make_geoip(StepReader& reader, const VerbSource& source);
MadeVerb make_switch(StepReader& reader, const VerbSource& source);
MadeVerb make_block(StepReader& reader, const VerbSource& source);
MadeVerb make_fail(StepReader& reader, const VerbSource& source);
MadeVerb make_stop(StepReader& reader, const VerbSource& source);

}  // namespace picket::parsers
