// STIX 2.1 bundles: the `indicator` objects with patterns that stix_pattern.h reads, and the
// `identity` objects that say who made them. docs/formats/indicators.md.
//
// A bundle of a million indicators is half a gigabyte: it is never held whole. The reader finds
// where the objects of the list `objects` begin and end, and each is parsed (simdjson) on its own;
// so one that is broken is refused alone. Takes the bytes of a file in pieces; the sink outlives
// the reader. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "rules/indicators/indicator.h"

namespace picket::rules {

class StixReader {
 public:
  static constexpr std::size_t kObjectBytesMax = 1024 * 1024;
  static constexpr std::size_t kDepthMax = 64;  // of one object

  explicit StixReader(IndicatorSink& sink);
  ~StixReader();
  void read(std::string_view piece);
  void finish();

 private:
  class Object;

  void in_text(std::string_view piece, std::size_t& at);
  bool sign(char c);  // false: this is not JSON
  void open(char c);
  bool close();
  void collect(std::string_view part);
  void end_object();

  IndicatorSink& sink_;
  std::unique_ptr<Object> object_;
  std::string bytes_;  // of the object that is being read
  std::string name_;   // the text read last outside of objects, as far as it is needed
  std::size_t depth_ = 0;
  bool in_text_ = false;
  bool escaped_ = false;
  bool in_objects_ = false;
  bool found_objects_ = false;
  bool collecting_ = false;
  bool too_large_ = false;
  bool too_deep_ = false;
  bool wrong_ = false;
  std::uint32_t line_ = 1;
  std::uint32_t object_line_ = 1;
};

}  // namespace picket::rules
