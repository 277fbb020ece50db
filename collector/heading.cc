#include "collector/heading.h"

#include <algorithm>

namespace picket::collector {
namespace {

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

std::string_view Heading::of(std::string_view record, std::uint64_t begin) {
  if (kind_ == Kind::kFirstLine) return take_first(record, begin);
  if (!record.starts_with('#')) return text_;
  if (record.starts_with("#Fields:") || record.starts_with("#fields\t")) {
    text_ = record.size() <= kHeadingBytesMax ? record : std::string_view{};
    begin_ = begin;
  }
  return {};
}

std::string_view Heading::take_first(std::string_view record, std::uint64_t begin) {
  if (first_seen_) return text_;
  if (is_blank(record)) return {};
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (record.starts_with(kByteOrderMark)) record.remove_prefix(kByteOrderMark.size());
  first_seen_ = true;
  text_ = record.size() <= kHeadingBytesMax ? record : std::string_view{};
  begin_ = begin;
  return {};
}

void Heading::find(std::string_view bytes, std::uint64_t begin, bool first) {
  while (!bytes.empty() && !first_seen_ && !(first && known())) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      first_seen_ = kind_ == Kind::kFirstLine && !is_blank(bytes);  // it is longer than all of them
      return;
    }
    std::string_view line = bytes.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    (void)of(line, begin);
    begin += end + 1;
    bytes.remove_prefix(end + 1);
  }
}

}  // namespace picket::collector
