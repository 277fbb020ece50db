#include "response/template.h"

#include <algorithm>

#include "base/file.h"
#include "base/json.h"

namespace picket::response {
namespace {

constexpr std::size_t kValueMax = 512;
constexpr std::size_t kTrustedMax = 16 * 1024;
constexpr std::size_t kTemplateMax = 64 * 1024;

constexpr std::string_view kPlaceholders[] = {
    "action.address",     "action.approver",    "action.name",      "action.time",
    "incident.addresses", "incident.alerts",    "incident.assets",  "incident.first_seen",
    "incident.id",        "incident.last_seen", "incident.layers",  "incident.level",
    "incident.link",      "incident.number",    "incident.risk",    "incident.status",
    "owner.agency",       "owner.name",         "owner.salutation", "playbook.name",
    "soc.email",          "soc.name",           "soc.phone",        "step.name",
    "system.level",       "system.name",
};

// Length of the UTF-8 character at the front; 0 if it is none (RFC 3629 4).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
      (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) {
    return 0;
  }
  return length;
}

// Characters that change how the rest of a line is shown: U+200B-200F, 202A-202E, 2028/9,
// 2060-2069, FEFF.
bool is_invisible(std::string_view character) {
  if (character == "\xef\xbb\xbf") return true;
  if (character.size() == 2 && character[0] == '\xc2') {  // C1 controls
    return static_cast<unsigned char>(character[1]) < 0xa0;
  }
  if (character.size() != 3 || character[0] != '\xe2') return false;
  const auto second = static_cast<unsigned char>(character[1]);
  const auto third = static_cast<unsigned char>(character[2]);
  if (second == 0x80) return (third >= 0x8b && third <= 0x8f) || (third >= 0xa8 && third <= 0xae);
  return second == 0x81 && third >= 0xa0 && third <= 0xa9;
}

// One line or, if trusted, several, of valid UTF-8 without control characters.
std::string cleaned(const TemplateValue& value) {
  const std::size_t size_max = value.trusted ? kTrustedMax : kValueMax;
  std::string result;
  std::string_view rest = value.text;
  while (!rest.empty()) {
    const std::size_t length = utf8_length(rest);
    const std::string_view character = rest.substr(0, std::max<std::size_t>(length, 1));
    if (result.size() + character.size() > size_max) return result + "…";
    rest.remove_prefix(character.size());
    const auto byte = static_cast<unsigned char>(character[0]);
    if (length == 0) {
      result += "\xef\xbf\xbd";
    } else if (byte == '\n' && value.trusted) {
      result += '\n';
    } else if (byte < 0x20 || byte == 0x7f || is_invisible(character)) {
      result += ' ';
    } else {
      result += character;
    }
  }
  return result;
}

// A link that an attacker wrote must not be a link in our message.
void break_links(std::string& text) {
  for (std::size_t at = 0; (at = text.find("://", at)) != std::string::npos; at += 5) {
    text.replace(at, 3, "[:]//");
  }
  std::string folded = text;
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (std::size_t at = 0; (at = folded.find("www.", at)) != std::string::npos; at += 4)
    text[at + 3] = ' ';
}

std::string html(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || c == '.' || c == '_';
  });
}

// Walks a template: text(part) for what stands between placeholders, name(n) for each of them.
template <class Text, class Name>
Result<void> walk(std::string_view source, Text&& text, Name&& name) {
  if (source.size() > kTemplateMax) return fail(Errc::kLimit, "template is longer than 64 KiB");
  while (!source.empty()) {
    const std::size_t open = source.find("{{");
    text(source.substr(0, open));
    if (open == std::string_view::npos) return {};
    source.remove_prefix(open + 2);
    const std::size_t close = source.find("}}");
    const std::string_view between = source.substr(0, close);
    if (close == std::string_view::npos || !is_name(between)) {
      return fail(Errc::kInvalid,
                  "'{{" + std::string(between.substr(0, 32)) + "' is no placeholder");
    }
    PICKET_TRY_VOID(name(between));
    source.remove_prefix(close + 2);
  }
  return {};
}

// One language file into a map; lines kept for the comparison between languages.
struct Language {
  std::string path;
  std::map<std::string, const YamlNode*, std::less<>> keys;
};

void check_text(YamlReader& reader, const YamlNode& key, const YamlNode& value) {
  if (!value.is_scalar() || value.scalar.empty()) {
    reader.problem(key, "the message '" + key.scalar + "' must be a text");
    return;
  }
  const auto names = placeholders(value.scalar);
  if (!names) {
    reader.problem(value, "the message '" + key.scalar + "': " + names.error().what);
    return;
  }
  for (const std::string& name : *names) {
    if (!is_known_placeholder(name)) {
      reader.problem(
          value, "the message '" + key.scalar + "' uses the unknown placeholder '" + name + "'");
    }
  }
}

