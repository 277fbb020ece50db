#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "parsers/formats/csv.h"
#include "parsers/formats/w3c.h"

// The first byte chooses the style. Values are never longer than the line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace picket::parsers;
  if (size == 0) return 0;
  constexpr std::string_view kSeparators = ",;\t |";
  const CsvStyle style{.separator = kSeparators[data[0] % kSeparators.size()],
                       .quote = (data[0] & 0x80U) != 0 ? '\'' : '"',
                       .backslash = (data[0] & 0x40U) != 0,
                       .merge = (data[0] & 0x20U) != 0,
                       .trim = (data[0] & 0x10U) != 0};
  const std::string_view line(reinterpret_cast<const char*>(data) + 1, size - 1);
  picket::Arena arena;
  std::vector<std::string_view> values;
  read_csv(line, style, arena, values);
  PICKET_CHECK(!values.empty() && values.size() <= kPairsMax);
  std::size_t bytes = 0;
  for (const std::string_view value : values) {
    bytes += value.size();
  }
  PICKET_CHECK(bytes <= line.size());

  std::vector<std::string> columns;
  const std::size_t end = line.find('\n');
  if (end == std::string_view::npos || !read_w3c_fields(line.substr(0, end), columns)) return 0;
  std::vector<Pair> pairs;
  const bool read = read_w3c(line.substr(end + 1), columns, arena, pairs);
  PICKET_CHECK(read || pairs.empty());
  PICKET_CHECK(pairs.size() <= columns.size());
  return 0;
}
