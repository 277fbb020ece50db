// Template: a value that steps put together: "%{user.name|unknown} of %{host.name}", or a constant.
//
// Compiled once; its own text lives as long as the process, so that events can point to it.
// Immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"
#include "event/field.h"
#include "parsers/steps/work.h"

namespace picket::parsers {

// The same text, for ever; each is kept once. Cold path, takes a lock. Any thread.
std::string_view static_text(std::string_view text);

class Template {
 public:
  static constexpr std::size_t kPartsMax = 100;

  // %{a|b} is the first of the fields that is there, %{a|=text} that text where there is none.
  static Result<Template> compile(std::string_view text);

  // Nothing when a field that it needs is missing.
  std::string_view text(Work& work) const;
  // The field that it is nothing but, for a copy that keeps its kind; nullptr otherwise.
  const std::vector<FieldId>* only_fields() const;

 private:
  struct Part {
    std::string_view literal;
    std::vector<FieldId> fields;  // empty: the literal; else the literal stands in for them
    bool optional = false;        // it does
  };
  std::string_view part_text(const Part& part, Work& work) const;

  std::vector<Part> parts_;
};

// What `set` puts: a text, a number, a bool, or a list of texts.
class StepValue {
 public:
  static constexpr std::size_t kListMax = 64;

  // The error has no place.
  static Result<StepValue> compile(const YamlNode& node);
  void put(Work& work, FieldId field) const;
  // A constant as a field, static while the definition lives; nothing if it depends on the record.
  std::optional<Field> constant(FieldId field) const {
    if (!constant_) return std::nullopt;
    return Field{token_.data(), static_cast<std::uint32_t>(token_.size()), field, kind_, false};
  }
  // Adds those that are not in the list yet.
  void append(Work& work, FieldId field) const;

 private:
  bool constant_ = false;
  ValueKind kind_ = ValueKind::kString;
  std::string_view token_;  // of a constant
  std::vector<Template> templates_;
  bool list_ = false;
  bool plain_list_ = false;  // a constant list whose token is what list_token() makes of it
};

// A list of texts as the token of an array field; empty when there are none or too many bytes.
std::string_view list_token(Work& work, const std::vector<std::string_view>& texts);

}  // namespace picket::parsers
