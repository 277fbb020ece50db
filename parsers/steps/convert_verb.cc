// convert: a value into another form.
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/ascii.h"
#include "parsers/cursor.h"
#include "parsers/formats/escapes.h"
#include "parsers/put.h"
#include "parsers/steps/step_reader.h"

namespace picket::parsers {
namespace {

constexpr std::int64_t kNanos = 1'000'000'000;

struct Value {
  std::string_view text;
  ValueKind kind = ValueKind::kString;
};

// False: it cannot be converted.
using Conversion = bool (*)(Value& value, Work& work);

bool whole_number(std::string_view text, std::int64_t& number) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (bad != std::errc()) return false;
  const std::string_view behind(end, static_cast<std::size_t>(text.data() + text.size() - end));
  return behind.empty() ||
         (behind[0] == '.' && behind.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

bool real_number(std::string_view text, double& number) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
  return bad == std::errc() && end == text.data() + text.size() && std::isfinite(number);
}

bool put_number(Value& value, std::int64_t number, Work& work) {
  value.text = work.digits(number);
  value.kind = ValueKind::kNumber;
  return !value.text.empty();
}

bool to_int(Value& value, Work& work) {
  std::int64_t number = 0;
  if (!whole_number(value.text, number)) return false;
  return put_number(value, number, work);
}

bool to_float(Value& value, Work&) {
  double number = 0;
  value.kind = ValueKind::kNumber;
  return real_number(value.text, number);
}

bool to_bool(Value& value, Work&) {
  for (const std::string_view word : {"true", "yes", "1", "on", "y", "t", "enabled"}) {
    if (ascii_equal(value.text, word)) {
      value = {"true", ValueKind::kBool};
      return true;
    }
  }
  for (const std::string_view word : {"false", "no", "0", "off", "n", "f", "disabled"}) {
    if (ascii_equal(value.text, word)) {
      value = {"false", ValueKind::kBool};
      return true;
    }
  }
  return false;
}

bool to_string(Value& value, Work&) {
  value.kind = ValueKind::kString;
  return true;
}

bool to_ip(Value& value, Work&) {
  std::string_view& text = value.text;
  if (text.starts_with('[') && text.ends_with(']') && text.size() > 2)
    text = text.substr(1, text.size() - 2);
  constexpr std::string_view kMapped = "::ffff:";
  if (text.size() > kMapped.size() && ascii_equal(text.substr(0, kMapped.size()), kMapped) &&
      text.find('.') != std::string_view::npos)
    text.remove_prefix(kMapped.size());
  return is_ip(text);
}

template <class F>
bool map_bytes(Value& value, Work& work, F f) {
  char* const made = work.make(value.text.size());
  if (made == nullptr) return false;
  for (std::size_t i = 0; i < value.text.size(); ++i) made[i] = f(value.text[i]);
  value.text = {made, value.text.size()};
  return true;
}

bool to_lower(Value& value, Work& work) {
  bool any = false;
  for (const char c : value.text) any |= c >= 'A' && c <= 'Z';
  return !any || map_bytes(value, work, [](char c) { return ascii_lower(c); });
}

bool to_upper(Value& value, Work& work) {
  return map_bytes(value, work,
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
}

bool to_trim(Value& value, Work&) {
  value.text = trim(value.text);
  return true;
}

bool to_unquote(Value& value, Work&) {
  const std::string_view text = value.text;
  if (text.size() >= 2 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0])
    value.text = text.substr(1, text.size() - 2);
  return true;
}

// ECS writes "00-1B-2C-3D-4E-5F".
bool to_mac(Value& value, Work& work) {
  std::array<char, 12> digits{};
  std::size_t count = 0;
  for (const char c : value.text) {
    if (c == ':' || c == '-' || c == '.') continue;
    if (hex_digit(c) < 0 || count == digits.size()) return false;
    digits[count++] = c >= 'a' ? static_cast<char>(c - 32) : c;
  }
  if (count != digits.size()) return false;
  char* const made = work.make(17);
  if (made == nullptr) return false;
  char* out = made;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && i % 2 == 0) *out++ = '-';
    *out++ = digits[i];
  }
  value.text = {made, 17};
  return true;
}

bool to_hex(Value& value, Work& work) {
  std::string_view text = value.text;
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  std::int64_t number = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (bad != std::errc() || end != text.data() + text.size()) return false;
  return put_number(value, number, work);
}

