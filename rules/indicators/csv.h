// CSV as feeds give it (RFC 4180): a line that names the columns, then one indicator or several on
// a line. docs/formats/indicators.md has the names of columns that are known.
//
// Takes the bytes of a file in pieces; the sink outlives the reader. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/indicators/indicator.h"
#include "rules/indicators/lines.h"

namespace picket::rules {

class CsvReader {
 public:
  // A quoted text may go over as many lines; what does not end then has a quote too many.
  static constexpr std::size_t kRecordLinesMax = 16;
  static constexpr std::size_t kColumnsMax = 256;

  explicit CsvReader(IndicatorSink& sink) : sink_(sink) {}
  void read(std::string_view piece);
  void finish();

 private:
  enum class Column : std::uint8_t {
    kOther,
    kValue,
    kTyped,
    kType,
    kConfidence,
    kSource,
    kValidFrom,
    kValidUntil,
    kDescription,
    kReference
  };
  struct Head {
    Column column = Column::kOther;
    std::string type = {};  // of kTyped: its name is the type
  };

  void line(std::string_view text, std::uint32_t number, bool too_long);
  void give_up_record();
  void record(std::string_view text, std::uint32_t number);
  bool split(std::string_view text);  // into cells_; false: quotes are wrong
  bool read_head(std::string_view text);
  void indicators(std::uint32_t number);
  const char* read_note(IndicatorNote& note) const;
  std::string_view cell(Column column) const;

  IndicatorSink& sink_;
  Lines lines_;
  std::string comment_;  // the last one before the head: some feeds write the head as a comment
  std::vector<std::pair<std::string, std::uint32_t>>
      open_;  // lines of a record whose quotes are open
  std::size_t open_bytes_ = 0;
  std::vector<Head> head_;
  bool headless_ = false;
  char separator_ = ',';
  std::vector<std::string_view> cells_;
  std::vector<std::string> unquoted_;  // cells with quotes within; views of cells_ point in here
  IndicatorKey key_;
};

// An instant as feeds write it: RFC 3339, a day alone, or seconds or milliseconds since 1970.
std::optional<std::int64_t> feed_time(std::string_view text);

}  // namespace picket::rules
