#include "parsers/recognition.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"
#include "parsers/content.h"
#include "parsers/cursor.h"
#include "parsers/find_text.h"
#include "parsers/formats/cef.h"
#include "parsers/formats/leef.h"

namespace picket::parsers {
namespace {

// "/usr/sbin/cron" is cron,
std::string_view without_folder(std::string_view name) {
  if (name.starts_with('/')) name.remove_prefix(name.rfind('/') + 1);
  return name;
}

// "CRON" too.
std::string plain_program(std::string_view name) {
  std::string plain(without_folder(name));
  for (char& c : plain) c = ascii_lower(c);
  return plain;
}

// Is a program without its folder called `plain`?
bool is_program(std::string_view name, std::string_view plain) {
  return std::equal(name.begin(), name.end(), plain.begin(), plain.end(),
                    [](char written, char wanted) { return ascii_lower(written) == wanted; });
}

bool one_of(const std::vector<std::string>& wanted, std::string_view text) {
  return wanted.empty() || std::any_of(wanted.begin(), wanted.end(), [&](const std::string& one) {
           return ascii_equal(one, text);
         });
}

// Two parts of a header "CEF:0|vendor|product|...". Escapes in them are nobody's.
struct HeaderParts {
  std::string_view vendor;
  std::string_view product;
};
bool header_parts(std::string_view text, std::string_view mark, HeaderParts& parts) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return false;
  const std::size_t first = text.find('|', at);
  if (first == std::string_view::npos) return false;
  const std::size_t second = text.find('|', first + 1);
  if (second == std::string_view::npos) return false;
  parts.vendor = text.substr(first + 1, second - first - 1);
  parts.product = text.substr(second + 1);
  parts.product = parts.product.substr(0, parts.product.find('|'));
  return true;
}

bool header_holds(const RecogniseRule::Header& header, std::string_view message,
                  std::string_view mark, std::size_t& bytes) {
  HeaderParts parts;
  if (!header_parts(message, mark, parts)) return false;
  if (!one_of(header.vendors, parts.vendor) || !one_of(header.products, parts.product))
    return false;
  bytes += (header.vendors.empty() ? 0 : parts.vendor.size()) +
           (header.products.empty() ? 0 : parts.product.size());
  return true;
}

// "2026-03-01 10:00:01"
bool is_dated(std::string_view text) {
  return text.size() >= 19 && text[4] == '-' && text[7] == '-' && text[10] == ' ' &&
         text[13] == ':' && text[16] == ':' && is_number(text.substr(0, 4)) &&
         is_number(text.substr(17, 2));
}

bool asks_for_program_alone(const RecogniseRule& rule) {
  return rule.json.empty() && rule.prefixes.empty() && rule.any.empty() && rule.all.empty() &&
         !rule.cef && !rule.leef && !rule.access && !rule.dated;
}

bool json_holds(const RecogniseRule::JsonTest& test, std::span<const Field> fields,
                std::size_t& bytes) {
  for (const Field& field : fields) {
    if (field.id != test.field) continue;
    if (test.values.empty()) {
      bytes += field_name(field.id).size();
      return true;
    }
    bool found = false;
    for_each_value(field, [&](const Field& value) {
      found |=
          std::find(test.values.begin(), test.values.end(), value.token()) != test.values.end();
    });
    if (!found) continue;
    bytes += field_name(field.id).size() + field.size;
    return true;
  }
  return false;
}

}  // namespace

Recogniser::Recogniser(const Catalog& catalog)
    : index_(&catalog.recognition()),
      scratch_{MarkerScratch(index_->markers(Index::kFront)),
               MarkerScratch(index_->markers(Index::kAll))},
      noted_(index_->size()) {}

const Recogniser::Program& Recogniser::by_program(std::string_view name) {
  static const Program kNone;
  if (name.empty() || name.size() > kProgramLengthMax) return kNone;
  if (last_program_ != nullptr && same_name(last_name_, name)) return *last_program_;
  const NameKey key = NameKey::of(name);
  const std::uint32_t* const known = known_programs_.find(key);
  if (known == nullptr) {
    Program made = program_of(name);
    if (programs_.size() >= kProgramsMax) {
      last_program_ = nullptr;
      return other_program_ = std::move(made);
    }
    programs_.push_back(std::move(made));
    known_programs_.insert(key) = static_cast<std::uint32_t>(programs_.size() - 1);
  }
  last_name_ = name;
  last_program_ = known == nullptr ? &programs_.back() : &programs_[*known];
  return *last_program_;
}

