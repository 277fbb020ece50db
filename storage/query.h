// Query: the search language, parsed.
//
//   user.name:root and not source.ip:10.0.0.0/8        fields by ECS or original name
//   process.executable:*\cmd.exe                       * any bytes, ? one; whole value, any case
//   message:"failed password"                          quotes: nothing is special but \" and \\.
//   source.port:>=1024   @timestamp:<2026-01-01        numbers and times: > >= < <=
//   user.name:*                                        the field is there
//   user.name:(root or admin)                          several values of one field
//   "failed password" invalid                          free text: somewhere in the raw record
//   a b = a and b;  not, and, or in this order of strength;  ( ) group
//
// A word is split at its first colon if what stands before it looks like a field name: two or more
// of letters, digits and _ . @ -, not beginning with a digit; and neither ':' nor '//' follows. So
// C:\Windows, 12:30:00, fe80::1 and http://x are free text.
//
// A query is a value; the text of queries comes from people and peers, so size, nesting and number
// of terms are bounded.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace picket::storage {

inline constexpr std::size_t kQueryBytesMax = 8 * 1024;
inline constexpr std::size_t kQueryDepthMax = 64;
inline constexpr std::size_t kQueryNodesMax = 1024;

enum class QueryOp : std::uint8_t { kAll, kAnd, kOr, kNot, kText, kField };
enum class ValueTest : std::uint8_t {
  kEquals,
  kWildcard,
  kExists,
  kNetwork,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual
};

// An address range; IPv4 as ::ffff:a.b.c.d.
struct Network {
  std::array<std::uint8_t, 16> address{};
  unsigned bits = 128;
  bool contains(const Network& other) const;
};
// "10.0.0.0/8", "::1"; nullopt for everything else.
std::optional<Network> parse_network(std::string_view text);

struct QueryNode {
  QueryOp op = QueryOp::kAll;
  ValueTest test = ValueTest::kEquals;       // kField; kText knows kEquals (contains) and kWildcard
  std::vector<std::uint32_t> children = {};  // kAnd, kOr: two or more; kNot: one
  std::string field = {};
  std::string value = {};               // as written, without quotes
  std::optional<Network> network = {};  // kNetwork, and an exact value that is an address
  std::optional<double> number = {};    // comparisons: one of these two
  std::optional<std::int64_t> time_ns = {};
};

struct QueryError {
  std::size_t offset = 0;  // in bytes
  std::string what;
};

class Query {
 public:
  const QueryNode& root() const { return nodes_.back(); }
  const QueryNode& node(std::uint32_t index) const { return nodes_[index]; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
  // The query in one canonical spelling, which parses to the same query.
  std::string show() const;

 private:
  friend class QueryParser;
  std::vector<QueryNode> nodes_;
};

// kInvalid with three lines: what is wrong and at which character, the query, a caret. `error`, if
// given, takes the parts. The empty query is true for every record.
Result<Query> parse_query(std::string_view text, QueryError* error = nullptr);

}  // namespace picket::storage
