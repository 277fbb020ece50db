// Message templates: plain substitution of {{name}} and nothing else. No logic, no expressions, and
// a value is never read as a template again.
//
// One file a language (content/messages/<language>.yaml): a flat map from key to text. Every file
// must have the same keys, and the same placeholders under each. A value is made harmless for where
// it goes: what an attacker wrote into a log must not forge a line, a header, a link or a tag in
// our message. Constant once loaded; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml_reader.h"

namespace picket::response {

enum class Medium : std::uint8_t {
  kText,  // body of a plain mail: control characters become spaces, "http://" becomes "hxxp://"
  kLine,  // a header or a title: as kText
  kHtml,  // as kText, and & < > " ' are escaped
  kJson,  // the inside of a JSON string
};

// Name to value. A value that is `trusted` was made by us (a link, a list of several lines): its
// line breaks and links stay, everything else is escaped for the medium all the same.
struct TemplateValue {
  std::string text;
  bool trusted = false;
};
using TemplateValues = std::map<std::string, TemplateValue, std::less<>>;

// One value for one medium. Bad UTF-8 becomes U+FFFD; an untrusted value is cut at 512 bytes.
std::string escaped(const TemplateValue& value, Medium medium);

// kInvalid names a placeholder without a value or a "{{" without its end.
Result<std::string> fill(std::string_view text, const TemplateValues& values, Medium medium);

// The names in a template, sorted, each once. kInvalid for what is no placeholder.
Result<std::vector<std::string>> placeholders(std::string_view text);

// The names that a template may use.
bool is_known_placeholder(std::string_view name);

class Messages {
 public:
  // The text under `key`, in the language if there is one, else in the first language there is.
  // kNotFound names the key.
  Result<std::string> text(std::string_view language, std::string_view key) const;
  // The same with the values in place.
  Result<std::string> render(std::string_view language, std::string_view key,
                             const TemplateValues& values, Medium medium) const;
  bool has(std::string_view key) const;
  std::vector<std::string> languages() const;

 private:
  friend Result<Messages> load_messages(const std::string&, std::vector<Problem>&);
  std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>> languages_;
};

// Reads every *.yaml of a folder. Problems: an unknown placeholder, a key that one language lacks,
// and placeholders that differ between languages. Fails when there is no file at all.
Result<Messages> load_messages(const std::string& folder, std::vector<Problem>& problems);

}  // namespace picket::response
