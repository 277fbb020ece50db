// set, default, append, rename, copy, remove, split, date: fields from fields.
#include <algorithm>
#include <utility>

#include "base/time.h"
#include "parsers/cursor.h"
#include "parsers/steps/date_format.h"
#include "parsers/steps/step_reader.h"

namespace picket::parsers {
namespace {

using Values = std::vector<std::pair<FieldId, StepValue>>;

enum class Setting : std::uint8_t { kReplace, kKeep, kAppend };

class SetVerb : public Verb {
 public:
  SetVerb(Values values, Setting setting) : values_(std::move(values)), setting_(setting) {}

  Outcome run(Work& work) const override {
    for (const auto& [field, value] : values_) {
      if (setting_ == Setting::kAppend) {
        value.append(work, field);
      } else if (setting_ == Setting::kReplace || work.find(field) == nullptr) {
        value.put(work, field);
      }
    }
    return Outcome::kDone;
  }

 private:
  Values values_;
  Setting setting_;
};

MadeVerb make_setting(StepReader& reader, const VerbSource& source, Setting setting) {
  Values values;
  PICKET_TRY_VOID(reader.entries(source.argument, "a map of fields and values is expected",
                                 [&](const YamlNode& key, const YamlNode& node) -> Result<void> {
                                   PICKET_TRY(const FieldId field, reader.field(key));
                                   PICKET_TRY(StepValue value, reader.value(node));
                                   values.emplace_back(field, std::move(value));
                                   return {};
                                 }));
  return std::make_unique<SetVerb>(std::move(values), setting);
}

struct Copy {
  FieldId from{};
  std::vector<FieldId> to;
};

class CopyVerb : public Verb {
 public:
  CopyVerb(std::vector<Copy> copies, bool rename, bool override)
      : copies_(std::move(copies)), rename_(rename), override_(override) {}

  Outcome run(Work& work) const override {
    for (const Copy& copy : copies_) {
      std::vector<Field>& originals = work.fields();
      read(copy.from, work, originals);
      if (originals.empty()) continue;
      if (rename_) work.remove(copy.from);
      for (const FieldId to : copy.to) {
        if (override_ || work.find(to) == nullptr) work.put_all(to, originals);
      }
    }
    return Outcome::kDone;
  }

 private:
  // All of a name that comes again.
  static void read(FieldId from, Work& work, std::vector<Field>& originals) {
    const Field* const found = work.find(from);
    if (found == nullptr) {  // `message`, `record`
      const std::string_view text = work.text(from);
      if (!text.empty())
        originals.push_back({text.data(), static_cast<std::uint32_t>(text.size()), from,
                             ValueKind::kString, false});
    } else if (!work.is_repeated(*found)) {
      originals.push_back(*found);
    } else {
      work.each([&](const Field& field) {
        if (field.id == found->id) originals.push_back(field);
      });
    }
  }

  std::vector<Copy> copies_;
  bool rename_;
  bool override_;
};

MadeVerb make_copies(StepReader& reader, const VerbSource& source, bool rename) {
  std::vector<Copy> copies;
  PICKET_TRY_VOID(reader.entries(source.argument, "a map of names is expected",
                                 [&](const YamlNode& key, const YamlNode& node) -> Result<void> {
                                   Copy copy;
                                   PICKET_TRY(copy.from, reader.field(key));
                                   PICKET_TRY(copy.to, reader.fields(node));
                                   copies.push_back(std::move(copy));
                                   return {};
                                 }));
  PICKET_TRY(const bool override, reader.flag(source.step, "override", true));
  return std::make_unique<CopyVerb>(std::move(copies), rename, override);
}

class RemoveVerb : public Verb {
 public:
  std::vector<FieldId> fields;
  std::vector<std::string> starts;

  Outcome run(Work& work) const override {
    for (const FieldId field : fields) work.remove(field);
    if (starts.empty()) return Outcome::kDone;
    std::vector<FieldId> found;
    work.each([&](const Field& field) {
      const std::string_view name = field_name(field.id);
      for (const std::string& start : starts) {
        if (name.starts_with(start)) found.push_back(field.id);
      }
    });
    for (const FieldId field : found) work.remove(field);
    return Outcome::kDone;
  }
};

class SplitVerb : public Verb {
 public:
  FieldId from{};
  std::string by;
  std::string trim;
  std::vector<FieldId> places;  // by place; empty: all to `list`
  FieldId list{};
  NullWords nulls;

  Outcome run(Work& work) const override {
    const std::string_view text = work.text(from);
    if (text.empty()) return Outcome::kDone;
    std::vector<std::string_view> parts;
    std::size_t place = 0;
    for (std::string_view rest = text; place < kPartsMax; ++place) {
      const std::size_t at = place + 1 == places.size() ? std::string_view::npos : rest.find(by);
      const std::string_view part = trimmed(rest.substr(0, at));
      if (nulls.has(part)) {
      } else if (places.empty()) {
        if (!part.empty()) parts.push_back(part);
      } else {
        work.put(places[place], part);
      }
      if (at == std::string_view::npos) break;
      rest.remove_prefix(at + by.size());
    }
    if (place == kPartsMax) work.limit(Limit::kFields);
    if (places.empty() && !parts.empty())
      work.put(list, list_token(work, parts), ValueKind::kArray);
    return Outcome::kDone;
  }

 private:
  static constexpr std::size_t kPartsMax = 500;

