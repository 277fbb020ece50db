// sum, collect, pairs, replace: one value from several, and several from one.
#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "parsers/cursor.h"
#include "parsers/steps/step_reader.h"
#include "parsers/steps/substitution.h"

namespace picket::parsers {
namespace {

// Of the fields that are there and are whole numbers.
class SumVerb : public Verb {
 public:
  struct Item {
    FieldId to{};
    std::vector<FieldId> from;
  };
  std::vector<Item> items;

  Outcome run(Work& work) const override {
    for (const Item& item : items) {
      std::int64_t sum = 0;
      bool any = false;
      for (const FieldId from : item.from) {
        const std::string_view text = work.text(from);
        std::int64_t number = 0;
        if (!read_int(text, number)) continue;
        any = true;
        if (__builtin_add_overflow(sum, number, &sum)) return Outcome::kDone;
      }
      if (any) work.put(item.to, work.digits(sum), ValueKind::kNumber);
    }
    return Outcome::kDone;
  }
};

// Names that differ in a number: a0, a1, ... a10, in the order of the numbers.
class CollectVerb : public Verb {
 public:
  struct Item {
    std::string start;
    std::string end;
    FieldId to{};
  };
  std::vector<Item> items;

  Outcome run(Work& work) const override {
    for (const Item& item : items) {
      std::vector<std::pair<std::uint64_t, FieldId>> found;
      work.each([&](const Field& field) {
        if (const auto number = number_of(item, field_name(field.id)))
          found.emplace_back(*number, field.id);
      });
      std::sort(found.begin(), found.end());
      found.erase(std::unique(found.begin(), found.end()), found.end());
      std::vector<std::string_view> texts;
      for (const auto& [number, field] : found) {
        const std::string_view text = work.text(field);
        if (!text.empty()) texts.push_back(text);
      }
      if (!texts.empty()) work.put(item.to, list_token(work, texts), ValueKind::kArray);
    }
    return Outcome::kDone;
  }

 private:
  static std::optional<std::uint64_t> number_of(const Item& item, std::string_view name) {
    if (name.size() <= item.start.size() + item.end.size() || !name.starts_with(item.start) ||
        !name.ends_with(item.end))
      return std::nullopt;
    name.remove_prefix(item.start.size());
    name.remove_suffix(item.end.size());
    std::uint64_t number = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (bad != std::errc() || end != name.data() + name.size()) return std::nullopt;
    return number;
  }
};

// A list of {name, value} as the fields that it means.
class PairsVerb : public Verb {
 public:
  FieldId name{};
  std::vector<FieldId> values;
  std::string prefix;
  bool lower = false;
  NullWords nulls;

  Outcome run(Work& work) const override {
    std::vector<std::pair<std::string, Field>> pairs;
    bool open = false;
    work.each([&](const Field& field) {
      const bool is_name = field.id == name;
      if (!is_name && std::find(values.begin(), values.end(), field.id) == values.end()) return;
      if (is_name) {
        for_each_value(field, [&](const Field& value) {
          if (pairs.size() < kPairsMax)
            pairs.emplace_back(own(field_text(value, work.arena())), Field{});
          open = true;
        });
      } else if (open && !pairs.empty()) {
        pairs.back().second = field;
        open = false;
      }
    });
    put(work, pairs);
    return Outcome::kDone;
  }

 private:
  static constexpr std::size_t kPairsMax = 200;

  void put(Work& work, std::vector<std::pair<std::string, Field>>& pairs) const {
    if (pairs.size() == kPairsMax) work.limit(Limit::kFields);
    PairNames& names = work.names_of(this, prefix);
    names.begin();
    const std::uint32_t start = work.event().field_count;
    for (auto& [text, field] : pairs) {
      if (field.data == nullptr || text.empty()) continue;
      std::erase(text, ' ');  // names of fields have none
      if (lower) std::transform(text.begin(), text.end(), text.begin(), ascii_lower);
      const std::optional<FieldId> id = names.field(text);
      if (!id || (field.kind == ValueKind::kString && nulls.has(field.token()))) continue;
      field.id = *id;
      work.put_pair(field, start);
    }
  }
};

class ReplaceVerb : public Verb {
 public:
  FieldId from{};
  FieldId to{};
  std::vector<Substitution> by;

