#include "storage/columns/block_needs.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "storage/columns/column_rows.h"
#include "storage/columns/layout.h"
#include "storage/columns/word_filter.h"

namespace picket::storage {
namespace {

// The filter of a block that is not open.
Result<WordFilter> filter_of(std::string_view block, const ColumnHead& head, BlockKey key) {
  WordFilter filter;
  if ((head.header.flags & kFiltered) == 0) return filter;
  PICKET_TRY(const std::string_view bytes, read_section(block, head, key, Section::kWords));
  if (!filter.read(bytes)) return damaged_columns(key, "bad filter");
  return filter;
}

bool may_have(const WordFilter& filter, const NeededText& text) {
  return std::all_of(text.words.begin(), text.words.end(),
                     [&](const std::string& word) { return filter.may_contain(word_key(word)); });
}

}  // namespace

Result<BlockNeeds> BlockNeeds::of(const RecordNeeds* needs, std::string_view block, BlockKey key) {
  BlockNeeds left;
  left.everything_ = true;
  if (needs == nullptr) return left;
  PICKET_TRY(const ColumnHead head, read_column_head(block, key));
  if ((head.header.flags & kHidingTold) == 0) return left;
  left.everything_ = false;
  left.hiding_ = (head.header.flags & kHiding) != 0;
  PICKET_TRY(const WordFilter filter, filter_of(block, head, key));
  for (const RecordNeeds::AllOf& all : needs->any) {
    std::vector<AnyOf> sets;
    for (const RecordNeeds::AnyOf& any : all) {
      AnyOf& set = sets.emplace_back();
      for (const NeededText& text : any) {
        if (may_have(filter, text)) set.push_back(&text);
      }
      if (set.empty()) break;
    }
    if (sets.empty() || !sets.back().empty()) left.any_.push_back(std::move(sets));
  }
  return left;
}

Result<RowSet> BlockNeeds::rows(ColumnBlock& block, ColumnSearch& search) const {
  RowSet all(block.rows());
  all.add_all();
  if (everything_) return all;
  RowSet wanted(block.rows());
  if (hiding_) {
    PICKET_TRY(wanted, ColumnRows(block).hiding_text());
  }
  std::map<std::string_view, RowSet> known;  // several rules may need one text
  for (const std::vector<AnyOf>& sets : any_) {
    RowSet met = all;
    for (const AnyOf& set : sets) {
      RowSet either(block.rows());
      for (const NeededText* one : set) {
        auto found = known.find(one->text);
        if (found == known.end()) {
          PICKET_TRY(RowSet rows, search.containing(one->text));
          found = known.emplace(one->text, std::move(rows)).first;
        }
        either.unite(found->second);
      }
      met.intersect(either);
      if (met.empty()) break;
    }
    wanted.unite(met);
  }
  return wanted;
}

}  // namespace picket::storage
