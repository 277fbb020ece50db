// Every struct is taken apart by a structured binding, so that a new member does not compile until
// it is written here too. Enumerations are read with their last value as the bound.
#include "rules/rule_codec.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/codec.h"

namespace picket::rules {
namespace {

constexpr int kDepthMax =
    512;  // of conditions; the YAML reader and the condition parser allow less
constexpr std::size_t kItemsMax =
    2'000'000;  // of all lists of a file; its tests are 250,000 at most

// ---- writing

template <class E>
void put(Writer& out, E value) requires std::is_enum_v<E> {
  out.byte(static_cast<std::uint8_t>(value));
}
void put(Writer& out, const std::string& text) {
  out.text(text);
}
void put(Writer& out, bool value) {
  out.byte(value ? 1 : 0);
}
void put(Writer& out, int value) {
  out.integer(value);
}
void put(Writer& out, double value) {
  out.real(value);
}

template <class First, class Second>
void put(Writer& out, const std::pair<First, Second>& pair);
template <class T>
void put(Writer& out, const std::vector<T>& list);
void put(Writer& out, const Node& node);

void put(Writer& out, const LogSource& source) {
  const auto& [product, category, service] = source;
  put(out, product);
  put(out, category);
  put(out, service);
}

void put(Writer& out, const PatternPart& part) {
  const auto& [kind, text] = part;
  put(out, kind);
  put(out, text);
}

void put(Writer& out, const Test& test) {
  const auto& [op, field, parts, text, number, compare, ref, flag, cased, ignore_case, multi_line,
               dot_all, line] = test;
  put(out, op);
  put(out, field);
  put(out, parts);
  put(out, text);
  put(out, number);
  put(out, compare);
  put(out, ref);
  const unsigned flags = (flag ? 1U : 0U) | (cased ? 2U : 0U) | (ignore_case ? 4U : 0U) |
                         (multi_line ? 8U : 0U) | (dot_all ? 16U : 0U);
  out.byte(static_cast<std::uint8_t>(flags));
  put(out, line);
}

// As deep as the tree, which the readers of YAML and of conditions bound.
void put(Writer& out, const Node& node) {
  const auto& [kind, children, test, selection] = node;
  put(out, kind);
  put(out, selection);
  if (kind == Node::Kind::kTest) {
    put(out, test);
  } else {
    put(out, children);
  }
}

// Path and hash are the file's. Filters are joined to rules only when all files are read.
void put(Writer& out, const RuleIdentity& identity) {
  const auto& [id, name, level, hash, path, risk] = identity;
  put(out, id);
  put(out, name);
  put(out, level);
  put(out, risk);
}

void put(Writer& out, const DetectionRule& rule) {
  const auto& [identity, name, status, description, tags, log_source, condition, look_around,
               generates, suppress, filters, line] = rule;
  put(out, identity);
  put(out, name);
  put(out, status);
  put(out, description);
  put(out, tags);
  put(out, log_source);
  put(out, condition);
  put(out, look_around);
  put(out, generates);
  out.integer(suppress.for_ns);
  put(out, suppress.by);
  put(out, line);
}

void put(Writer& out, const CorrelationRule& rule) {
  const auto& [identity, name, tags, type, rules, group_by, aliases, timespan_ns, conditions, field,
               more_fields, percentile, generates, repeat_every, seen_max, seen_after, learn_ns, suppress_ns, answers,
               line] = rule;
  put(out, identity);
  put(out, name);
  put(out, tags);
  put(out, type);
  put(out, rules);
  put(out, group_by);
  put(out, aliases);
  out.integer(timespan_ns);
  put(out, conditions);
  put(out, field);
  put(out, more_fields);
  put(out, percentile);
  put(out, generates);
  put(out, repeat_every);
  out.number(seen_max);
  out.number(seen_after);
  out.integer(learn_ns);
  out.integer(suppress_ns);
  out.number(answers);
  put(out, line);
}

void put(Writer& out, const FilterRule& rule) {
  const auto& [identity, line, log_source, any, rules, condition, look_around] = rule;
  put(out, identity);
  put(out, line);
  put(out, log_source);
  put(out, any);
  put(out, rules);
  put(out, condition);
  put(out, look_around);
}

void put(Writer& out, const Finding& finding) {
  const auto& [path, line, rule_id, code, reason] = finding;
  put(out, line);
  put(out, rule_id);
  put(out, code);
  put(out, reason);
}

void put(Writer& out, const AnyRule& rule) {
  out.byte(static_cast<std::uint8_t>(rule.index()));
  std::visit([&](const auto& one) { put(out, one); }, rule);
}

template <class First, class Second>
void put(Writer& out, const std::pair<First, Second>& pair) {
  put(out, pair.first);
  put(out, pair.second);
}

template <class T>
void put(Writer& out, const std::vector<T>& list) {
  out.number(list.size());
  for (const T& one : list) put(out, one);
}

// ---- reading

class FileReader {
 public:
  FileReader(std::string_view bytes, const std::string& path, const std::string& hash)
      : in_(bytes), path_(path), hash_(hash) {}

  std::optional<RuleFile> read() {
    RuleFile file;
    get(file.rules);
    get(file.refused);
    get(file.warnings);
    if (!in_.done() || !ok_) return std::nullopt;
    return file;
  }

