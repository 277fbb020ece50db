// Facts: what all records of one plan (step_plan.h) have in common, for deciding what its steps ask
// for once and not for every record: which fields there are, and the values of a few.
//
// A fact is of the time before the plan's first step. What was decided by one is noted with it, so
// that the plan can watch whether a step undoes it before. Lives while a plan is made. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "event/field.h"
#include "parsers/steps/work.h"

namespace picket::parsers {

enum class Truth : std::uint8_t { kNo, kYes, kUnknown };

inline Truth truth_of(bool holds) {
  return holds ? Truth::kYes : Truth::kNo;
}

// The values that steps compare fields with, and how many times they do.
class AskedValues {
 public:
  static constexpr std::size_t kFieldsMax = 8;  // whose values count: those that are asked most

  struct Field {
    std::set<std::string, std::less<>> values;
    bool nocase = false;  // some are compared without case, and are in lower case here
    std::size_t times = 0;
  };

  void add(FieldId field, const std::vector<std::string>& values, bool nocase);
  // At most kFieldsMax.
  std::vector<std::pair<FieldId, Field>> most_asked() const;

 private:
  std::map<FieldId, Field> fields_;
};

// What a record's value is to those who ask for it: one of the values, none of them, or something
// of which nothing is said: a list, or a text that may be one of them but for its case.
class ValueClasses {
 public:
  using Class = std::uint16_t;
  static constexpr Class kUnsaid = 0;
  static constexpr Class kOther = 1;

  ValueClasses(FieldId field, const AskedValues::Field& asked);

  FieldId field() const { return field_; }
  Class of(Work& work);
  // Of a class behind kOther.
  const std::string& value(Class of) const { return values_[of - kOther - 1U]; }

 private:
  Class look_up(std::string_view text) const;

  FieldId field_;
  bool nocase_;
  std::vector<std::string> values_;  // sorted
  std::string last_;                 // text
  Class last_class_ = kOther;        // of it
};

class Facts {
 public:
  // A fact by which something was decided: about this field, or one of its originals.
  using Relied = std::vector<FieldId>;

  // `classes` are of the values of `keys`. What is in `unsteady` is nothing said of.
  Facts(const Work& work, const std::vector<ValueClasses>& keys,
        const std::vector<ValueClasses::Class>& classes, const Work::Aliases& aliases,
        const std::set<FieldId>& unsteady);

  Truth has(FieldId field) const;
  // The value, if it is known; nullptr otherwise, and when the field is not there.
  const std::string* value(FieldId field) const;
  // Is the value none of those that were asked for?
  bool is_other(FieldId field) const;

  // What has been decided relies on it.
  void rely(FieldId field) { relied_.push_back(field); }
  Relied& relied() { return relied_; }

 private:
  bool steady(FieldId field) const;
  ValueClasses::Class class_of(FieldId field) const;

  const Work& work_;
  const std::vector<ValueClasses>& keys_;
  const std::vector<ValueClasses::Class>& classes_;
  const Work::Aliases& aliases_;
  const std::set<FieldId>& unsteady_;
  Relied relied_;
};

}  // namespace picket::parsers
