#include "rules/sigma_item.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "rules/cidr_text.h"
#include "rules/sigma_regex.h"

namespace picket::rules {
namespace {

std::string quoted(const FieldKey& key, const YamlNode& value) {
  return in_quotes(value.scalar) + " of field " + in_quotes(key.field);
}

Test make_test(const FieldKey& key, const YamlNode& value) {
  Test test;
  test.op = key.op;
  test.field = key.field;
  test.cased = key.cased;
  test.line = value.line;
  return test;
}

Node leaf(Test test) {
  Node node;
  node.kind = Node::Kind::kTest;
  node.test = std::move(test);
  return node;
}

// Quotes do not matter where only a number makes sense.
std::optional<double> number_of(std::string_view text) {
  YamlNode plain;
  plain.kind = YamlNode::Kind::kScalar;
  plain.scalar = text;
  return plain.number();
}

Parsed<std::vector<Parts>> apply_transform(const FieldKey& key, const YamlNode& value,
                                           Transform transform, bool cut_padding,
                                           const Parts& parts) {
  if (transform == Transform::kWindash) {
    std::optional<std::vector<Parts>> variants = windash_variants(parts);
    if (variants) return std::move(*variants);
    return refuse(value.line, "too-large",
                  "'windash' makes too many values of " + quoted(key, value));
  }
  if (has_wildcard(parts)) {
    return refuse(
        value.line, "bad-value",
        "an encoding modifier needs plain text, but " + quoted(key, value) + " has a wildcard");
  }
  const std::string text = plain_text(parts);
  std::vector<Parts> results;
  switch (transform) {
    case Transform::kUtf16:
      results.push_back(literal_parts("\xFF\xFE" + utf16_bytes(text, ByteOrder::kLittle)));
      break;
    case Transform::kUtf16Le:
      results.push_back(literal_parts(utf16_bytes(text, ByteOrder::kLittle)));
      break;
    case Transform::kUtf16Be:
      results.push_back(literal_parts(utf16_bytes(text, ByteOrder::kBig)));
      break;
    case Transform::kBase64: {
      std::string encoded = to_base64(text);
      if (cut_padding) encoded.erase(encoded.find_last_not_of('=') + 1);
      results.push_back(literal_parts(std::move(encoded)));
      break;
    }
    case Transform::kBase64Offset:
      for (std::string& variant : base64_offset_texts(text)) {
        results.push_back(literal_parts(std::move(variant)));
      }
      if (results.empty()) {
        return refuse(value.line, "bad-value",
                      quoted(key, value) + " is too short for 'base64offset'");
      }
      break;
    case Transform::kWindash:
      break;
  }
  return results;
}

void place_parts(Parts& parts, Place place) {
  if (place == Place::kContains || place == Place::kEndsWith) prepend_any_run(parts);
  if (place == Place::kContains || place == Place::kStartsWith) {
    append_wildcard(parts, PatternPart::Kind::kAnyRun);
  }
}

// Every text that the value stands for, wildcards and all.
Parsed<std::vector<Parts>> variants_of(const FieldKey& key, const YamlNode& value,
                                       const Building& building) {
  std::vector<Parts> variants;
  if (key.expand) {
    PICKET_TRY(variants, expand_placeholders(value.scalar, value.line, *building.placeholders));
  } else {
    variants.push_back(parse_parts(value.scalar));
  }
  for (std::size_t i = 0; i < key.transforms.size(); ++i) {
    const bool cut = key.place != Place::kWhole && i + 1 == key.transforms.size();
    std::vector<Parts> next;
    for (const Parts& parts : variants) {
      PICKET_TRY(std::vector<Parts> made,
                 apply_transform(key, value, key.transforms[i], cut, parts));
      if (next.size() + made.size() > kVariantsMax) {
        return refuse(value.line, "too-large", "too many values come of " + quoted(key, value));
      }
      for (Parts& one : made) next.push_back(std::move(one));
    }
    variants = std::move(next);
  }
  return variants;
}

Parsed<Node> string_node(const FieldKey& key, const YamlNode& value, Building& building) {
  PICKET_TRY(std::vector<Parts> variants, variants_of(key, value, building));
  const bool keyword = key.field.empty() && key.place == Place::kWhole;
  std::vector<Node> nodes;
  for (Parts& parts : variants) {
    place_parts(parts, keyword ? Place::kContains : key.place);
    Test test = make_test(key, value);
    test.parts = std::move(parts);
    nodes.push_back(leaf(std::move(test)));
  }
  PICKET_TRY_VOID(spend_tests(building, nodes.size() - 1, value.line));
  return any_of(std::move(nodes));
}

Parsed<Node> regex_node(const FieldKey& key, const YamlNode& value, Building& building) {
  Test test = make_test(key, value);
  test.text = value.scalar;
  if (key.place == Place::kStartsWith) test.text = "^(?:" + value.scalar + ")";
  if (key.place == Place::kEndsWith) test.text = "(?:" + value.scalar + ")$";
  test.ignore_case = key.ignore_case;
  test.multi_line = key.multi_line;
  test.dot_all = key.dot_all;
  RegexCheck check = check_regex(test);
  if (check.engine == RegexEngine::kNone) {
    return refuse(value.line, "bad-regex",
                  "regular expression " + quoted(key, value) + " is wrong: " + check.reason);
  }
  if (check.engine == RegexEngine::kPcre2) building.look_around = true;
  return leaf(std::move(test));
}

// The texts of a value that is not compared as text: itself, or what its placeholders stand for.
Parsed<std::vector<std::string>> plain_texts(const FieldKey& key, const YamlNode& value,
                                             const Building& building) {
  if (!key.expand) return std::vector<std::string>{value.scalar};
  PICKET_TRY(const std::vector<Parts> variants,
             expand_placeholders(value.scalar, value.line, *building.placeholders));
  std::vector<std::string> texts;
  for (const Parts& parts : variants) texts.push_back(plain_text(parts));
  return texts;
}

Parsed<Test> plain_test(const FieldKey& key, const YamlNode& value, const std::string& text) {
  Test test = make_test(key, value);
  if (key.op == Op::kCidr) {
    const std::optional<std::string> network = cidr_text(text);
    if (!network) {
      return refuse(value.line, "bad-cidr",
                    quoted(key, value) + " is no network such as 10.0.0.0/8 or 2001:db8::/32");
    }
    test.text = *network;
    return test;
  }
  if (key.op == Op::kFieldRef) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string::npos) {
      return refuse(value.line, "bad-value", "'fieldref' on '" + key.field + "' names no field");
    }
    test.text = text.substr(begin, text.find_last_not_of(' ') - begin + 1);
    test.ref = key.place == Place::kContains     ? RefMode::kContains
               : key.place == Place::kStartsWith ? RefMode::kStartsWith
               : key.place == Place::kEndsWith   ? RefMode::kEndsWith
                                                 : RefMode::kEqual;
    return test;
  }
  const std::optional<double> number = number_of(text);
  if (!number) {
    return refuse(value.line, "bad-number", quoted(key, value) + " is not a number");
  }
  test.number = *number;
  test.compare = key.compare;
  test.text = key.time_part;
  return test;
}

