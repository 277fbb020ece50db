#include "parsers/recognition.h"

#include <algorithm>

#include "base/ascii.h"
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
    : index_(&catalog.recognition()), scratch_(index_->markers()) {}

const Recogniser::Rules& Recogniser::by_program(std::string_view name) {
  static const Rules kNone;
  if (name.empty() || name.size() > kProgramLengthMax) return kNone;
  const NameKey key = NameKey::of(name);
  if (const std::uint32_t* known = known_programs_.find(key)) return program_rules_[*known];
  Rules rules;
  index_->add_rules_of_program(plain_program(name), rules);
  if (program_rules_.size() >= kProgramsMax) {
    other_program_ = std::move(rules);
    return other_program_;
  }
  program_rules_.push_back(std::move(rules));
  known_programs_.insert(key) = static_cast<std::uint32_t>(program_rules_.size() - 1);
  return program_rules_.back();
}

bool Recogniser::holds(const RecognitionIndex::Rule& indexed, const Evidence& evidence,
                       std::size_t& bytes) const {
  const RecogniseRule& rule = *indexed.rule;
  if (indexed.any_program) {
    if (evidence.program.empty()) return false;
  } else if (!rule.programs.empty()) {
    const std::string_view name = without_folder(evidence.program);
    if (std::none_of(rule.programs.begin(), rule.programs.end(),
                     [&](const std::string& plain) { return is_program(name, plain); }))
      return false;
    bytes += name.size();
  }
  if (!rule.prefixes.empty()) {
    std::size_t longest = 0;
    for (const std::string& prefix : rule.prefixes) {
      if (evidence.message.starts_with(prefix)) longest = std::max(longest, prefix.size());
    }
    if (longest == 0) return false;
    bytes += longest;
  }
  if (!rule.any.empty()) {
    std::size_t found = 0;
    for (const std::string& text : rule.any) {
      if (evidence.record.find(text) != std::string_view::npos) found += text.size();
    }
    if (found == 0) return false;
    bytes += found;
  }
  for (const std::string& text : rule.all) {
    if (evidence.record.find(text) == std::string_view::npos) return false;
    bytes += text.size();
  }
  HeaderParts parts;
  if (rule.cef) {
    if (!header_parts(evidence.message, "CEF:", parts)) return false;
    if (!one_of(rule.cef->vendors, parts.vendor) || !one_of(rule.cef->products, parts.product))
      return false;
    bytes += (rule.cef->vendors.empty() ? 0 : parts.vendor.size()) +
             (rule.cef->products.empty() ? 0 : parts.product.size());
  }
  if (rule.leef) {
    if (!header_parts(evidence.message, "LEEF:", parts)) return false;
    if (!one_of(rule.leef->vendors, parts.vendor) || !one_of(rule.leef->products, parts.product))
      return false;
    bytes += (rule.leef->vendors.empty() ? 0 : parts.vendor.size()) +
             (rule.leef->products.empty() ? 0 : parts.product.size());
  }
  return true;
}

void Recogniser::look_at(std::uint32_t at, const Evidence& evidence) {
  const RecognitionIndex::Rule& rule = index_->rule(at);
  Candidate made{rule.definition, rule.rank, 0};
  if (holds(rule, evidence, made.bytes)) add(made);
}

void Recogniser::add(const Candidate& candidate) {
  for (Candidate& known : candidates_) {
    if (known.definition != candidate.definition) continue;
    if (std::pair(candidate.rank, candidate.bytes) > std::pair(known.rank, known.bytes))
      known = candidate;
    return;
  }
  candidates_.push_back(candidate);
}

void Recogniser::sort() {
  if (candidates_.size() < 2) return;
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
    if (a.definition->priority != b.definition->priority)
      return a.definition->priority > b.definition->priority;
    if (a.rank != b.rank) return a.rank > b.rank;
    if (a.bytes != b.bytes) return a.bytes > b.bytes;
    return a.definition->name < b.definition->name;
  });
}

void Recogniser::look_at_headers(const Evidence& evidence) {
  // Headers stand at the beginning, at most behind words of the sender.
  if (evidence.message.find('|') == std::string_view::npos) return;  // quicker to be looked for
  const std::string_view start = evidence.message.substr(0, 512);
  if (!index_->cef().empty() && start.find("CEF:") != std::string_view::npos) {
    for (const std::uint32_t rule : index_->cef()) look_at(rule, evidence);
  }
  if (!index_->leef().empty() && start.find("LEEF:") != std::string_view::npos) {
    for (const std::uint32_t rule : index_->leef()) look_at(rule, evidence);
  }
}

void Recogniser::look_at_texts(const Evidence& evidence) {
  looked_at_texts_ = true;
  for (const std::uint32_t marker : scratch_.find(evidence.record)) {
    for (const std::uint32_t rule : index_->rules_of_marker(marker)) look_at(rule, evidence);
  }
}

const std::vector<Recogniser::Candidate>& Recogniser::text(const Evidence& evidence) {
  candidates_.clear();
  looked_at_texts_ = false;
  for (const std::uint32_t rule : by_program(evidence.program)) look_at(rule, evidence);
  if (!evidence.message.empty()) {
    for (const std::uint32_t rule : index_->rules_of_first_byte(evidence.message[0]))
      look_at(rule, evidence);
  }
  look_at_headers(evidence);
  int best = -1;
  for (const Candidate& candidate : candidates_)
    best = std::max(best, candidate.definition->priority);
  if (best < index_->text_priority()) look_at_texts(evidence);
  sort();
  return candidates_;
}

const std::vector<Recogniser::Candidate>& Recogniser::more(const Evidence& evidence) {
  const std::vector<Candidate> before = candidates_;
  candidates_.clear();
  if (looked_at_texts_) return candidates_;
  look_at_texts(evidence);
  std::erase_if(candidates_, [&](const Candidate& candidate) {
    return std::any_of(before.begin(), before.end(), [&](const Candidate& known) {
      return known.definition == candidate.definition;
    });
  });
  sort();
  return candidates_;
}

const std::vector<Recogniser::Candidate>& Recogniser::json(const Evidence& evidence,
                                                           std::span<const Field> fields) {
  candidates_.clear();
  looked_at_texts_ = true;
  if (!index_->any_json()) return candidates_;
  for (const Field& field : fields) {
    index_->each_rule_of_field(field.id, [&](std::uint32_t at) {
      const RecognitionIndex::Rule& rule = index_->rule(at);
      Candidate made{rule.definition, RecognitionIndex::kEnvelopeRank, 0};
      bool all = holds(rule, evidence, made.bytes);
      for (const RecogniseRule::JsonTest& test : rule.rule->json)
        all = all && json_holds(test, fields, made.bytes);
      if (all) add(made);
    });
  }
  sort();
  return candidates_;
}

}  // namespace picket::parsers
