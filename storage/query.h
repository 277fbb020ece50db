// Query: the search language, parsed. docs/search.md is its description for people.
//
//   user.name:root and not source.ip:10.0.0.0/8        fields by ECS or original name
//   process.executable:*\cmd.exe                       * any bytes, ? one; whole value, any case
//   message="failed password"                          quotes: nothing is special but \" and \\.
//   user.name==Root   user.name!=root                  with case; has the field, but not that value
//   source.port>=1024   @timestamp:<2026-01-01         numbers, times, addresses: > >= < <=
//   source.port:[1 TO 1023]   source.port:{1 TO *]     from, to; { and } leave the end out
//   user.name:/^adm[0-9]+$/i                           a regular expression, anywhere in the value
//   user.name:*                                        the field is there
//   user.name:(root or admin)   user.name in (a, b)    several values of one field
//   "failed password" -invalid                         free text: somewhere in the raw record
//   a b = a and b;  not, and, or in this order of strength;  -a = not a;  ( ) group
//   ... | count by user.name | head 5                  commands, see QueryCommand
//
// A word is a field test if it begins with a name (two or more of letters, digits and _ . @ -, not
// beginning with a digit; or anything between backquotes) and an operator. Neither ':' nor '//' may
// follow a colon, so C:\Windows, 12:30:00, fe80::1 and http://x are free text.
//
// A query is a value; the text of queries comes from people and peers, so size, nesting and number
// of terms are bounded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace picket::storage {

inline constexpr std::size_t kQueryBytesMax = 8 * 1024;
inline constexpr std::size_t kQueryDepthMax = 64;
inline constexpr std::size_t kQueryNodesMax = 1024;
inline constexpr std::size_t kQueryCommandsMax = 32;
inline constexpr std::ptrdiff_t kQueryRegexesMax = 32;
inline constexpr std::size_t kQueryFieldsMax = 32;         // named by one command
inline constexpr std::uint64_t kQueryRowsMax = 1'000'000;  // of head, tail, top and rare

class SearchRegex;  // storage/query/regex.h

enum class QueryOp : std::uint8_t { kAll, kAnd, kOr, kNot, kText, kField };
enum class ValueTest : std::uint8_t {
  kEquals,
  kEqualsCase,
  kWildcard,
  kExists,
  kNetwork,
  kRange,
  kRegex
};

// An address range; IPv4 as ::ffff:a.b.c.d.
struct Network {
  std::array<std::uint8_t, 16> address{};
  unsigned bits = 128;
  bool contains(const Network& other) const;
};
// "10.0.0.0/8", "::1"; nullopt for everything else.
std::optional<Network> parse_network(std::string_view text);

// One end of a range: a number, a time or an address.
struct QueryLimit {
  std::string text;  // as written, without quotes
  bool inclusive = true;
  std::optional<double> number = {};
  std::optional<std::int64_t> time_ns = {};
  std::optional<Network> address = {};
};

struct QueryNode {
  QueryOp op = QueryOp::kAll;
  ValueTest test = ValueTest::kEquals;       // kField; kText knows kEquals (contains) and kWildcard
  std::vector<std::uint32_t> children = {};  // kAnd, kOr: two or more; kNot: one
  std::string field = {};
  std::string value = {};                // as written, without quotes; the pattern of a kRegex
  std::optional<Network> network = {};   // kNetwork, and an exact value that is an address
  std::optional<QueryLimit> lower = {};  // kRange: one of them, or both of the same kind
  std::optional<QueryLimit> upper = {};
  std::string flags = {};                         // kRegex: of i, m, s
  std::shared_ptr<const SearchRegex> regex = {};  // kRegex
  std::size_t offset = 0;                         // where it begins in the query
};

enum class CommandKind : std::uint8_t {
  kCount,
  kStats,
  kTimechart,
  kTop,
  kRare,
  kDistinct,
  kSort,
  kHead,
  kTail,
  kFields,
  kDedup,
  kWhere
};
std::string_view command_name(CommandKind kind);  // "count", ...

enum class AggregateKind : std::uint8_t { kCount, kSum, kAvg, kMin, kMax, kDistinct, kPercentile };

// "sum(source.bytes) as sent"
struct Aggregate {
  AggregateKind kind = AggregateKind::kCount;
  std::string field = {};  // empty for kCount
  unsigned percent = 0;    // kPercentile: 1..99
  std::string name = {};   // of its column
};

struct SortKey {
  std::string field;
  bool descending = false;
};

struct QueryCommand {
  CommandKind kind = CommandKind::kCount;
  std::size_t offset = 0;                  // where it begins in the query
  std::vector<Aggregate> aggregates = {};  // kCount, kStats, kTimechart, kDistinct: at least one
  std::vector<std::string> fields = {};    // kTop, kRare, kFields, kDedup
  std::vector<std::string> by = {};        // kCount, kStats, kTimechart, kTop, kRare, kDistinct
  std::vector<SortKey> keys = {};          // kSort
  std::uint64_t rows = 10;                 // kTop, kRare, kHead, kTail
  std::int64_t span_ns = 0;                // kTimechart
  bool drop = false;                       // kFields: all but these
  std::uint32_t filter = 0;                // kWhere: its root
};

struct QueryError {
  std::size_t offset = 0;             // in bytes
  std::string key;                    // what is wrong, for machines: "value_missing"
  std::string what;                   // the same, an English sentence
  std::vector<std::string> expected;  // what could stand there
  std::string nearest;                // the known name that was meant, perhaps
};

// Something that is read, but perhaps not as it was meant.
using QueryWarning = QueryError;

class Query {
 public:
  const QueryNode& root() const { return nodes_[root_]; }
  std::uint32_t root_index() const { return root_; }
  const QueryNode& node(std::uint32_t index) const { return nodes_[index]; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
  const std::vector<QueryCommand>& commands() const { return commands_; }
  const std::vector<QueryWarning>& warnings() const { return warnings_; }
  // The query in one canonical spelling, which parses to the same query.
  std::string show() const;

 private:
  friend Result<Query> parse_query(std::string_view text, QueryError* error);
  std::vector<QueryNode> nodes_;
  std::uint32_t root_ = 0;
  std::vector<QueryCommand> commands_;
  std::vector<QueryWarning> warnings_;
};

// kInvalid with three lines: what is wrong and at which character, the query, a caret. `error`, if
// given, takes the parts. The empty query is true for every record.
Result<Query> parse_query(std::string_view text, QueryError* error = nullptr);

}  // namespace picket::storage