 private:
  template <class E>
  void get(E& value, E last) {
    const std::uint8_t byte = in_.byte();
    if (byte > static_cast<std::uint8_t>(last)) {
      ok_ = false;
      return;
    }
    value = static_cast<E>(byte);
  }
  void get(std::string& text) { text = in_.text(); }
  void get(bool& value) { value = in_.byte() != 0; }
  void get(int& value) {
    const std::int64_t number = in_.integer();
    ok_ = ok_ && std::in_range<int>(number);
    value = static_cast<int>(number);
  }
  void get(double& value) { value = in_.real(); }

  template <class First, class Second>
  void get(std::pair<First, Second>& pair) {
    get(pair.first);
    get(pair.second);
  }

  // A count is at most the bytes that are left, and memory grows with what was read: a damaged
  // count cannot make this allocate. An item is larger in memory than in bytes, so items are
  // counted too.
  template <class T>
  void get(std::vector<T>& list) {
    const std::size_t count = in_.count();
    constexpr std::size_t kReserveMax = 256;
    list.reserve(std::min(count, kReserveMax));
    for (std::size_t i = 0; i < count && ok_ && in_.ok(); ++i) {
      if (items_left_-- == 0) ok_ = false;
      get(list.emplace_back());
    }
  }

  void get(LogSource& source) {
    get(source.product);
    get(source.category);
    get(source.service);
  }

  void get(PatternPart& part) {
    get(part.kind, PatternPart::Kind::kAnyOne);
    get(part.text);
  }

  void get(Compare& compare) { get(compare, Compare::kNotEqual); }

  void get(Test& test) {
    get(test.op, Op::kTime);
    get(test.field);
    get(test.parts);
    get(test.text);
    get(test.number);
    get(test.compare);
    get(test.ref, RefMode::kContains);
    const unsigned flags = in_.byte();
    test.flag = (flags & 1U) != 0;
    test.cased = (flags & 2U) != 0;
    test.ignore_case = (flags & 4U) != 0;
    test.multi_line = (flags & 8U) != 0;
    test.dot_all = (flags & 16U) != 0;
    get(test.line);
  }

  void get(Node& node) {
    if (++depth_ > kDepthMax) ok_ = false;
    if (ok_) {
      get(node.kind, Node::Kind::kTest);
      get(node.selection);
      if (node.kind == Node::Kind::kTest) {
        get(node.test);
      } else {
        get(node.children);
        if (node.kind == Node::Kind::kNot && node.children.size() != 1) ok_ = false;
      }
    }
    --depth_;
  }

  void get(RuleIdentity& identity) {
    get(identity.id);
    get(identity.name);
    get(identity.level, Level::kCritical);
    get(identity.risk);
    identity.hash = hash_;
    identity.path = path_;
  }

  void get(DetectionRule& rule) {
    get(rule.identity);
    get(rule.name);
    get(rule.status);
    get(rule.description);
    get(rule.tags);
    get(rule.log_source);
    get(rule.condition);
    get(rule.look_around);
    get(rule.generates);
    rule.suppress.for_ns = in_.integer();
    get(rule.suppress.by);
    get(rule.line);
  }

  void get(CorrelationRule& rule) {
    get(rule.identity);
    get(rule.name);
    get(rule.tags);
    get(rule.type, CorrelationType::kRare);
    get(rule.rules);
    get(rule.group_by);
    get(rule.aliases);
    rule.timespan_ns = in_.integer();
    get(rule.conditions);
    get(rule.field);
    get(rule.more_fields);
    get(rule.percentile);
    get(rule.generates);
    get(rule.repeat_every);
    rule.seen_max = static_cast<std::uint32_t>(in_.number());
    rule.seen_after = static_cast<std::uint32_t>(in_.number());
    rule.learn_ns = in_.integer();
    rule.suppress_ns = in_.integer();
    rule.answers = static_cast<std::uint32_t>(std::min<std::uint64_t>(in_.number(), rule.rules.size()));
    get(rule.line);
  }

  void get(FilterRule& rule) {
    get(rule.identity);
    get(rule.line);
    get(rule.log_source);
    get(rule.any);
    get(rule.rules);
    get(rule.condition);
    get(rule.look_around);
  }

  void get(Finding& finding) {
    finding.path = path_;
    get(finding.line);
    get(finding.rule_id);
    get(finding.code);
    get(finding.reason);
  }

  void get(AnyRule& rule) {
    switch (in_.byte()) {
      case 0:
        get(rule.emplace<DetectionRule>());
        return;
      case 1:
        get(rule.emplace<CorrelationRule>());
        return;
      case 2:
        get(rule.emplace<FilterRule>());
        return;
      default:
        ok_ = false;
    }
  }

  Reader in_;
  const std::string& path_;
  const std::string& hash_;
  std::size_t items_left_ = kItemsMax;
  int depth_ = 0;
  bool ok_ = true;
};

}  // namespace

std::string encode_rule_file(const RuleFile& file) {
  Writer out;
  const auto& [rules, refused, warnings] = file;
  put(out, rules);
  put(out, refused);
  put(out, warnings);
  return out.take();
}

std::optional<RuleFile> decode_rule_file(std::string_view bytes, const std::string& path,
                                         const std::string& hash) {
  return FileReader(bytes, path, hash).read();
}

}  // namespace picket::rules
