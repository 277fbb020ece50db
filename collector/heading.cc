#include "collector/heading.h"

#include <algorithm>

namespace picket::collector {

std::string_view Heading::of(std::string_view record, std::uint64_t begin) {
  if (!record.starts_with('#')) return text_;
  if (record.starts_with("#Fields:") || record.starts_with("#fields\t")) {
    text_ = record.size() <= kHeadingBytesMax ? record : std::string_view{};
    begin_ = begin;
  }
  return {};
}

void Heading::find(std::string_view bytes, std::uint64_t begin, bool first) {
  while (!bytes.empty() && !(first && known())) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) return;
    std::string_view line = bytes.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    (void)of(line, begin);
    begin += end + 1;
    bytes.remove_prefix(end + 1);
  }
}

}  // namespace picket::collector
