#include "storage/query/where_stage.h"

#include <algorithm>

#include "storage/query/value_test.h"

namespace picket::storage {
namespace {

class WhereStage final : public PipeStage {
 public:
  WhereStage(const Query& query, std::uint32_t root, const std::vector<std::string>& columns,
             bool events, PipeStage& next)
      : query_(query), root_(root), next_(next) {
    for (std::uint32_t i = 0; i < query.size(); ++i) {
      const QueryNode& node = query.node(i);
      Term term{ValueTester(node), {}};
      for (std::size_t column = 0; column < columns.size(); ++column) {
        const bool text =
            node.op == QueryOp::kText && (!events || columns[column] == "event.original");
        if (text || (node.op == QueryOp::kField && columns[column] == node.field))
          term.columns.push_back(column);
      }
      terms_.push_back(std::move(term));
    }
  }

  bool row(ResultRow&& row) override { return !matches(root_, row) || next_.row(std::move(row)); }
  void finish() override {}

 private:
  struct Term {
    ValueTester tester;
    std::vector<std::size_t> columns;  // that it looks into
  };

  bool matches(std::uint32_t index, const ResultRow& row) const {
    const QueryNode& node = query_.node(index);
    const auto child_matches = [&](std::uint32_t child) { return matches(child, row); };
    switch (node.op) {
      case QueryOp::kAll:
        return true;
      case QueryOp::kNot:
        return !matches(node.children.front(), row);
      case QueryOp::kAnd:
        return std::all_of(node.children.begin(), node.children.end(), child_matches);
      case QueryOp::kOr:
        return std::any_of(node.children.begin(), node.children.end(), child_matches);
      case QueryOp::kText:
      case QueryOp::kField:
        break;
    }
    const Term& term = terms_[index];
    return std::any_of(term.columns.begin(), term.columns.end(), [&](std::size_t column) {
      return any_text(row.cells[column], [&](std::string_view value) {
        return node.op == QueryOp::kText ? term.tester.stands_in(value)
                                         : term.tester.matches(value);
      });
    });
  }

  const Query& query_;
  std::uint32_t root_;
  PipeStage& next_;
  std::vector<Term> terms_;  // one a node
};

}  // namespace

std::unique_ptr<PipeStage> make_where_stage(const Query& query, std::uint32_t root,
                                            const std::vector<std::string>& columns, bool events,
                                            PipeStage& next) {
  return std::make_unique<WhereStage>(query, root, columns, events, next);
}

}  // namespace picket::storage