  Outcome run(Work& work) const override {
    const std::string_view before = work.text(from);
    std::string_view text = before;
    for (const Substitution& each : by) text = each.apply(text, work);
    if (text.empty() && to == from) work.remove(from);
    if (text != before || to != from) work.put(to, text);
    return Outcome::kDone;
  }
};

}  // namespace

MadeVerb make_sum(StepReader& reader, const VerbSource& source) {
  auto made = std::make_unique<SumVerb>();
  PICKET_TRY_VOID(reader.entries(source.argument, "a map of a field and those to add is expected",
                                 [&](const YamlNode& key, const YamlNode& node) -> Result<void> {
                                   SumVerb::Item item;
                                   PICKET_TRY(item.to, reader.field(key));
                                   PICKET_TRY(item.from, reader.fields(node));
                                   made->items.push_back(std::move(item));
                                   return {};
                                 }));
  return made;
}

MadeVerb make_collect(StepReader& reader, const VerbSource& source) {
  auto made = std::make_unique<CollectVerb>();
  PICKET_TRY_VOID(reader.entries(source.argument, "a map of names with a star is expected",
                                 [&](const YamlNode& key, const YamlNode& node) -> Result<void> {
                                   const std::size_t star = key.scalar.find('*');
                                   if (star == std::string::npos)
                                     return reader.error(key, "a name with a star is expected");
                                   CollectVerb::Item item;
                                   item.start = key.scalar.substr(0, star);
                                   item.end = key.scalar.substr(star + 1);
                                   PICKET_TRY(item.to, reader.field(node));
                                   made->items.push_back(std::move(item));
                                   return {};
                                 }));
  return made;
}

MadeVerb make_pairs(StepReader& reader, const VerbSource& source) {
  auto made = std::make_unique<PairsVerb>();
  PICKET_TRY_VOID(reader.known(source.argument, "name value lower"));
  const YamlNode* name = source.argument.find("name");
  const YamlNode* value = source.argument.find("value");
  if (name == nullptr || value == nullptr)
    return reader.error(source.argument, "pairs needs the fields of name and value");
  PICKET_TRY(made->name, reader.field(*name));
  PICKET_TRY(made->values, reader.fields(*value));
  PICKET_TRY(made->lower, reader.flag(source.argument, "lower", false));
  made->prefix = source.prefix;
  made->nulls = source.nulls;
  return made;
}

MadeVerb make_replace(StepReader& reader, const VerbSource& source) {
  auto made = std::make_unique<ReplaceVerb>();
  PICKET_TRY(made->from, reader.field(source.argument));
  made->to = made->from;
  if (const YamlNode* to = source.step.find("to")) {
    PICKET_TRY(made->to, reader.field(*to));
  }
  const YamlNode* by = source.step.find("by");
  if (by == nullptr || !by->is_list() || by->list.empty())
    return reader.error(source.step, "by: a list of [pattern, text] is expected");
  for (const YamlNode& pair : by->list) {
    if (!pair.is_list() || pair.list.size() != 2 || !pair.list[0].is_scalar() ||
        !pair.list[1].is_scalar())
      return reader.error(pair, "[pattern, text] is expected");
    PICKET_TRY_VOID(reader.count_pattern(pair));
    Result<Substitution> one = Substitution::compile(pair.list[0].scalar, pair.list[1].scalar);
    if (!one) return reader.error(pair, one.error());
    made->by.push_back(*std::move(one));
  }
  return made;
}

}  // namespace picket::parsers