Recogniser::Program Recogniser::program_of(std::string_view name) const {
  Program made;
  index_->add_rules_of_program(plain_program(name), made.rules);
  for (const std::uint32_t at : made.rules) {
    const Index::Rule& rule = index_->rule(at);
    if (!asks_for_program_alone(*rule.rule)) continue;
    const bool better = made.first == nullptr || rule.order > made.order ||
                        (rule.order == made.order && rule.definition->name < made.first->name);
    if (!better) continue;
    made.first = rule.definition;
    made.order = rule.order;
  }
  made.front = made.order < index_->highest_order(Index::kFront);
  made.sure = made.first != nullptr && made.order > index_->highest_order(Index::kAll) &&
              made.order > index_->highest_of_headers();
  for (const std::uint32_t at : made.rules) {
    const Index::Rule& rule = index_->rule(at);
    if (rule.order < made.order || asks_for_program_alone(*rule.rule)) continue;
    (made.front && rule.marked ? made.marked : made.others).push_back(at);
  }
  return made;
}

// Does one of them hold?
bool Recogniser::goes_before(const Rules& others) const {
  return std::any_of(others.begin(), others.end(), [this](std::uint32_t at) {
    std::size_t bytes = 0;
    const Index::Rule& rule = index_->rule(at);
    return envelope_holds(rule, bytes) && texts_hold(*rule.rule, false, bytes);
  });
}

// Of a program whose own rule says it, unless another one of its rules may go before that.
const Definition* Recogniser::surely_first_of(const Program& program) {
  if (!program.sure) return nullptr;
  if (program.front) scratch_[Index::kFront].prefetch();
  const std::string_view message = evidence_.message;
  if (!message.empty() && program.order <= index_->first_byte(message[0]).order) return nullptr;
  if (goes_before(program.others)) return nullptr;
  if (!program.front) return program.first;
  const std::vector<std::uint32_t>& found = scratch_[Index::kFront].find(evidence_.record);
  if (found.empty()) return program.first;
  const bool only_marks = std::none_of(found.begin(), found.end(), [this](std::uint32_t marker) {
    return index_->finds_more(marker);
  });
  return only_marks && !goes_before(program.marked) ? program.first : nullptr;
}

bool Recogniser::begins(const Index::Beginning& rule) const {
  const std::string_view message = evidence_.message;
  if (rule.mask != 0 && message.size() >= sizeof(rule.head)) {
    std::uint64_t head = 0;
    std::memcpy(&head, message.data(), sizeof(head));
    return ((head ^ rule.head) & rule.mask) == 0;
  }
  std::size_t bytes = 0;
  return envelope_holds(index_->rule(rule.at), bytes);
}

// Where no program has rules: the only one of the rules of this first byte that go first.
const Definition* Recogniser::first_of_beginning(const Index::FirstByte& first) const {
  // The first pass, if it is made, looks for headers too.
  if (first.behind_headers && !first.behind_front &&
      evidence_.message.find('|') != std::string_view::npos)
    return nullptr;
  const Definition* only = nullptr;
  for (const Index::Beginning& rule : first.top) {
    std::size_t bytes = 0;
    if (!begins(rule) || !texts_hold(*rule.rule, false, bytes)) continue;
    if (only != nullptr && only != rule.definition) return nullptr;
    only = rule.definition;
  }
  return only;
}

const Definition* Recogniser::surely_first_by_beginning() {
  const Index::FirstByte& first = index_->first_byte(evidence_.message[0]);
  if (first.behind_all) return nullptr;
  if (first.behind_front) scratch_[Index::kFront].prefetch();
  const Definition* const found = first_of_beginning(first);
  const bool other = found != nullptr && first.behind_front &&
                     !scratch_[Index::kFront].find(evidence_.record).empty();
  return other ? nullptr : found;
}

// The first candidate, if that can be said without a list of them; else nullptr.
const Definition* Recogniser::surely_first(const Program& program) {
  const bool by_beginning = program.rules.empty() && !evidence_.message.empty();
  return by_beginning ? surely_first_by_beginning() : surely_first_of(program);
}

