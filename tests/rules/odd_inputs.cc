#include "tests/rules/odd_inputs.h"

#include <array>
#include <cctype>
#include <cstdio>
#include <iterator>
#include <utility>

#include "tests/rules/odd_words.h"

namespace picket::rules {
namespace {

constexpr std::string_view kFields[] = {"Image", "CommandLine", "User",        "a.b",
                                        "a.b.c", "n-1",         "Threat Name", "x"};

std::string pick(Choices& choices, const auto& list) {
  return std::string(list[choices.below(std::size(list))]);
}

// ---- texts

std::size_t character_size(unsigned char lead) {
  return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_size(static_cast<unsigned char>(text[at]));
    all.push_back(text.substr(at, size));
    at += size;
  }
  return all;
}

std::string flip_case(Choices& choices, std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x80 && choices.one_in(3)) {
      const int code = static_cast<unsigned char>(c);
      c = static_cast<char>(std::isupper(code) != 0 ? std::tolower(code) : std::toupper(code));
    }
  }
  return text;
}

std::string cut(Choices& choices, const std::string& text) {
  const std::vector<std::string> all = split(text);
  const std::size_t begin = choices.below(all.size() + 1);
  const std::size_t count = choices.below(all.size() - begin + 1);
  std::string kept;
  for (std::size_t i = begin; i < begin + count; ++i) kept += all[i];
  return kept;
}

// Mostly a word, so that rules and events meet; sometimes joined, cut, repeated or in another case.
std::string odd_text(Choices& choices) {
  std::string text = pick(choices, kOddWords);
  if (choices.one_in(3)) text += pick(choices, kOddWords);
  if (choices.one_in(12)) {
    const std::string filler(choices.below(70), static_cast<char>('a' + choices.below(2)));
    text = choices.one_in(2) ? filler + text : text + filler;
  }
  if (choices.one_in(4)) text = flip_case(choices, std::move(text));
  if (choices.one_in(6)) text = cut(choices, text);
  return text;
}

// ---- rules

Test string_test(Choices& choices, Test test) {
  using Kind = PatternPart::Kind;
  const auto wildcard = [&](Kind kind) {
    const bool repeated =
        kind == Kind::kAnyRun && !test.parts.empty() && test.parts.back().kind == kind;
    if (!repeated) test.parts.push_back({kind, ""});
  };
  const auto text = [&](const std::string& more) {
    if (more.empty()) return;
    if (test.parts.empty() || test.parts.back().kind != Kind::kText)
      test.parts.push_back({Kind::kText, ""});
    test.parts.back().text += more;
  };
  test.cased = choices.one_in(6);
  const std::size_t shape = choices.below(8);
  std::string word = odd_text(choices);
  if (shape >= 2 && choices.one_in(2)) word = cut(choices, word);
  switch (shape) {
    case 0:
    case 1:
      text(word);
      break;
    case 2:
      text(word);
      wildcard(Kind::kAnyRun);
      break;
    case 3:
      wildcard(Kind::kAnyRun);
      text(word);
      break;
    case 4:
    case 5:
      wildcard(Kind::kAnyRun);
      text(word);
      wildcard(Kind::kAnyRun);
      break;
    default:  // some characters of the word become wildcards
      for (const std::string& character : split(word)) {
        const std::size_t what = choices.below(10);
        if (what < 7) text(character);
        if (what == 7) wildcard(Kind::kAnyOne);
        if (what > 7) wildcard(Kind::kAnyRun);
      }
      if (choices.one_in(4)) wildcard(choices.one_in(2) ? Kind::kAnyRun : Kind::kAnyOne);
  }
  return test;
}