bool scaled(Value& value, Work& work, std::int64_t scale) {
  std::int64_t whole = 0;
  std::int64_t nanos = 0;
  if (read_int(value.text, whole)) {
    if (__builtin_mul_overflow(whole, scale, &nanos)) return false;
    return put_number(value, nanos, work);
  }
  double number = 0;
  if (!real_number(value.text, number) || std::abs(number) > 9e18 / static_cast<double>(scale))
    return false;
  return put_number(value, std::llround(number * static_cast<double>(scale)), work);
}

bool to_seconds(Value& value, Work& work) {
  return scaled(value, work, kNanos);
}
bool to_millis(Value& value, Work& work) {
  return scaled(value, work, 1'000'000);
}
bool to_micros(Value& value, Work& work) {
  return scaled(value, work, 1000);
}

// "1:02:03", "02:03", "5d 1:02:03" in seconds.
bool clock_seconds(std::string_view text, double& seconds) {
  seconds = 0;
  int parts = 0;
  for (;;) {
    const std::size_t colon = text.find(':');
    double part = 0;
    if (!real_number(text.substr(0, colon), part) || ++parts > 4) return false;
    seconds = seconds * 60 + part;
    if (colon == std::string_view::npos) return parts > 1;
    text.remove_prefix(colon + 1);
  }
}

double unit_seconds(std::string_view unit) {
  struct Unit {
    std::string_view start;
    double seconds;
  };
  constexpr std::array<Unit, 10> kUnits = {{{"ns", 1e-9},
                                            {"us", 1e-6},
                                            {"ms", 1e-3},
                                            {"mil", 1e-3},
                                            {"mic", 1e-6},
                                            {"m", 60},
                                            {"s", 1},
                                            {"h", 3600},
                                            {"d", 86400},
                                            {"w", 604800}}};
  for (const Unit& known : kUnits) {
    if (unit.size() >= known.start.size() &&
        ascii_equal(unit.substr(0, known.start.size()), known.start))
      return known.seconds;
  }
  return -1;
}

bool to_duration(Value& value, Work& work) {
  double seconds = 0;
  if (!clock_seconds(value.text, seconds)) {
    std::string_view rest = value.text;
    seconds = 0;
    for (int parts = 0; !rest.empty() && parts < 8; ++parts) {
      rest.remove_prefix(std::min(rest.find_first_not_of(" ,"), rest.size()));
      const std::size_t digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
      double number = 0;
      if (digits == 0 || !real_number(rest.substr(0, digits), number)) return false;
      rest.remove_prefix(digits);
      rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
      const std::size_t letters = std::min(rest.find_first_of("0123456789 ,"), rest.size());
      const double unit = letters == 0 && rest.empty() ? 1 : unit_seconds(rest.substr(0, letters));
      if (unit < 0) return false;
      seconds += number * unit;
      rest.remove_prefix(letters);
    }
    if (value.text.empty()) return false;
  }
  if (seconds > 9e9) return false;
  return put_number(value, std::llround(seconds * 1e9), work);
}

// "1.5 KB": units are powers of 1,024.
bool to_bytes(Value& value, Work& work) {
  const std::size_t digits =
      std::min(value.text.find_first_not_of("0123456789."), value.text.size());
  double number = 0;
  if (digits == 0 || !real_number(value.text.substr(0, digits), number)) return false;
  const std::string_view unit = trim(value.text.substr(digits));
  constexpr std::string_view kUnits = "bkmgtp";
  if (!unit.empty()) {
    const std::size_t power = kUnits.find(ascii_lower(unit[0]));
    if (power == std::string_view::npos) return false;
    number *= std::pow(1024.0, static_cast<double>(power));
  }
  if (number > 9e18) return false;
  return put_number(value, std::llround(number), work);
}

bool to_basename(Value& value, Work&) {
  const std::size_t at = value.text.find_last_of("/\\");
  if (at != std::string_view::npos) value.text.remove_prefix(at + 1);
  return true;
}

bool to_dirname(Value& value, Work&) {
  const std::size_t at = value.text.find_last_of("/\\");
  if (at == std::string_view::npos) return false;
  value.text = value.text.substr(0, at == 0 ? 1 : at);
  return true;
}

bool to_extension(Value& value, Work& work) {
  (void)to_basename(value, work);
  const std::size_t at = value.text.rfind('.');
  if (at == std::string_view::npos || at == 0 || at + 1 == value.text.size()) return false;
  value.text.remove_prefix(at + 1);
  return true;
}