void compare(const Language& a, const Language& b, std::vector<Problem>& problems) {
  for (const auto& [key, value] : a.keys) {
    const auto other = b.keys.find(key);
    if (other == b.keys.end()) {
      problems.push_back(
          {b.path, 1, "the message '" + key + "' is missing; " + a.path + " has it"});
      continue;
    }
    const auto here = placeholders(value->scalar);
    const auto there = placeholders(other->second->scalar);
    if (here && there && *here != *there) {
      problems.push_back({b.path, other->second->line,
                          "the message '" + key + "' has other placeholders than in " + a.path});
    }
  }
}

}  // namespace

std::string escaped(const TemplateValue& value, Medium medium) {
  std::string text = cleaned(value);
  if (!value.trusted) break_links(text);
  if (medium == Medium::kLine) std::replace(text.begin(), text.end(), '\n', ' ');
  if (medium == Medium::kHtml) return html(text);
  if (medium == Medium::kJson) {
    const std::string quoted = json_quoted(text);
    return quoted.substr(1, quoted.size() - 2);
  }
  return text;
}

Result<std::string> fill(std::string_view text, const TemplateValues& values, Medium medium) {
  std::string result;
  PICKET_TRY_VOID(walk(
      text,
      [&](std::string_view part) {
        result += medium == Medium::kHtml ? html(part) : std::string(part);
      },
      [&](std::string_view name) -> Result<void> {
        const auto found = values.find(name);
        if (found == values.end()) {
          return fail(Errc::kInvalid, "no value for the placeholder '" + std::string(name) + "'");
        }
        result += escaped(found->second, medium);
        return {};
      }));
  return result;
}

Result<std::vector<std::string>> placeholders(std::string_view text) {
  std::vector<std::string> names;
  PICKET_TRY_VOID(walk(
      text, [](std::string_view) {},
      [&](std::string_view name) -> Result<void> {
        names.emplace_back(name);
        return {};
      }));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool is_known_placeholder(std::string_view name) {
  return std::find(std::begin(kPlaceholders), std::end(kPlaceholders), name) !=
         std::end(kPlaceholders);
}

Result<std::string> Messages::text(std::string_view language, std::string_view key) const {
  auto found = languages_.find(language);
  if (found == languages_.end()) found = languages_.begin();
  if (found != languages_.end()) {
    const auto text = found->second.find(key);
    if (text != found->second.end()) return text->second;
  }
  return fail(Errc::kNotFound, "there is no message template '" + std::string(key) + "'");
}

Result<std::string> Messages::render(std::string_view language, std::string_view key,
                                     const TemplateValues& values, Medium medium) const {
  PICKET_TRY(const std::string source, text(language, key));
  Result<std::string> filled = fill(source, values, medium);
  if (!filled)
    return fail(filled.error().code, "message '" + std::string(key) + "': " + filled.error().what);
  return filled;
}

bool Messages::has(std::string_view key) const {
  return !languages_.empty() && languages_.begin()->second.contains(key);
}

std::vector<std::string> Messages::languages() const {
  std::vector<std::string> names;
  for (const auto& [name, texts] : languages_) names.push_back(name);
  return names;
}

Result<Messages> load_messages(const std::string& folder, std::vector<Problem>& problems) {
  PICKET_TRY(const std::vector<std::string> files, list_files(folder, {".yaml", ".yml"}));
  if (files.empty()) return fail(Errc::kNotFound, folder + ": no message templates (*.yaml)");
  Messages messages;
  std::vector<YamlNode> documents;
  std::vector<Language> languages;
  documents.reserve(files.size());  // Language points into them
  for (const std::string& file : files) {
    Result<YamlNode> document = load_yaml(file);
    if (!document) {
      problems.push_back(problem_of(file, document.error()));
      continue;
    }
    documents.push_back(*std::move(document));
    YamlReader reader(file, problems);
    Language language{file, {}};
    const std::size_t slash = file.rfind('/');
    std::string name = file.substr(slash == std::string::npos ? 0 : slash + 1);
    name.resize(name.rfind('.'));
    for (const auto& [key, value] : documents.back().map) {
      check_text(reader, key, value);
      language.keys.emplace(key.scalar, &value);
      messages.languages_[name].emplace(key.scalar, value.scalar);
    }
    languages.push_back(std::move(language));
  }
  for (std::size_t i = 1; i < languages.size(); ++i) {
    compare(languages[0], languages[i], problems);
    compare(languages[i], languages[0], problems);
  }
  return messages;
}

}  // namespace picket::response