Test odd_test(Choices& choices) {
  static constexpr Compare kCompares[] = {Compare::kEqual,     Compare::kLess,
                                          Compare::kLessEqual, Compare::kGreaterEqual,
                                          Compare::kGreater,   Compare::kNotEqual};
  static constexpr RefMode kModes[] = {RefMode::kEqual, RefMode::kStartsWith, RefMode::kEndsWith,
                                       RefMode::kContains};
  static constexpr std::string_view kParts[] = {"minute", "hour", "day", "week", "month", "year"};
  Test test;
  test.field = pick(choices, kFields);
  const std::size_t what = choices.below(24);
  if (what == 8) {
    test.op = Op::kRegex;
    test.text = pick(choices, kOddRegexes);
    test.ignore_case = choices.one_in(2);
    test.multi_line = choices.one_in(4);
    test.dot_all = choices.one_in(4);
    if (choices.one_in(4)) test.field.clear();
  } else if (what == 9) {
    test.op = Op::kCidr;
    test.text = pick(choices, kOddNetworks);
  } else if (what == 10 || what == 11) {
    test.op = Op::kNumber;
    test.number = kOddNumbers[choices.below(std::size(kOddNumbers))];
    test.compare = kCompares[choices.below(std::size(kCompares))];
  } else if (what == 12) {
    test.op = Op::kExists;
    test.flag = choices.one_in(2);
  } else if (what == 13) {
    test.op = Op::kNull;
  } else if (what == 14) {
    test.op = Op::kFieldRef;
    test.text = pick(choices, kFields);
    test.ref = kModes[choices.below(std::size(kModes))];
    test.cased = choices.one_in(3);
  } else if (what == 15) {
    test.op = Op::kBool;
    test.flag = choices.one_in(2);
  } else if (what == 16) {
    test.op = Op::kTime;
    test.text = pick(choices, kParts);
    test.number = static_cast<double>(choices.below(60));
    if (test.text == "year") test.number += 2000;
    test.compare = kCompares[choices.below(std::size(kCompares))];
  } else if (what == 17) {  // a keyword
    test = string_test(choices, std::move(test));
    test.field.clear();
  } else {
    test = string_test(choices, std::move(test));
  }
  return test;
}

Node leaf(Test test) {
  Node node;
  node.kind = Node::Kind::kTest;
  node.test = std::move(test);
  return node;
}

// A list of values of one field, as most rules have.
Node value_list(Choices& choices, Node::Kind kind) {
  Node node;
  node.kind = kind;
  const std::string field = pick(choices, kFields);
  const bool whole = choices.one_in(2);
  for (std::size_t n = 1 + choices.below(9); n > 0; --n) {
    Test test;
    if (whole) {
      const std::string word = odd_text(choices);
      if (!word.empty()) test.parts.push_back({PatternPart::Kind::kText, word});
    } else {
      test = string_test(choices, {});
    }
    test.field = field;
    node.children.push_back(leaf(std::move(test)));
  }
  return node;
}

// ---- events

std::string hex4(Choices& choices, unsigned code) {
  std::array<char, 8> text{};
  (void)std::snprintf(text.data(), text.size(), choices.one_in(2) ? "\\u%04X" : "\\u%04x",
                      code & 0xFFFF);
  return text.data();
}

std::string unicode_escape(Choices& choices, const std::string& character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  unsigned code = byte(0);
  if (character.size() > 1) code = byte(0) & (0xFFU >> (character.size() + 1));
  for (std::size_t i = 1; i < character.size(); ++i) code = (code << 6) | (byte(i) & 0x3FU);
  if (code < 0x10000) return hex4(choices, code);
  return hex4(choices, 0xD800 + ((code - 0x10000) >> 10)) + hex4(choices, 0xDC00 + (code & 0x3FF));
}

// A JSON string for the text, with more escapes than it needs.
std::string quoted(Choices& choices, const std::string& text) {
  static constexpr std::pair<char, char> kShort[] = {{'"', '"'},  {'\\', '\\'}, {'/', '/'},
                                                     {'\b', 'b'}, {'\f', 'f'},  {'\n', 'n'},
                                                     {'\r', 'r'}, {'\t', 't'}};
  const std::size_t eagerness = choices.one_in(4) ? 4 : 40;
  std::string json = "\"";
  for (const std::string& character : split(text)) {
    const char c = character[0];
    char letter = '\0';
    for (const auto& [plain, escape] : kShort) {
      if (plain == c) letter = escape;
    }
    const bool must = c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
    const bool wants = choices.one_in(eagerness);
    if (letter != '\0' && (must || wants) && !(wants && choices.one_in(2))) {
      json += {'\\', letter};
    } else if (must || wants) {
      json += unicode_escape(choices, character);
    } else {
      json += character;
    }
  }
  return json + "\"";
}

class EventWriter {
 public:
  explicit EventWriter(Choices& choices) : choices_(choices) {}

