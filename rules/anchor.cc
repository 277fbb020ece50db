#include "rules/anchor.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "rules/fold.h"
#include "rules/regex_literals.h"
#include "rules/typical_values.h"

namespace picket::rules {
namespace {

using Shape = CompiledTest::Shape;

constexpr std::size_t kPlacedMax = 48;   // longer ones are looked for anywhere
constexpr std::size_t kLiteralMax = 24;  // longer literals are cut: more bytes tell nothing more
constexpr std::size_t kLiteralMin = 4;   // and none is cut to less
constexpr double kPresentRate = 0.9;
constexpr double kUnseenRate = 0.02;
constexpr double kRareEnough = 0.002;   // rarer anchors wake alone
constexpr double kSecondRateMax = 0.3;  // a second set that is there more often tells too little,
constexpr std::size_t kSecondMax = 64;  // and a longer one costs more than it saves

bool typical_has(std::string_view value, Anchor::Kind kind, std::string_view literal) {
  switch (kind) {
    case Anchor::Kind::kExact:
      return value == literal;
    case Anchor::Kind::kPrefix:
      return value.starts_with(literal);
    case Anchor::Kind::kSuffix:
      return value.ends_with(literal);
    case Anchor::Kind::kBaseName:
      return value.ends_with(literal) && value.size() > literal.size() &&
             (value[value.size() - literal.size() - 1] == '\\' ||
              value[value.size() - literal.size() - 1] == '/');
    default:
      return find_bytes(value, literal) != std::string_view::npos;
  }
}

// True only if no typical value has the literal: three bytes of it in a row are in none.
bool surely_rare(std::string_view literal) {
  for (std::size_t at = 0; at + 3 <= literal.size(); ++at) {
    if (typical_count_before(literal.substr(at, 3), 3) == 0) return true;
  }
  return false;
}

// The estimated share of values that pass: what the typical values say, and less for longer
// literals. What none of them has is rare, however short it is.
double estimate(Anchor::Kind kind, std::string_view literal) {
  const auto values = typical_values();
  std::size_t seen = 0;
  if (!surely_rare(literal)) {
    for (const std::string_view value : values) seen += typical_has(value, kind, literal) ? 1U : 0U;
  }
  const double by_length =
      std::min(std::exp2(-1.2 * static_cast<double>(std::min<std::size_t>(literal.size(), 16))),
               seen == 0 ? kUnseenRate : 1.0);
  return std::min(1.0,
                  4.0 * static_cast<double>(seen) / static_cast<double>(values.size()) + by_length);
}

AnchorSet one(const CompiledTest& test, Anchor::Kind kind, std::string text) {
  Anchor anchor{.column = test.column, .kind = kind, .text = std::move(text), .rate = kPresentRate};
  if (kind != Anchor::Kind::kPresent) anchor.rate = estimate(kind, anchor.text);
  const double rate = anchor.rate;
  return {.anchors = {std::move(anchor)}, .rate = rate};
}

// The longest run of characters that stand in a record as they are: no escapes, ASCII only.
std::string_view plain_run(std::string_view text) {
  std::string_view best;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : '\0';
    if (c >= ' ' && c < 0x7F && c != '"' && c != '\\' && c != '/') continue;
    if (i - begin > best.size()) best = text.substr(begin, i - begin);
    begin = i + 1;
  }
  return best;
}

// Hyperscan looks for the last bytes of a literal first, so a literal is cut to end where typical
// text rarely has what its last bytes are.
std::size_t rarest_end(std::string_view text) {
  std::size_t best = text.size();
  std::size_t least = typical_count_before(text, best);
  for (std::size_t end = text.size(); end-- > kLiteralMin;) {
    const std::size_t count = typical_count_before(text, end);
    if (count >= least) continue;
    least = count;
    best = end;
  }
  return best;
}

std::string_view last(std::string_view text, std::size_t size) {
  return text.substr(text.size() - std::min(size, text.size()));
}

// Bytes that are no UTF-8 (of "utf16") do not fold apart from what stands before them; ASCII does.
std::string_view ascii_run(std::string_view text) {
  std::string_view best;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) continue;
    if (i - begin > best.size()) best = text.substr(begin, i - begin);
    begin = i + 1;
  }
  return best;
}