void Recogniser::restart(const Evidence& evidence) {
  evidence_ = evidence;
  access_.reset();
  sure_ = nullptr;
  given_ = nullptr;
  listed_ = false;
  group_.clear();
  at_ = 0;
}

// What stands for the record at hand: nothing has been looked at yet.
void Recogniser::forget() {
  listed_ = true;
  if (++number_ == 0) {  // counted once around
    std::fill(noted_.begin(), noted_.end(), 0);
    number_ = 1;
  }
  passed_ = {};
  pending_.clear();
  tried_.clear();
}

void Recogniser::begin(const Evidence& evidence) {
  restart(evidence);
  sure_ = surely_first(by_program(evidence.program));
  given_ = sure_;
  if (sure_ == nullptr) list();
}

void Recogniser::list() {
  forget();
  for (const std::uint32_t rule : by_program(evidence_.program).rules) note(rule);
  if (evidence_.message.empty()) return;
  for (const std::uint32_t rule : index_->rules_of_first_byte(evidence_.message[0])) note(rule);
  note_headers();
}

void Recogniser::note(std::uint32_t rule) {
  if (noted_[rule] == number_) return;
  noted_[rule] = number_;
  pending_.push_back(rule);
}

void Recogniser::note_headers() {
  // Headers stand at the beginning, at most behind words of the sender.
  const std::string_view message = evidence_.message;
  if (message.find('|') == std::string_view::npos) return;  // quicker to be looked for
  const std::string_view start = message.substr(0, 512);
  if (start.find(Index::kCefMark) != std::string_view::npos) {
    for (const std::uint32_t rule : index_->cef()) note(rule);
  }
  if (start.find(Index::kLeefMark) != std::string_view::npos) {
    for (const std::uint32_t rule : index_->leef()) note(rule);
  }
}

void Recogniser::look_through(Index::Pass pass) {
  passed_[pass] = true;
  for (const std::uint32_t marker : scratch_[pass].find(evidence_.record)) {
    for (const std::uint32_t rule : index_->rules_of_marker(pass, marker)) note(rule);
  }
}

int Recogniser::highest() const {
  int order = Index::kNoOrder;
  for (const std::uint32_t rule : pending_) order = std::max(order, index_->rule(rule).order);
  return order;
}

// The candidates that come next: rules of one order. Rules that a pass could find and that are not
// behind them are looked for first.
bool Recogniser::read_group() {
  for (const Candidate& candidate : group_) tried_.push_back(candidate.definition);
  group_.clear();
  at_ = 0;
  int order = highest();
  if (!passed_[Index::kAll]) {
    if (order == Index::kNoOrder || index_->highest_order(Index::kAll) > order) {
      look_through(Index::kAll);
      order = highest();
    } else if (!passed_[Index::kFront] && index_->highest_order(Index::kFront) > order) {
      look_through(Index::kFront);
      order = highest();
    }
  }
  if (order == Index::kNoOrder) return false;
  same_order_.clear();
  for (std::size_t i = 0; i < pending_.size();) {
    const std::uint32_t rule = pending_[i];
    if (index_->rule(rule).order != order) {
      ++i;
      continue;
    }
    pending_[i] = pending_.back();
    pending_.pop_back();
    same_order_.push_back(rule);
  }
  for (const std::uint32_t rule : same_order_) look_at(rule, false);
  if (group_.size() < 2) return true;  // how many bytes spoke for it decides nothing
  group_.clear();
  for (const std::uint32_t rule : same_order_) look_at(rule, true);
  sort();
  return true;
}

void Recogniser::look_at(std::uint32_t at, bool count_all) {
  const Index::Rule& rule = index_->rule(at);
  Candidate made{rule.definition, rule.order, 0};
  if (envelope_holds(rule, made.bytes) && texts_hold(*rule.rule, count_all, made.bytes)) add(made);
}

bool Recogniser::is_plain_access() const {
  if (!access_) access_ = split_plain_access(evidence_.message, access_line_);
  return *access_;
}