// "DOMAIN\user" and "user@domain" are user.
bool to_account(Value& value, Work&) {
  const std::size_t slash = value.text.find('\\');
  if (slash != std::string_view::npos) {
    value.text.remove_prefix(
        std::min(value.text.find_first_not_of('\\', slash), value.text.size()));
  } else {
    value.text = value.text.substr(0, value.text.find('@'));
  }
  return true;
}

bool to_domain(Value& value, Work&) {
  if (const std::size_t slash = value.text.find('\\'); slash != std::string_view::npos) {
    value.text = value.text.substr(0, slash);
    return true;
  }
  const std::size_t at = value.text.rfind('@');
  if (at == std::string_view::npos) return false;
  value.text.remove_prefix(at + 1);
  return true;
}

bool to_short_host(Value& value, Work&) {
  if (!is_ip(value.text)) value.text = value.text.substr(0, value.text.find('.'));
  return true;
}

bool url_decode(Value& value, Work& work) {
  if (value.text.find('%') == std::string_view::npos) return true;
  char* const made = work.make(value.text.size());
  if (made == nullptr) return false;
  char* out = made;
  const std::string_view text = value.text;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                        hex_digit(text[i + 2]) >= 0;
    *out++ =
        escape ? static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  value.text = {made, static_cast<std::size_t>(out - made)};
  return true;
}

bool unescape(Value& value, Work& work) {
  value.text = without_escapes(value.text, work.arena());
  return true;
}

// "2F62696E": bytes; a zero byte between arguments becomes a blank.
bool hex_text(Value& value, Work& work) {
  const std::string_view text = value.text;
  if (text.size() % 2 != 0) return false;
  char* const made = work.make(text.size() / 2);
  if (made == nullptr) return false;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return false;
    const char byte = static_cast<char>(high * 16 + low);
    made[i / 2] = byte == '\0' ? ' ' : byte;
  }
  value.text = {made, text.size() / 2};
  return true;
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  return c == '/' || c == '_' ? 63 : -1;
}

bool from_base64(Value& value, Work& work) {
  std::string_view text = value.text;
  while (text.ends_with('=')) text.remove_suffix(1);
  char* const made = work.make(text.size());
  if (made == nullptr) return false;
  char* out = made;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) return false;
    bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    *out++ = static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xFFU);
  }
  value.text = {made, static_cast<std::size_t>(out - made)};
  return true;
}

bool first_of_list(Value& value, Work&) {
  value.text = trim(value.text.substr(0, value.text.find(',')));
  return true;
}

// IIS writes a blank as "+".
bool plus_blank(Value& value, Work& work) {
  if (value.text.find('+') == std::string_view::npos) return true;
  return map_bytes(value, work, [](char c) { return c == '+' ? ' ' : c; });
}

// A command line as its arguments: blanks separate, double quotes hold together and stay.
bool arguments(Value& value, Work& work) {
  constexpr std::size_t kArgumentsMax = 500;
  std::vector<std::string_view> all;
  const std::string_view text = value.text;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ' || text[at] == '\t') {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    bool quoted = false;
    for (; at < text.size() && (quoted || (text[at] != ' ' && text[at] != '\t')); ++at)
      quoted ^= text[at] == '"';
    if (all.size() == kArgumentsMax) {
      work.limit(Limit::kFields);
      break;
    }
    all.push_back(text.substr(begin, at - begin));
  }
  value = {list_token(work, all), ValueKind::kArray};
  return !value.text.empty();
}

struct Known {
  std::string_view name;
  Conversion make;
};
constexpr std::array<Known, 31> kKnown = {{{"int", to_int},
                                           {"float", to_float},
                                           {"bool", to_bool},
                                           {"string", to_string},
                                           {"ip", to_ip},
                                           {"mac", to_mac},
                                           {"lower", to_lower},
                                           {"upper", to_upper},
                                           {"trim", to_trim},
                                           {"unquote", to_unquote},
                                           {"hex", to_hex},
                                           {"duration", to_duration},
                                           {"bytes", to_bytes},
                                           {"seconds", to_seconds},
                                           {"millis", to_millis},
                                           {"micros", to_micros},
                                           {"basename", to_basename},
                                           {"dirname", to_dirname},
                                           {"extension", to_extension},
                                           {"strip_domain", to_account},
                                           {"domain_of", to_domain},
                                           {"short_host", to_short_host},
                                           {"url_decode", url_decode},
                                           {"unescape", unescape},
                                           {"hex_text", hex_text},
                                           {"base64", from_base64},
                                           {"first", first_of_list},
                                           {"number", to_float},
                                           {"integer", to_int},
                                           {"plus_blank", plus_blank},
                                           {"args", arguments}}};

