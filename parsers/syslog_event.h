// SyslogEvents: one syslog record to one event: the envelope, then what its program says.
//
// The definitions that the evidence speaks for read the message, one after the other until one
// knows it. A JSON message is read as JSON and may turn out to be a Windows event that was sent
// through syslog. One per thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "event/event.h"
#include "parsers/catalog.h"
#include "parsers/definition_events.h"
#include "parsers/json_event.h"
#include "parsers/json_names.h"
#include "parsers/name_table.h"
#include "parsers/recognition.h"
#include "parsers/syslog.h"

namespace picket::parsers {

class SyslogEvents {
 public:
  // All must outlive it.
  SyslogEvents(const Catalog& catalog, JsonNames& names, JsonEvents& json, Recogniser& recogniser,
               DefinitionEvents& definitions)
      : catalog_(&catalog),
        names_(&names),
        json_(&json),
        recogniser_(&recogniser),
        definitions_(&definitions) {}

  // False when `text` is no syslog; the caller then drops the fields.
  bool parse(std::string_view text, const Definition* forced, std::int32_t zone_offset_s,
             Batch& batch, Event& event);

 private:
  struct Program {
    const Definition* definition = nullptr;
    bool named = false;  // by a definition, not only by "*"
  };

  static void put_envelope(const Syslog& syslog, Batch& batch);
  void put_structured_data(std::string_view data, Batch& batch);
  void read_content(const Syslog& syslog, const Definition* forced, std::int32_t zone_offset_s,
                    Batch& batch, Event& event);
  bool try_candidates(const Syslog& syslog, std::int32_t zone_offset_s, Batch& batch, Event& event);
  Program program(std::string_view name);
  const Definition* any_program() const { return catalog_->for_program({}); }

  const Catalog* catalog_;
  JsonNames* names_;
  JsonEvents* json_;
  Recogniser* recogniser_;
  DefinitionEvents* definitions_;
  const Definition* first_ = nullptr;  // of the candidates for the record at hand
  BsdDay day_;
  Syslog envelope_;  // of the line at hand: making one anew takes as long as filling it
  NameTable<Program> programs_;
  std::string name_;  // of a parameter
};

}  // namespace picket::parsers