AnchorSet literal(const CompiledTest& test, Anchor::Kind kind, std::string_view text) {
  if (test.column == 0) {  // keywords are looked for in the record itself
    kind = Anchor::Kind::kContains;
    text = plain_run(text);
  }
  if (text.empty()) return one(test, Anchor::Kind::kPresent, {});
  const std::size_t end = rarest_end(text);
  if (kind == Anchor::Kind::kPrefix && end <= kPlacedMax)
    return one(test, kind, std::string(text.substr(0, end)));
  if (kind == Anchor::Kind::kSuffix && end == text.size() && end <= kPlacedMax)
    return one(test, kind, std::string(text));
  return one(test, Anchor::Kind::kContains, std::string(last(text.substr(0, end), kLiteralMax)));
}

AnchorSet suffix(const CompiledTest& test, std::string_view text) {
  if (test.column == 0) return literal(test, Anchor::Kind::kContains, text);
  const bool base_name = text.size() > 1 && (text[0] == '\\' || text[0] == '/') &&
                         text.find_first_of("\\/", 1) == std::string_view::npos;
  if (base_name) return one(test, Anchor::Kind::kBaseName, std::string(text.substr(1)));
  return literal(test, Anchor::Kind::kSuffix, text);
}

AnchorSet regex(const CompiledTest& test) {
  AnchorSet best = one(test, Anchor::Kind::kPresent, {});
  for (const std::vector<std::string>& either : necessary_literals(test.origin->text)) {
    AnchorSet all;
    for (const std::string& text : either) {
      AnchorSet part = literal(test, Anchor::Kind::kContains, text);
      all.rate += part.rate;
      all.anchors.push_back(std::move(part.anchors.front()));
    }
    if (all.rate < best.rate) best = std::move(all);
  }
  return best;
}

AnchorSet glob(const CompiledTest& test) {
  AnchorSet best = one(test, Anchor::Kind::kPresent, {});
  for (const PatternPart& part : test.parts) {
    if (part.kind != PatternPart::Kind::kText) continue;
    AnchorSet candidate =
        literal(test, Anchor::Kind::kContains, fold(test.cased ? ascii_run(part.text) : part.text));
    if (candidate.rate < best.rate) best = std::move(candidate);
  }
  return best;
}

AnchorSet cased(const CompiledTest& test) {
  return literal(test, Anchor::Kind::kContains, fold(ascii_run(test.text)));
}

std::optional<AnchorSet> of_test(const CompiledTest& test) {
  const bool has_text = test.shape == Shape::kExact || test.shape == Shape::kContains ||
                        test.shape == Shape::kPrefix || test.shape == Shape::kSuffix;
  if (test.cased && has_text && ascii_run(test.text).size() != test.text.size()) return cased(test);
  const std::string text = test.cased ? fold(test.text) : test.text;
  switch (test.shape) {
    case Shape::kExact:
      if (test.column == 0 || text.empty()) return literal(test, Anchor::Kind::kContains, text);
      return one(test, Anchor::Kind::kExact, text);
    case Shape::kContains:
      return literal(test, Anchor::Kind::kContains, text);
    case Shape::kPrefix:
      return literal(test, Anchor::Kind::kPrefix, text);
    case Shape::kSuffix:
      return suffix(test, text);
    case Shape::kGlob:
      return glob(test);
    case Shape::kRegex:
      return regex(test);
    case Shape::kNull:
      return std::nullopt;
    case Shape::kExists:
      if (!test.flag) return std::nullopt;
      return one(test, Anchor::Kind::kPresent, {});
    default:
      return one(test, Anchor::Kind::kPresent, {});
  }
}

AnchorSet of_set(const ValueSet& set) {
  AnchorSet all;
  CompiledTest test;
  test.column = set.column;
  for (const std::string& value : set.values) {
    if (set.column == 0) return literal(test, Anchor::Kind::kPresent, {});
    AnchorSet part = value.empty() ? one(test, Anchor::Kind::kPresent, {})
                                   : one(test, Anchor::Kind::kExact, value);
    all.rate += part.rate;
    all.anchors.push_back(std::move(part.anchors.front()));
  }
  return all;
}

