#include "parsers/steps/template.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "base/guarded.h"
#include "base/json.h"

namespace picket::parsers {
namespace {

constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> made{};
  for (std::size_t c = ' '; c < 0x7f; ++c) made[c] = c != '"' && c != '\\';
  return made;
}();

// Is it the same between the quotes of JSON?
bool is_plain(std::string_view text) {
  bool plain = true;
  for (const char c : text) plain &= kPlain[static_cast<unsigned char>(c)];
  return plain;
}

// Is `token` each of the texts once, as written, between quotes?
bool is_plain_list(const std::vector<YamlNode>& items, std::string_view token) {
  std::set<std::string> texts;
  std::string whole;
  for (const YamlNode& item : items) {
    if (item.scalar.empty() || !is_plain(item.scalar) || !texts.insert(item.scalar).second)
      return false;
    whole += (whole.empty() ? "[\"" : ",\"") + item.scalar + '"';
  }
  return whole + ']' == token;
}

std::string_view escaped_list(Work& work, const std::vector<std::string_view>& texts) {
  std::string token = "[";
  for (const std::string_view text : texts) {
    if (token.size() > 1) token += ',';
    token += json_quoted(text);
  }
  token += ']';
  return work.copy(token);
}

}  // namespace

std::string_view static_text(std::string_view text) {
  static auto* const texts =
      new Guarded<std::set<std::string, std::less<>>>;  // as long as the process
  return texts->with([&](auto& all) -> std::string_view { return *all.emplace(text).first; });
}

Result<Template> Template::compile(std::string_view text) {
  Template made;
  while (!text.empty()) {
    const std::size_t at = std::min(text.find("%{"), text.size());
    if (at > 0) made.parts_.push_back({static_text(text.substr(0, at)), {}, false});
    if (at == text.size()) break;
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) return fail(Errc::kInvalid, "a %{ without its }");
    Part part;
    for (std::string_view names = text.substr(at + 2, end - at - 2);;) {
      if (names.starts_with('=')) {
        part.literal = static_text(names.substr(1));
        part.optional = true;
        break;
      }
      const std::size_t bar = names.find('|');
      const std::string_view name = names.substr(0, bar);
      if (name.empty()) return fail(Errc::kInvalid, "a %{} without a field");
      const std::optional<FieldId> field = intern_field(name);
      if (!field) return fail(Errc::kLimit, "too many field names are in use");
      part.fields.push_back(*field);
      if (bar == std::string_view::npos) break;
      names.remove_prefix(bar + 1);
    }
    made.parts_.push_back(std::move(part));
    if (made.parts_.size() > kPartsMax)
      return fail(Errc::kLimit, "a text with more than 100 parts");
    text.remove_prefix(end + 1);
  }
  return made;
}

const std::vector<FieldId>* Template::only_fields() const {
  if (parts_.size() != 1 || parts_[0].fields.empty() || parts_[0].optional) return nullptr;
  return &parts_[0].fields;
}

std::string_view Template::part_text(const Part& part, Work& work) const {
  for (const FieldId field : part.fields) {
    if (const std::string_view text = work.text(field); !text.empty()) return text;
  }
  return part.literal;
}

std::string_view Template::text(Work& work) const {
  if (parts_.size() == 1) return part_text(parts_[0], work);
  std::size_t size = 0;
  std::vector<std::string_view>& texts = work.texts();
  for (const Part& part : parts_) {
    texts.push_back(part_text(part, work));
    if (texts.back().empty() && !part.optional) return {};
    size += texts.back().size();
  }
  char* const begin = work.make(size);
  if (begin == nullptr) return {};
  char* out = begin;
  for (const std::string_view text : texts) out = std::copy(text.begin(), text.end(), out);
  return {begin, size};
}

Result<StepValue> StepValue::compile(const YamlNode& node) {
  StepValue made;
  const auto add = [&made](const YamlNode& scalar) -> Result<void> {
    PICKET_TRY(Template text, Template::compile(scalar.scalar));
    made.constant_ &= scalar.scalar.find("%{") == std::string::npos;
    made.templates_.push_back(std::move(text));
    return {};
  };
  made.constant_ = true;
  if (node.is_list()) {
    if (node.list.size() > kListMax) return fail(Errc::kLimit, "a list of more than 64 values");
    made.list_ = true;
    made.kind_ = ValueKind::kArray;
    Json list = Json::array();
    for (const YamlNode& item : node.list) {
      if (!item.is_scalar()) return fail(Errc::kInvalid, "a value is a text or a list of texts");
      PICKET_TRY_VOID(add(item));
      list.push_back(item.scalar);
    }
    made.token_ = static_text(dump_json(list));
    made.plain_list_ = made.constant_ && is_plain_list(node.list, made.token_);
    return made;
  }
  if (!node.is_scalar()) return fail(Errc::kInvalid, "a value is a text or a list of texts");
  PICKET_TRY_VOID(add(node));
  if (node.integer() || node.number()) made.kind_ = ValueKind::kNumber;
  if (node.boolean()) made.kind_ = ValueKind::kBool;
  made.token_ = static_text(node.scalar);
  return made;
}

void StepValue::put(Work& work, FieldId field) const {
  if (constant_) {
    work.put(field, token_, kind_);
    return;
  }
  if (list_) {
    std::vector<std::string_view>& texts = work.items();
    for (const Template& item : templates_) {
      const std::string_view text = item.text(work);
      if (!text.empty() && std::find(texts.begin(), texts.end(), text) == texts.end())
        texts.push_back(text);
    }
    work.put(field, list_token(work, texts), ValueKind::kArray);
    return;
  }
  if (const std::vector<FieldId>* fields = templates_[0].only_fields()) {
    for (const FieldId from : *fields) {
      const Field* found = work.find(from);
      if (found == nullptr || found->size == 0) continue;
      Field copy = *found;
      copy.id = field;
      work.put(copy);
      return;
    }
  }
  work.put(field, templates_[0].text(work));
}

void StepValue::append(Work& work, FieldId field) const {
  if (plain_list_ && !work.has(field)) {
    work.put(field, token_, ValueKind::kArray);
    return;
  }
  std::vector<std::string_view>& texts = work.items();
  const auto add = [&texts](std::string_view text) {
    if (!text.empty() && std::find(texts.begin(), texts.end(), text) == texts.end())
      texts.push_back(text);
    return false;
  };
  (void)work.any_text(field, add);
  for (const Template& item : templates_) (void)add(item.text(work));
  if (!texts.empty()) work.put(field, list_token(work, texts), ValueKind::kArray);
}

std::string_view list_token(Work& work, const std::vector<std::string_view>& texts) {
  if (texts.empty()) return {};
  std::size_t size = 1;
  for (const std::string_view text : texts) {
    if (!is_plain(text)) return escaped_list(work, texts);
    size += text.size() + 3;
  }
  char* const begin = work.make(size);
  if (begin == nullptr) return {};
  char* out = begin;
  char before = '[';
  for (const std::string_view text : texts) {
    *out++ = before;
    *out++ = '"';
    out = std::copy(text.begin(), text.end(), out);
    *out++ = '"';
    before = ',';
  }
  *out = ']';
  return {begin, size};
}

}  // namespace picket::parsers
