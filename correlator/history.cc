#include "correlator/history.h"

#include <algorithm>

#include "correlator/codec.h"
#include "correlator/member.h"

namespace picket::correlator {
namespace {

constexpr std::uint8_t kVersion = 1;
using Times = std::vector<std::int64_t>;

std::size_t since(const Times& times, std::int64_t from_ns) {
  return static_cast<std::size_t>(times.end() -
                                  std::lower_bound(times.begin(), times.end(), from_ns));
}

void append(Times& times, std::int64_t time_ns, std::size_t max) {
  times.push_back(time_ns);
  if (times.size() > max)
    times.erase(times.begin(), times.end() - static_cast<std::ptrdiff_t>(max));
}

void write(Writer& writer, const Times& times) {
  writer.number(times.size());
  std::int64_t base_ns = 0;
  for (const std::int64_t time_ns : times) {
    writer.number(static_cast<std::uint64_t>(time_ns) - static_cast<std::uint64_t>(base_ns));
    base_ns = time_ns;
  }
}

Times read(Reader& reader) {
  Times times;
  std::uint64_t base_ns = 0;
  for (std::size_t left = reader.count(); left > 0 && reader.ok(); --left) {
    base_ns += reader.number();
    times.push_back(static_cast<std::int64_t>(base_ns));
  }
  return times;
}

}  // namespace

std::size_t History::add(std::int64_t time_ns, const std::vector<std::string_view>& values,
                         const rules::CorrelationRule& rule) {
  if (values.empty()) return 0;
  if (empty() || last_ns_ < subtract_ns(time_ns, rule.timespan_ns)) since_ns_ = time_ns;
  last_ns_ = time_ns;
  append(all_, time_ns, std::max<std::size_t>(rule.seen_after, 1));
  for (const std::string_view value : values) {
    auto found = values_.find(value);
    if (found == values_.end()) {
      found = values_.emplace(value, Times()).first;
      bytes_ += kValueBytes + value.size();
    }
    append(found->second, time_ns, rule.seen_max);
  }
  std::size_t forgotten = 0;
  if (values_.size() > kValuesMax) {
    std::vector<std::int64_t> newest;
    for (const auto& [value, times] : values_) newest.push_back(times.back());
    const auto middle = newest.begin() + static_cast<std::ptrdiff_t>(newest.size() / 8);
    std::nth_element(newest.begin(), middle, newest.end());
    const std::size_t before = values_.size();
    std::erase_if(values_, [&](const auto& value) { return value.second.back() < *middle; });
    forgotten = before - values_.size();
  }
  return forgotten;
}

bool History::drop_before(std::int64_t time_ns) {
  const auto drop = [&](Times& times) {
    const std::size_t before = times.size();
    times.erase(times.begin(), std::lower_bound(times.begin(), times.end(), time_ns));
    return times.size() != before;
  };
  bool changed = drop(all_);
  for (auto at = values_.begin(); at != values_.end();) {
    changed = drop(at->second) || changed;
    at = at->second.empty() ? values_.erase(at) : std::next(at);
  }
  bytes_ = 0;
  for (const auto& [value, times] : values_) bytes_ += kValueBytes + value.size();
  return changed;
}

std::size_t History::count(std::string_view value, std::int64_t from_ns) const {
  const auto found = values_.find(value);
  return found == values_.end() ? 0 : since(found->second, from_ns);
}

std::size_t History::count_all(std::int64_t from_ns) const {
  return since(all_, from_ns);
}

std::string History::encode() const {
  Writer writer;
  writer.byte(kVersion);
  writer.integer(since_ns_);
  writer.integer(last_ns_);
  write(writer, all_);
  writer.number(values_.size());
  for (const auto& [value, times] : values_) {
    writer.text(value);
    write(writer, times);
  }
  return writer.take();
}

std::optional<History> History::decode(std::string_view bytes) {
  Reader reader(bytes);
  if (reader.byte() != kVersion) return std::nullopt;
  History history;
  history.since_ns_ = reader.integer();
  history.last_ns_ = reader.integer();
  history.all_ = read(reader);
  for (std::size_t left = reader.count(); left > 0 && reader.ok(); --left) {
    std::string value(reader.text());
    history.bytes_ += kValueBytes + value.size();
    Times times = read(reader);
    if (times.empty()) return std::nullopt;
    history.values_.emplace(std::move(value), std::move(times));
  }
  if (!reader.done()) return std::nullopt;
  return history;
}

}  // namespace picket::correlator
