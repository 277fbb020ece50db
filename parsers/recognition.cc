#include "parsers/recognition.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

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

Recogniser::Recogniser(const Catalog& catalog) {
  for (const Definition& definition : catalog.definitions()) index(definition);
  std::sort(programs_.begin(), programs_.end());
  std::sort(json_rules_.begin(), json_rules_.end());
  json_trigger_.resize(std::size_t{1} << 16);
  for (const auto& [field, rule] : json_rules_) json_trigger_[static_cast<std::size_t>(field)] = 1;
  std::map<std::string, std::vector<std::uint32_t>> texts;
  for (std::uint32_t at = 0; at < rules_.size(); ++at) {
    const Rule& rule = rules_[at];
    if (rule.rank != kTextRank || !rule.rule->json.empty()) continue;
    // Of those of which all must be there the longest is enough to look at the rule.
    const auto longest = std::max_element(
        rule.rule->all.begin(), rule.rule->all.end(),
        [](const std::string& a, const std::string& b) { return a.size() < b.size(); });
    if (longest != rule.rule->all.end()) {
      texts[*longest].push_back(at);
    } else {
      for (const std::string& text : rule.rule->any) texts[text].push_back(at);
    }
    text_priority_ = std::max(text_priority_, rule.definition->priority);
  }
  std::vector<std::string> all;
  for (auto& [text, of] : texts) {
    all.push_back(text);
    of_marker_.push_back(std::move(of));
  }
  markers_ = std::make_unique<const MarkerSet>(std::move(all));
  scratch_ = std::make_unique<MarkerScratch>(*markers_);
}

void Recogniser::index(const Definition& definition) {
  for (const RecogniseRule& rule : definition.rules) {
    const bool any_program =
        std::find(rule.programs.begin(), rule.programs.end(), "*") != rule.programs.end();
    if (any_program && rule.prefixes.empty() && rule.any.empty() && rule.all.empty())
      continue;  // the fallback
    const auto at = static_cast<std::uint32_t>(rules_.size());
    const bool envelope =
        (!rule.programs.empty() && !any_program) || !rule.prefixes.empty() || rule.cef || rule.leef;
    rules_.push_back({&definition, &rule, envelope ? kEnvelopeRank : kTextRank, any_program});
    if (!rule.json.empty()) {
      json_rules_.emplace_back(rule.json.front().field, at);
    } else if (!rule.programs.empty() && !any_program) {
      for (const std::string& program : rule.programs) programs_.emplace_back(program, at);
    } else if (!rule.prefixes.empty()) {
      std::array<bool, 256> seen{};
      for (const std::string& prefix : rule.prefixes) {
        const auto first = static_cast<unsigned char>(prefix[0]);
        if (!seen[first]) prefixes_[first].push_back(at);
        seen[first] = true;
      }
    } else if (rule.cef) {
      cef_.push_back(at);
    } else if (rule.leef) {
      leef_.push_back(at);
    }
  }
}

const std::vector<std::uint32_t>& Recogniser::by_program(std::string_view name) {
  static const std::vector<std::uint32_t> kNone;
  if (name.empty() || name.size() > kProgramLengthMax) return kNone;
  const NameKey key = NameKey::of(name);
  if (const std::uint32_t* known = known_programs_.find(key)) return program_rules_[*known];
  const std::string plain = plain_program(name);
  std::vector<std::uint32_t> rules;
  for (auto at =
           std::lower_bound(programs_.begin(), programs_.end(), std::pair(plain, std::uint32_t{0}));
       at != programs_.end() && at->first == plain; ++at) {
    rules.push_back(at->second);
  }
  if (program_rules_.size() >= kProgramsMax) {
    other_program_ = std::move(rules);
    return other_program_;
  }
  program_rules_.push_back(std::move(rules));
  known_programs_.insert(key) = static_cast<std::uint32_t>(program_rules_.size() - 1);
  return program_rules_.back();
}

bool Recogniser::holds(const Rule& indexed, const Evidence& evidence, std::size_t& bytes) const {
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
  const Rule& rule = rules_[at];
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
  if (!cef_.empty() && start.find("CEF:") != std::string_view::npos) {
    for (const std::uint32_t rule : cef_) look_at(rule, evidence);
  }
  if (!leef_.empty() && start.find("LEEF:") != std::string_view::npos) {
    for (const std::uint32_t rule : leef_) look_at(rule, evidence);
  }
}

void Recogniser::look_at_texts(const Evidence& evidence) {
  looked_at_texts_ = true;
  for (const std::uint32_t marker : scratch_->find(evidence.record)) {
    for (const std::uint32_t rule : of_marker_[marker]) look_at(rule, evidence);
  }
}

const std::vector<Recogniser::Candidate>& Recogniser::text(const Evidence& evidence) {
  candidates_.clear();
  looked_at_texts_ = false;
  for (const std::uint32_t rule : by_program(evidence.program)) look_at(rule, evidence);
  if (!evidence.message.empty()) {
    for (const std::uint32_t rule : prefixes_[static_cast<unsigned char>(evidence.message[0])])
      look_at(rule, evidence);
  }
  look_at_headers(evidence);
  int best = -1;
  for (const Candidate& candidate : candidates_)
    best = std::max(best, candidate.definition->priority);
  if (best < text_priority_) look_at_texts(evidence);
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
  if (json_rules_.empty()) return candidates_;
  for (const Field& field : fields) {
    if (json_trigger_[static_cast<std::size_t>(field.id)] == 0) continue;
    for (auto at = std::lower_bound(json_rules_.begin(), json_rules_.end(),
                                    std::pair(field.id, std::uint32_t{0}));
         at != json_rules_.end() && at->first == field.id; ++at) {
      const Rule& rule = rules_[at->second];
      Candidate made{rule.definition, kEnvelopeRank, 0};
      bool all = holds(rule, evidence, made.bytes);
      for (const RecogniseRule::JsonTest& test : rule.rule->json)
        all = all && json_holds(test, fields, made.bytes);
      if (all) add(made);
    }
  }
  sort();
  return candidates_;
}

}  // namespace picket::parsers