bool Recogniser::envelope_holds(const Index::Rule& indexed, std::size_t& bytes) const {
  const RecogniseRule& rule = *indexed.rule;
  const Evidence& evidence = evidence_;
  if (indexed.any_program) {
    if (evidence.program.empty()) return false;
  } else if (!rule.programs.empty()) {
    const std::string_view name = without_folder(evidence.program);
    if (!indexed.by_program &&
        std::none_of(rule.programs.begin(), rule.programs.end(),
                     [&](const std::string& plain) { return is_program(name, plain); }))
      return false;
    bytes += name.size();
  }
  if (!rule.prefixes.empty()) {
    std::size_t longest = 0;
    for (const std::string& prefix : rule.prefixes) {
      if (same_name(evidence.message.substr(0, prefix.size()), prefix))
        longest = std::max(longest, prefix.size());
    }
    if (longest == 0) return false;
    bytes += longest;
  }
  if (rule.dated && !is_dated(evidence.message)) return false;
  if (rule.access) {
    if (!evidence.program.empty() || !is_plain_access()) return false;
    bytes += evidence.message.size();
  }
  return (!rule.cef || header_holds(*rule.cef, evidence.message, Index::kCefMark, bytes)) &&
         (!rule.leef || header_holds(*rule.leef, evidence.message, Index::kLeefMark, bytes));
}

bool Recogniser::texts_hold(const RecogniseRule& rule, bool count_all, std::size_t& bytes) const {
  const auto there = [&](const std::string& text) { return holds_text(evidence_.record, text); };
  if (!std::all_of(rule.all.begin(), rule.all.end(), there)) return false;
  for (const std::string& text : rule.all) bytes += text.size();
  if (rule.any.empty()) return true;
  std::size_t found = 0;
  for (const std::string& text : rule.any) {
    if (there(text)) found += text.size();
    if (found > 0 && !count_all) break;
  }
  bytes += found;
  return found > 0;
}

void Recogniser::add(const Candidate& candidate) {
  if (std::find(tried_.begin(), tried_.end(), candidate.definition) != tried_.end()) return;
  for (Candidate& known : group_) {
    if (known.definition != candidate.definition) continue;
    if (candidate.order > known.order) {
      known = candidate;
    } else if (candidate.order == known.order) {
      known.bytes = std::max(known.bytes, candidate.bytes);
    }
    return;
  }
  group_.push_back(candidate);
}

void Recogniser::sort() {
  if (group_.size() < 2) return;
  std::sort(group_.begin(), group_.end(), [](const Candidate& a, const Candidate& b) {
    if (a.order != b.order) return a.order > b.order;
    if (a.bytes != b.bytes) return a.bytes > b.bytes;
    return a.definition->name < b.definition->name;
  });
}

void Recogniser::begin_json(const Evidence& evidence, std::span<const Field> fields) {
  restart(evidence);
  forget();
  passed_ = {true, true};
  if (!index_->any_json()) return;
  look_at_fields(fields, false);
  if (group_.size() < 2) return;
  sort();
  const bool tied =
      std::adjacent_find(group_.begin(), group_.end(), [](const Candidate& a, const Candidate& b) {
        return a.order == b.order;
      }) != group_.end();
  if (!tied) return;  // how many bytes spoke for each decides nothing
  group_.clear();
  look_at_fields(fields, true);
  sort();
}

// With `count_all` every rule of a definition is asked, else until one has said yes that no other
// of its rules goes before.
void Recogniser::look_at_fields(std::span<const Field> fields, bool count_all) {
  for (const Field& field : fields) {
    index_->each_rule_of_field(field.id, [&](std::uint32_t at) {
      const Index::Rule& rule = index_->rule(at);
      if (!count_all && is_in_group(rule)) return;
      Candidate made{rule.definition, rule.order, 0};
      bool all = true;
      for (const RecogniseRule::JsonTest& test : rule.rule->json)
        all = all && json_holds(test, fields, made.bytes);
      if (all && envelope_holds(rule, made.bytes) && texts_hold(*rule.rule, count_all, made.bytes))
        add(made);
    });
  }
}

// With that order, or a higher one.
bool Recogniser::is_in_group(const Index::Rule& rule) const {
  return std::any_of(group_.begin(), group_.end(), [&](const Candidate& known) {
    return known.definition == rule.definition && known.order >= rule.order;
  });
}

}  // namespace picket::parsers
