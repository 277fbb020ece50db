// RequiredFields: what a record of access, of a process or of an alert has to tell.
//
// REQUIREMENTS 41 to 43 (QCVN 12:2026/BCA 3.9.2.1.4 to 6) list what such records must hold. Which
// record is one is read from its ECS categorisation; each thing listed is one ECS field or another
// that says the same. A record that lacks something is flagged and counted, never dropped.
// Immutable; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "event/event.h"

namespace picket::parsers {

enum class RecordClass : std::uint8_t { kAccess, kProcess, kAlert, kOther };
inline constexpr std::size_t kRecordClasses = 3;               // but for kOther
std::string_view record_class_name(RecordClass record_class);  // "access"; empty for kOther

class RequiredFields {
 public:
  static constexpr std::size_t kFieldsMax = 8;  // of one class

  // Interns the names it asks for, so it is made before the first parser.
  static const RequiredFields& get();

  RecordClass class_of(Batch& batch, const Event& event) const;
  // Names of what a class demands; each stands for itself and what says the same.
  std::span<const std::string_view> names(RecordClass record_class) const;
  // Bit i is set when names()[i] is lacking. `timed`: the record states its time.
  std::uint32_t lacking(RecordClass record_class, bool timed, Batch& batch,
                        const Event& event) const;

 private:
  RequiredFields();

  struct Class {
    std::vector<std::string_view> names;
    std::vector<std::vector<FieldId>> fields;  // by name; none: the time
  };
  Class classes_[kRecordClasses];
};

}  // namespace picket::parsers
