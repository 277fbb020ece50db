// A plain list: one indicator on a line, of the type that it looks like; '#' begins a comment at
// the beginning of a line or behind a blank. docs/formats/indicators.md.
//
// Takes the bytes of a file in pieces; the sink outlives the reader. One thread.
#pragma once

#include <string_view>

#include "rules/indicators/indicator.h"
#include "rules/indicators/lines.h"

namespace picket::rules {

class ListReader {
 public:
  explicit ListReader(IndicatorSink& sink) : sink_(sink) {}
  void read(std::string_view piece);
  void finish();

 private:
  void line(std::string_view text, std::uint32_t number, bool too_long);

  IndicatorSink& sink_;
  Lines lines_;
  IndicatorKey key_;
};

}  // namespace picket::rules
