#include "storage/columns/column_query.h"

#include <string>
#include <string_view>

#include "base/json.h"
#include "storage/folded_text.h"

namespace picket::storage {
namespace {

// The longest part of a pattern that stands for itself.
std::string_view longest_literal(std::string_view pattern) {
  std::string_view longest;
  for (;;) {
    const std::size_t end = pattern.find_first_of("*?");
    const std::string_view part = pattern.substr(0, end);
    if (part.size() > longest.size()) longest = part;
    if (end == std::string_view::npos) return longest;
    pattern.remove_prefix(end + 1);
  }
}

// Depth is bounded by the query, which is at most 64 brackets deep.
class Candidates {
 public:
  Candidates(const Query& query, ColumnSearch& search, std::size_t rows)
      : query_(query), search_(search), rows_(rows) {}

  Result<CandidateRows> of(std::uint32_t index) {
    const QueryNode& node = query_.node(index);
    switch (node.op) {
      case QueryOp::kAll:
        return CandidateRows{all(), true};
      case QueryOp::kField:
        return CandidateRows{all(), false};
      case QueryOp::kText:
        return text(node);
      case QueryOp::kNot:
        return negated(node);
      case QueryOp::kAnd:
      case QueryOp::kOr:
        break;
    }
    return joined(node);
  }

 private:
  RowSet all() const {
    RowSet rows(rows_);
    rows.add_all();
    return rows;
  }

  // As it is, or as JSON writes it: see ValueTester::stands_in().
  Result<CandidateRows> text(const QueryNode& node) {
    const std::string folded = fold(node.value);
    const std::string quoted = json_quoted(node.value);
    const std::string escaped = fold(std::string_view(quoted).substr(1, quoted.size() - 2));
    PICKET_TRY(CandidateRows found, text_as(node, folded));
    if (escaped == folded) return found;
    PICKET_TRY(const CandidateRows other, text_as(node, escaped));
    found.rows.unite(other.rows);
    return found;
  }

  Result<CandidateRows> text_as(const QueryNode& node, std::string_view folded) {
    const bool pattern = node.test == ValueTest::kWildcard;
    PICKET_TRY(RowSet rows, search_.containing(pattern ? longest_literal(folded) : folded));
    return CandidateRows{std::move(rows), !pattern};
  }

  Result<CandidateRows> negated(const QueryNode& node) {
    PICKET_TRY(const CandidateRows child, of(node.children.front()));
    CandidateRows rest{all(), child.exact};
    if (child.exact) rest.rows.subtract(child.rows);
    return rest;
  }

  Result<CandidateRows> joined(const QueryNode& node) {
    PICKET_TRY(CandidateRows joined, of(node.children.front()));
    for (std::size_t i = 1; i < node.children.size(); ++i) {
      if (node.op == QueryOp::kAnd && joined.rows.empty()) break;  // and exactly so
      PICKET_TRY(const CandidateRows child, of(node.children[i]));
      node.op == QueryOp::kAnd ? joined.rows.intersect(child.rows) : joined.rows.unite(child.rows);
      joined.exact = joined.exact && child.exact;
    }
    return joined;
  }

  const Query& query_;
  ColumnSearch& search_;
  std::size_t rows_;
};

}  // namespace

Result<CandidateRows> candidate_rows(const Query& query, ColumnSearch& search, std::size_t rows) {
  return Candidates(query, search, rows).of(query.root_index());
}

}  // namespace picket::storage
