// switch, steps, fail, stop: which steps are run.
#include <algorithm>
#include <unordered_map>

#include "base/ascii.h"
#include "base/hash.h"
#include "parsers/steps/step_reader.h"

namespace picket::parsers {
namespace {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return hash64(text); }
};

std::string lowered(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = ascii_lower(c);
  return made;
}

class SwitchVerb : public Verb {
 public:
  Outcome run(Work& work) const override {
    const StepList* chosen = choose(work);
    return chosen == nullptr ? Outcome::kDone : run_steps(*chosen, work);
  }
  void ask(AskedValues& asked) const override;
  const StepList* chosen(Facts& facts) const override;

  StepKey key;
  bool nocase = false;
  bool has_default = false;
  std::vector<StepList> lists;
  StepList otherwise;
  std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>> exact;
  std::vector<std::pair<std::string, std::size_t>> starts;  // the longest first

 private:
  const StepList* choose(Work& work) const { return list_of(key.text(work)); }
  const StepList* list_of(std::string_view value) const {
    std::string lower;
    if (nocase) {
      lower = lowered(value);
      value = lower;
    }
    if (!value.empty()) {
      if (const auto found = exact.find(value); found != exact.end()) return &lists[found->second];
      for (const auto& [start, list] : starts) {
        if (value.starts_with(start)) return &lists[list];
      }
    }
    return has_default ? &otherwise : nullptr;
  }
};

void SwitchVerb::ask(AskedValues& asked) const {
  std::vector<std::string> values;
  for (const auto& [value, list] : exact) values.push_back(value);
  if (key.is_field()) asked.add(key.field(), values, nocase);
  for (const StepList& list : lists) ask_of(list, asked);
  ask_of(otherwise, asked);
}

const StepList* SwitchVerb::chosen(Facts& facts) const {
  static const StepList kNone;
  const StepList* list = nullptr;
  if (!key.is_field() || facts.has(key.field()) == Truth::kUnknown) return nullptr;
  if (const std::string* const value = facts.value(key.field())) {
    list = list_of(*value);
  } else if (facts.has(key.field()) == Truth::kNo ||
             (facts.is_other(key.field()) && starts.empty())) {
    list = has_default ? &otherwise : nullptr;
  } else {
    return nullptr;
  }
  facts.rely(key.field());
  return list == nullptr ? &kNone : list;
}

class BlockVerb : public Verb {
 public:
  explicit BlockVerb(StepList steps) : steps_(std::move(steps)) {}
  Outcome run(Work& work) const override { return run_steps(steps_, work); }
  void ask(AskedValues& asked) const override { ask_of(steps_, asked); }
  const StepList* chosen(Facts&) const override { return &steps_; }

 private:
  StepList steps_;
};

class ChoiceVerb : public Verb {
 public:
  ChoiceVerb(std::unique_ptr<const Condition> when, StepList then, StepList otherwise)
      : when_(std::move(when)), then_(std::move(then)), otherwise_(std::move(otherwise)) {}
  Outcome run(Work& work) const override {
    return run_steps(when_->holds(work) ? then_ : otherwise_, work);
  }
  void ask(AskedValues& asked) const override {
    when_->ask(asked);
    ask_of(then_, asked);
    ask_of(otherwise_, asked);
  }
  const StepList* chosen(Facts& facts) const override {
    const Truth holds = when_->decide(facts);
    if (holds == Truth::kUnknown) return nullptr;
    return holds == Truth::kYes ? &then_ : &otherwise_;
  }

 private:
  std::unique_ptr<const Condition> when_;
  StepList then_;
  StepList otherwise_;
};

class EndVerb : public Verb {
 public:
  explicit EndVerb(Outcome outcome) : outcome_(outcome) {}
  Outcome run(Work&) const override { return outcome_; }

 private:
  Outcome outcome_;
};

Result<void> add_case(StepReader& reader, SwitchVerb& made, const YamlNode& key) {
  std::string_view rest = key.scalar;
  for (;;) {
    const std::size_t bar = rest.find('|');
    std::string value(rest.substr(0, bar));
    if (made.nocase) value = lowered(value);
    if (value.empty()) return reader.error(key, "a case is empty");
    const std::size_t list = made.lists.size() - 1;
    if (value.ends_with('*')) {
      value.pop_back();
      made.starts.emplace_back(value, list);
    } else if (!made.exact.emplace(value, list).second) {
      return reader.error(key, "the case " + value + " is there twice");
    }
    if (bar == std::string_view::npos) return {};
    rest.remove_prefix(bar + 1);
  }
}

}  // namespace

MadeVerb make_switch(StepReader& reader, const VerbSource& source) {
  auto made = std::make_unique<SwitchVerb>();
  PICKET_TRY(made->key, StepKey::read(reader, source.argument));
  PICKET_TRY(made->nocase, reader.flag(source.step, "nocase", false));
  const YamlNode* cases = source.step.find("cases");
  if (cases == nullptr) return reader.error(source.step, "switch needs cases");
  PICKET_TRY_VOID(reader.entries(*cases, "cases are a map of values and steps",
                                 [&](const YamlNode& key, const YamlNode& value) -> Result<void> {
                                   PICKET_TRY(StepList list, reader.list(value));
                                   made->lists.push_back(std::move(list));
                                   PICKET_TRY_VOID(reader.count_row(key));
                                   return add_case(reader, *made, key);
                                 }));
  std::stable_sort(made->starts.begin(), made->starts.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  if (const YamlNode* otherwise = source.step.find("default")) {
    made->has_default = true;
    PICKET_TRY(made->otherwise, reader.list(*otherwise));
  }
  return made;
}

MadeVerb make_block(StepReader& reader, const VerbSource& source) {
  PICKET_TRY(StepList then, reader.list(source.argument));
  const YamlNode* otherwise = source.step.find("else");
  if (otherwise == nullptr) return std::make_unique<BlockVerb>(std::move(then));
  const YamlNode* when = source.step.find("when");
  if (when == nullptr) return reader.error(*otherwise, "else needs a when");
  auto condition = Condition::compile(when->scalar);
  if (!condition) return reader.error(*when, condition.error());
  PICKET_TRY(StepList other, reader.list(*otherwise));
  return std::make_unique<ChoiceVerb>(*std::move(condition), std::move(then), std::move(other));
}

MadeVerb make_fail(StepReader&, const VerbSource&) {
  return std::make_unique<EndVerb>(Outcome::kReject);
}

MadeVerb make_stop(StepReader&, const VerbSource&) {
  return std::make_unique<EndVerb>(Outcome::kStop);
}

}  // namespace picket::parsers
