// PairVerb: what all verbs that read names and values share: which fields the names are.
//
// Immutable, as all verbs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parsers/formats/pair.h"
#include "parsers/steps/step_reader.h"

namespace picket::parsers {

class PairVerb : public Verb {
 public:
  explicit PairVerb(const VerbSource& source)
      : field_(source.field), prefix_(source.prefix), nulls_(source.nulls) {}

  Outcome run(Work& work) const override {
    const std::string_view text = work.text(field_);
    std::vector<Pair>& pairs = work.pairs();
    if (text.empty() || !read(text, work, pairs)) return Outcome::kFailed;
    if (pairs.size() >= kPairsMax) work.limit(Limit::kFields);
    PairNames& names = work.names_of(this, prefix_);
    names.begin();
    std::vector<Field>& fields = work.fields();
    for (const Pair& pair : pairs) {
      const std::optional<FieldId> id = names.field(pair.name);
      if (!id || pair.value.empty() || nulls_.has(pair.value)) continue;
      fields.push_back({pair.value.data(), static_cast<std::uint32_t>(pair.value.size()), *id,
                        ValueKind::kString, false});
    }
    work.put_pairs(fields);
    return Outcome::kDone;
  }

 protected:
  FieldId field() const { return field_; }
  const std::string& prefix() const { return prefix_; }
  const NullWords& nulls() const { return nulls_; }
  virtual bool read(std::string_view text, Work& work, std::vector<Pair>& pairs) const = 0;

 private:
  FieldId field_;
  std::string prefix_;
  NullWords nulls_;
};

}  // namespace picket::parsers