  std::string_view trimmed(std::string_view part) const {
    const std::string_view blanks = trim.empty() ? std::string_view(" \t") : std::string_view(trim);
    const std::size_t begin = part.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return part.substr(begin, part.find_last_not_of(blanks) + 1 - begin);
  }
};

class DateVerb : public Verb {
 public:
  std::vector<FieldId> from;
  std::vector<DateFormat> formats;
  FieldId zone_field{};
  bool zone_from_field = false;
  std::optional<std::int32_t> zone;
  FieldId to{};

  Outcome run(Work& work) const override {
    if (from.size() == 2 && formats[0].usual()) {
      const std::string_view date = work.text(from[0]);
      if (const auto time = DateFormat::read_usual(date, work.text(from[1]), offset_s(work)))
        return put(*time, work);
    }
    const std::string_view text = joined(work);
    if (text.empty()) return Outcome::kDone;
    const std::int32_t offset = offset_s(work);
    for (const DateFormat& format : formats) {
      if (const auto time = format.read(text, work.received_ns(), offset)) return put(*time, work);
    }
    return Outcome::kFailed;
  }

 private:
  Outcome put(std::int64_t time_ns, Work& work) const {
    if (to == ecs::kTimestamp) {
      work.event().time_ns = time_ns;
    } else {
      work.put(to, work.copy(format_time(time_ns)));
    }
    return Outcome::kDone;
  }

  std::string_view joined(Work& work) const {
    if (from.size() == 1) return work.text(from[0]);
    std::size_t size = 0;
    for (const FieldId field : from) size += work.text(field).size() + 1;
    char* const begin = work.make(size);
    if (begin == nullptr) return {};
    char* out = begin;
    for (const FieldId field : from) {
      const std::string_view part = work.text(field);
      if (part.empty()) continue;
      if (out != begin) *out++ = ' ';
      out = std::copy(part.begin(), part.end(), out);
    }
    return {begin, static_cast<std::size_t>(out - begin)};
  }

  std::int32_t offset_s(Work& work) const {
    if (zone) return *zone;
    if (zone_from_field) {
      std::string_view text = work.text(zone_field);
      if (text.starts_with('"') && text.size() > 1) text = text.substr(1, text.size() - 2);
      if (const auto offset = zone_offset(text)) return *offset;
    }
    return work.zone_offset_s();
  }
};

}  // namespace

MadeVerb make_set(StepReader& reader, const VerbSource& source) {
  PICKET_TRY(const bool override, reader.flag(source.step, "override", true));
  return make_setting(reader, source, override ? Setting::kReplace : Setting::kKeep);
}

MadeVerb make_default(StepReader& reader, const VerbSource& source) {
  return make_setting(reader, source, Setting::kKeep);
}

MadeVerb make_append(StepReader& reader, const VerbSource& source) {
  return make_setting(reader, source, Setting::kAppend);
}

MadeVerb make_rename(StepReader& reader, const VerbSource& source) {
  return make_copies(reader, source, true);
}

MadeVerb make_copy(StepReader& reader, const VerbSource& source) {
  return make_copies(reader, source, false);
}

MadeVerb make_remove(StepReader& reader, const VerbSource& source) {
  auto made = std::make_unique<RemoveVerb>();
  const auto add = [&](const YamlNode& node) -> Result<void> {
    if (node.is_scalar() && node.scalar.ends_with('*')) {
      made->starts.push_back(node.scalar.substr(0, node.scalar.size() - 1));
      return {};
    }
    PICKET_TRY(const FieldId field, reader.field(node));
    made->fields.push_back(field);
    return {};
  };
  if (!source.argument.is_list()) {
    PICKET_TRY_VOID(add(source.argument));
    return made;
  }
  for (const YamlNode& item : source.argument.list) {
    PICKET_TRY_VOID(add(item));
  }
  return made;
}

MadeVerb make_split(StepReader& reader, const VerbSource& source) {
  auto made = std::make_unique<SplitVerb>();
  PICKET_TRY(made->from, reader.field(source.argument));
  made->by = source.step.text("by", ",");
  if (made->by.empty()) return reader.error(source.step, "by is empty");
  made->trim = source.step.text("trim");
  made->nulls = source.nulls;
  made->list = made->from;
  const YamlNode* to = source.step.find("to");
  if (to != nullptr && to->is_list()) {
    PICKET_TRY(made->places, reader.fields(*to));
  } else if (to != nullptr) {
    PICKET_TRY(made->list, reader.field(*to));
  }
  return made;
}

MadeVerb make_date(StepReader& reader, const VerbSource& source) {
  auto made = std::make_unique<DateVerb>();
  PICKET_TRY(made->from, reader.fields(source.argument));
  std::vector<std::string> formats = source.step.texts("formats");
  if (formats.empty()) formats.emplace_back("auto");
  for (const std::string& text : formats) {
    Result<DateFormat> format = DateFormat::compile(text);
    if (!format) return reader.error(source.step, format.error());
    made->formats.push_back(*std::move(format));
  }
  made->to = ecs::kTimestamp;
  if (const YamlNode* to = source.step.find("to")) {
    PICKET_TRY(made->to, reader.field(*to));
  }
  const YamlNode* zone = source.step.find("zone");
  if (zone == nullptr) return made;
  made->zone = zone_offset(zone->scalar);
  if (!made->zone) {
    PICKET_TRY(made->zone_field, reader.field(*zone));
    made->zone_from_field = true;
  }
  return made;
}

}  // namespace picket::parsers