AnchorSet of_literals(const ColumnLiterals& list) {
  AnchorSet all;
  for (const LiteralSet::Literal& each : list.literals->literals()) {
    CompiledTest test;
    test.column = list.column;
    test.text = each.text;
    test.shape = each.place == LiteralSet::Place::kAtBegin ? Shape::kPrefix
                 : each.place == LiteralSet::Place::kAtEnd ? Shape::kSuffix
                                                           : Shape::kContains;
    AnchorSet part = *of_test(test);
    all.rate += part.rate;
    all.anchors.push_back(std::move(part.anchors.front()));
  }
  return all;
}

using Calls = std::vector<WakeCall>;

double rate_of(const WakeCall& call) {
  return call.second.anchors.empty() ? call.first.rate : call.first.rate * call.second.rate;
}
double rate_of(const Calls& calls) {
  double rate = 0;
  for (const WakeCall& call : calls) rate += rate_of(call);
  return rate;
}

void append(AnchorSet& set, const AnchorSet& more) {
  set.rate += more.rate;
  set.anchors.insert(set.anchors.end(), more.anchors.begin(), more.anchors.end());
}

// Calls without a second set are one call.
Calls either(std::vector<Calls> children) {
  Calls all;
  WakeCall alone;
  for (Calls& calls : children) {
    for (WakeCall& call : calls) {
      if (call.second.anchors.empty()) {
        append(alone.first, call.first);
      } else {
        all.push_back(std::move(call));
      }
    }
  }
  if (!alone.first.anchors.empty()) all.push_back(std::move(alone));
  return all;
}

// What is necessary for all of these calls, as one set.
AnchorSet first_of(const Calls& calls) {
  AnchorSet all;
  for (const WakeCall& call : calls) append(all, call.first);
  return all;
}

// The rarest child wakes; where it is not rare by itself, the next one must do so too.
Calls both(std::vector<Calls> children) {
  std::stable_sort(children.begin(), children.end(),
                   [](const Calls& a, const Calls& b) { return rate_of(a) < rate_of(b); });
  Calls best = std::move(children.front());
  const AnchorSet* second = nullptr;
  std::vector<AnchorSet> others;
  for (std::size_t i = 1; i < children.size(); ++i) others.push_back(first_of(children[i]));
  for (const AnchorSet& other : others) {
    if (other.rate > kSecondRateMax || other.anchors.size() > kSecondMax) continue;
    if (second == nullptr || other.rate < second->rate) second = &other;
  }
  for (WakeCall& call : best) {
    if (second != nullptr && call.second.anchors.empty() && call.first.rate >= kRareEnough)
      call.second = *second;
  }
  return best;
}

}  // namespace

std::optional<std::vector<WakeCall>> wake_calls(const Route& route, std::uint32_t index) {
  const CompiledNode& node = route.nodes[index];
  const auto alone = [](std::optional<AnchorSet> set) -> std::optional<Calls> {
    if (!set) return std::nullopt;
    return either({{{.first = *std::move(set)}}});
  };
  switch (node.kind) {
    case CompiledNode::Kind::kTest:
      return alone(of_test(route.tests[node.index]));
    case CompiledNode::Kind::kSet:
      return alone(of_set(route.sets[node.index]));
    case CompiledNode::Kind::kLiterals:
      return alone(of_literals(route.literals[node.index]));
    case CompiledNode::Kind::kNot:
      return std::nullopt;
    case CompiledNode::Kind::kAnd:
    case CompiledNode::Kind::kOr:
      break;
  }
  const bool is_and = node.kind == CompiledNode::Kind::kAnd;
  std::vector<Calls> children;
  for (std::uint32_t i = 0; i < node.count; ++i) {
    std::optional<Calls> child = wake_calls(route, node.first + i);
    if (child) children.push_back(*std::move(child));
    if (!child && !is_and) return std::nullopt;
  }
  if (!is_and) return either(std::move(children));
  if (children.empty()) return std::nullopt;
  return both(std::move(children));
}

}  // namespace picket::rules