struct Item {
  FieldId from{};
  std::vector<FieldId> to;
  std::vector<Conversion> conversions;
  bool in_place = true;
};

class ConvertVerb : public Verb {
 public:
  explicit ConvertVerb(std::vector<Item> items) : items_(std::move(items)) {}

  Outcome run(Work& work) const override {
    for (const Item& item : items_) {
      const Field* found = work.find(item.from);
      if (found == nullptr) {
        const std::string_view text = work.text(item.from);  // `message`, `record`
        if (!text.empty()) one(item, text, work);
      } else if (work.is_repeated(*found)) {
        each(item, found->id, work);
      } else if (found->kind == ValueKind::kArray) {
        all(item, *found, work);
      } else {
        one(item, work.text(item.from), work);
      }
    }
    return Outcome::kDone;
  }

 private:
  static bool apply(const Item& item, Value& value, Work& work) {
    for (const Conversion conversion : item.conversions) {
      if (!conversion(value, work)) return false;
    }
    return !value.text.empty();
  }

  static void one(const Item& item, std::string_view text, Work& work) {
    Value value{text, ValueKind::kString};
    if (!apply(item, value, work)) {
      if (item.in_place) work.remove(item.from);
      return;
    }
    for (const FieldId to : item.to) work.put(to, value.text, value.kind);
  }

  // A name that comes again: each by itself, of lists each value.
  static void each(const Item& item, FieldId from, Work& work) {
    std::vector<Field> made;
    work.each([&](const Field& field) {
      if (field.id != from) return;
      for_each_value(field, [&](const Field& element) {
        Value value{field_text(element, work.arena()), ValueKind::kString};
        if (!apply(item, value, work)) return;
        made.push_back({value.text.data(), static_cast<std::uint32_t>(value.text.size()), from,
                        value.kind, false});
      });
    });
    if (item.in_place) work.remove(item.from);
    for (const FieldId to : item.to) work.put_all(to, made);
  }

  static void all(const Item& item, const Field& list, Work& work) {
    std::vector<std::string_view> texts;
    for_each_value(list, [&](const Field& element) {
      Value value{field_text(element, work.arena()), ValueKind::kString};
      if (apply(item, value, work)) texts.push_back(value.text);
    });
    const std::string_view token = list_token(work, texts);
    if (token.empty() && item.in_place) work.remove(item.from);
    for (const FieldId to : item.to) work.put(to, token, ValueKind::kArray);
  }

  std::vector<Item> items_;
};

// "lower trim to network.protocol"
Result<void> read_words(StepReader& reader, const YamlNode& node, Item& item) {
  Cursor words{node.scalar};
  while (!words.done()) {
    words.spaces();
    const std::string_view word = words.word();
    if (word.empty()) continue;
    if (word == "to") {
      item.in_place = false;
      item.to.clear();
      while (!words.done()) {
        words.spaces();
        YamlNode name = node;
        name.scalar = std::string(words.word());
        if (!name.scalar.empty() && name.scalar.back() == ',') name.scalar.pop_back();
        PICKET_TRY(const FieldId field, reader.field(name));
        item.to.push_back(field);
      }
      if (item.to.empty()) return reader.error(node, "a field is expected behind to");
      return {};
    }
    const Known* found = nullptr;
    for (const Known& known : kKnown) {
      if (known.name == word) found = &known;
    }
    if (found == nullptr) return reader.error(node, "there is no conversion " + std::string(word));
    item.conversions.push_back(found->make);
  }
  return {};
}

}  // namespace

MadeVerb make_convert(StepReader& reader, const VerbSource& source) {
  std::vector<Item> items;
  PICKET_TRY_VOID(reader.entries(source.argument, "convert is a map of fields and what they become",
                                 [&](const YamlNode& key, const YamlNode& node) -> Result<void> {
                                   const auto add = [&](const YamlNode& words) -> Result<void> {
                                     Item item;
                                     PICKET_TRY(item.from, reader.field(key));
                                     item.to.push_back(item.from);
                                     PICKET_TRY_VOID(read_words(reader, words, item));
                                     items.push_back(std::move(item));
                                     return {};
                                   };
                                   if (node.is_scalar()) return add(node);
                                   for (const YamlNode& words : node.list) {
                                     PICKET_TRY_VOID(add(words));
                                   }
                                   return {};
                                 }));
  return std::make_unique<ConvertVerb>(std::move(items));
}

}  // namespace picket::parsers