Parsed<Node> plain_node(const FieldKey& key, const YamlNode& value, Building& building) {
  PICKET_TRY(const std::vector<std::string> texts, plain_texts(key, value, building));
  PICKET_TRY_VOID(spend_tests(building, texts.size() - 1, value.line));
  std::vector<Node> nodes;
  for (const std::string& text : texts) {
    PICKET_TRY(Test test, plain_test(key, value, text));
    nodes.push_back(leaf(std::move(test)));
  }
  return any_of(std::move(nodes));
}

Parsed<Node> exists_node(const FieldKey& key, const YamlNode& value) {
  YamlNode plain = value;
  plain.quoted = false;
  std::optional<bool> wanted = plain.boolean();
  if (value.scalar == "yes") wanted = true;
  if (value.scalar == "no") wanted = false;
  if (!wanted) {
    return refuse(value.line, "bad-value", "'exists' on '" + key.field + "' needs true or false");
  }
  Test test = make_test(key, value);
  test.flag = *wanted;
  return leaf(std::move(test));
}

Parsed<Node> null_node(const FieldKey& key, const YamlNode& value) {
  const bool plain = key.op == Op::kString && key.place == Place::kWhole &&
                     key.transforms.empty() && !key.expand && !key.field.empty();
  if (!plain) {
    return refuse(value.line, "bad-value",
                  key.field.empty() ? "a keyword is null or empty"
                                    : "null on '" + key.field + "' cannot have this modifier");
  }
  Test test = make_test(key, value);
  test.op = Op::kNull;
  return leaf(std::move(test));
}

Parsed<Node> value_node(const FieldKey& key, const YamlNode& value, Building& building) {
  PICKET_TRY_VOID(spend_tests(building, 1, value.line));
  if (value.is_map() || value.is_list()) {
    return refuse(value.line, "bad-value",
                  "a value of field '" + key.field + "' is a map or a list inside a list");
  }
  if (value.is_null()) return null_node(key, value);
  if (key.op == Op::kRegex) return regex_node(key, value, building);
  if (key.op == Op::kExists) return exists_node(key, value);
  if (key.op != Op::kString) return plain_node(key, value, building);
  const bool bare = key.place == Place::kWhole && key.transforms.empty() && !key.field.empty();
  const std::optional<bool> truth = value.boolean();
  if (!bare || !truth) return string_node(key, value, building);
  Test test = make_test(key, value);
  test.op = Op::kBool;
  test.flag = *truth;
  return leaf(std::move(test));
}

// What the specification discourages or what cannot match, said once per item.
void warn_about(const FieldKey& key, const YamlNode& values, Building& building) {
  if (key.all && values.list.size() < 2) {
    building.warnings.push_back(
        {key.line, "single-all", "'all' on '" + key.field + "' has a single value"});
  }
  for (const YamlNode& value : values.list) {
    if (!value.is_null() || values.list.size() < 2) continue;
    building.warnings.push_back({value.line, "null-in-list",
                                 "null stands in a list of values of '" + key.field +
                                     "'; the specification wants it in a selection of its own"});
  }
}

}  // namespace

Parsed<Node> parse_item(const FieldKey& key, const YamlNode& values, Building& building) {
  std::vector<Node> nodes;
  if (values.is_list()) {
    if (values.list.empty()) {
      return refuse(values.line, "empty-list", "field '" + key.field + "' has an empty list");
    }
    for (const YamlNode& value : values.list) {
      PICKET_TRY(Node node, value_node(key, value, building));
      nodes.push_back(std::move(node));
    }
  } else {
    PICKET_TRY(Node node, value_node(key, values, building));
    nodes.push_back(std::move(node));
  }
  warn_about(key, values, building);
  Node item = key.all ? all_of(std::move(nodes)) : any_of(std::move(nodes));
  if (key.negated) return negation(std::move(item));
  return item;
}

}  // namespace picket::rules
