#include "storage/query/value_test.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

#include "base/json.h"
#include "base/time.h"
#include "storage/folded_text.h"
#include "storage/query/reader.h"
#include "storage/query/regex.h"

namespace picket::storage {
namespace {

// Is a value on the right side of both ends of a range?
template <class T>
bool between(const T& value, const T* lower, bool lower_inclusive, const T* upper,
             bool upper_inclusive) {
  if (lower != nullptr && (value < *lower || (value == *lower && !lower_inclusive))) return false;
  return upper == nullptr || value < *upper || (value == *upper && upper_inclusive);
}

template <class T>
const T* pointer(const std::optional<T>& value) {
  return value ? &*value : nullptr;
}

template <class T, class Get>
bool in_range(const QueryNode& node, const T& value, Get get) {
  const T* const lower = node.lower ? get(*node.lower) : nullptr;
  const T* const upper = node.upper ? get(*node.upper) : nullptr;
  return between(value, lower, node.lower && node.lower->inclusive, upper,
                 node.upper && node.upper->inclusive);
}

bool in_range(const QueryNode& node, std::string_view value) {
  const QueryLimit& either = node.lower ? *node.lower : *node.upper;
  if (either.number) {
    const std::optional<double> number = parse_number(value);
    return number && in_range(node, *number, [](const QueryLimit& l) { return pointer(l.number); });
  }
  if (either.time_ns) {
    const auto time = parse_time(value);
    return time &&
           in_range(node, time->time_ns, [](const QueryLimit& l) { return pointer(l.time_ns); });
  }
  const auto address = parse_network(value);
  if (!address || address->bits != 128) return false;
  return in_range(node, address->address,
                  [](const QueryLimit& l) { return l.address ? &l.address->address : nullptr; });
}

}  // namespace

std::optional<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  Network network;
  in_addr four{};
  unsigned bits_max = 128;
  if (address.size() >= INET6_ADDRSTRLEN || address.find('\0') != std::string::npos) return {};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) {
    network.address[10] = network.address[11] = 0xFF;
    std::memcpy(network.address.data() + 12, &four, 4);
    bits_max = 32;
  } else if (::inet_pton(AF_INET6, address.c_str(), network.address.data()) != 1) {
    return {};
  }
  if (slash == std::string_view::npos) return network;
  const std::string_view size = text.substr(slash + 1);
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), network.bits);
  if (size.empty() || error != std::errc() || end != size.data() + size.size()) return {};
  if (network.bits > bits_max) return {};
  network.bits += 128 - bits_max;
  return network;
}

bool Network::contains(const Network& other) const {
  if (other.bits < bits) return false;
  const std::size_t whole = bits / 8;
  if (std::memcmp(address.data(), other.address.data(), whole) != 0) return false;
  if (bits % 8 == 0) return true;
  const unsigned mask = 0xFFU << (8 - bits % 8);
  return ((address[whole] ^ other.address[whole]) & mask) == 0;
}

ValueTester::ValueTester(const QueryNode& node) : node_(&node), folded_(fold(node.value)) {
  if (node.op != QueryOp::kText) return;
  const std::string escaped = json_quoted(node.value);
  folded_escaped_ = fold(std::string_view(escaped).substr(1, escaped.size() - 2));
  if (folded_escaped_ == folded_) folded_escaped_.clear();
  if (node.test != ValueTest::kWildcard) return;
  folded_ = "*" + folded_ + "*";
  if (!folded_escaped_.empty()) folded_escaped_ = "*" + folded_escaped_ + "*";
}

bool ValueTester::stands_in(std::string_view raw) const {
  bool (*const test)(std::string_view, std::string_view) =
      node_->test == ValueTest::kWildcard ? &matches_wildcard : &contains_folded;
  return test(raw, folded_) || (!folded_escaped_.empty() && test(raw, folded_escaped_));
}

bool ValueTester::matches(std::string_view value) const {
  switch (node_->test) {
    case ValueTest::kExists:
      return true;
    case ValueTest::kWildcard:
      return matches_wildcard(value, folded_);
    case ValueTest::kEqualsCase:
      return value == node_->value;
    case ValueTest::kRegex:
      return node_->regex->search(value);
    case ValueTest::kRange:
      return in_range(*node_, value);
    case ValueTest::kEquals:
      if (equals_folded(value, folded_)) return true;
      [[fallthrough]];
    case ValueTest::kNetwork: {
      if (!node_->network) return false;
      const auto address = parse_network(value);
      return address && node_->network->contains(*address);
    }
  }
  return false;
}

}  // namespace picket::storage