  OddEvent event() {
    std::string json = "{" + space();
    std::string separator;
    for (const std::string_view field : kFields) {
      if (field.starts_with("a.b")) continue;  // nested_member() writes both
      if (choices_.one_in(4)) continue;
      json += separator + member(std::string(field), std::string(field));
      separator = "," + space();
    }
    if (!choices_.one_in(3)) {
      json += separator + nested_member();
      separator = "," + space();
    }
    json += separator + member("nobody asks", "");
    made_.json = json + space() + "}";
    return std::move(made_);
  }

 private:
  std::string space() {
    static constexpr std::string_view kSpaces[] = {"", " ", "\t", "\r\n", "    "};
    return choices_.one_in(8) ? pick(choices_, kSpaces) : std::string();
  }

  std::string key(const std::string& name) {
    const std::string written = choices_.one_in(2) ? literal_names(name).front() : name;
    return (choices_.one_in(20) ? quoted(choices_, written) : "\"" + written + "\"") + space() +
           ":" + space();
  }

  // `name`: what rules call it; empty: no field, seen by keywords only.
  std::string member(const std::string& written, const std::string& name) {
    return key(written) + value(name);
  }

  void keep(const std::string& name, const std::string& text) {
    if (!name.empty()) made_.plain.fields[literal_names(name).front()].push_back(text);
  }

  // There, without a value.
  void be_there(const std::string& name) {
    if (!name.empty()) made_.plain.fields[literal_names(name).front()];
  }

  std::string scalar(const std::string& name) {
    const std::size_t what = choices_.below(12);
    if (what == 8) {
      const std::string number = pick(choices_, kOddNumberTokens);
      keep(name, number);
      made_.plain.leaves.push_back(number);
      return number;
    }
    if (what == 9) {
      const std::string truth = choices_.one_in(2) ? "true" : "false";
      keep(name, truth);
      return truth;
    }
    if (what == 10) {
      be_there(name);
      return "null";
    }
    const std::string text = odd_text(choices_);
    keep(name, text);
    made_.plain.leaves.push_back(text);
    return quoted(choices_, text);
  }

  std::string value(const std::string& name) {
    if (!choices_.one_in(8)) return scalar(name);
    be_there(name);
    std::string json = "[" + space();
    for (std::size_t n = choices_.below(4), i = 0; i < n; ++i) {
      json += (i > 0 ? "," + space() : "") + scalar(name) + space();
    }
    return json + "]";
  }

  // a.b and a.b.c as keys with dots, as objects inside objects, or as a list of objects.
  std::string nested_member() {
    switch (choices_.below(5)) {
      case 0:
        return member("a.b", "a.b");
      case 1:
        return key("a") + "{" + member("b", "a.b") + space() + "}";
      case 2:
        return key("a") + "{" + key("b") + "{" + member("c", "a.b.c") + "}}";
      case 3:
        return key("a.b") + "{" + member("other", "") + "," + member("c", "a.b.c") + "}";
      default: {
        std::string json = key("a") + "[";
        for (std::size_t n = choices_.below(3), i = 0; i <= n; ++i) {
          json += (i > 0 ? "," : "") + std::string("{") + member("b", "a.b") + space() + "}";
        }
        return json + "]";
      }
    }
  }

  Choices& choices_;
  OddEvent made_;
};

}  // namespace

std::size_t Choices::below(std::size_t bound) {
  if (bound <= 1) return 0;
  if (!from_bytes_) return random_() % bound;
  std::size_t value = 0;
  for (std::size_t reach = 1; reach < bound; reach *= 256) {
    value = value * 256 + (at_ < bytes_.size() ? static_cast<unsigned char>(bytes_[at_++]) : 0);
  }
  return value % bound;
}

Node odd_rule(Choices& choices, int depth) {
  const std::size_t what = depth == 0 ? choices.below(3) : choices.below(8);
  Node node;
  switch (what) {
    case 0:
    case 1:
      return leaf(odd_test(choices));
    case 2:
      return value_list(choices, choices.one_in(4) ? Node::Kind::kAnd : Node::Kind::kOr);
    case 3:
      node.kind = Node::Kind::kNot;
      node.children.push_back(odd_rule(choices, depth - 1));
      return node;
    default:
      break;
  }
  node.kind = what < 6 ? Node::Kind::kAnd : Node::Kind::kOr;
  for (std::size_t n = 1 + choices.below(4); n > 0; --n)
    node.children.push_back(odd_rule(choices, depth - 1));
  return node;
}

OddEvent odd_event(Choices& choices) {
  return EventWriter(choices).event();
}

}  // namespace picket::rules
