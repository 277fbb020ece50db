// A value of an event is brought into the form that value.h describes, on the stack, and looked up;
// of a host name so is each of its endings of two labels and more, from the right, so that an
// indicator finds everything under it and never a name that merely ends in the same letters.
#include "rules/indicators/set.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/hash.h"
#include "rules/indicators/value.h"

namespace picket::rules {
namespace {

constexpr std::size_t kValueMax = 4096;  // of a value shown as proof
constexpr std::size_t kHostsMax = 64;    // in one field

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == ';' || c == ',';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same_word(std::string_view text, std::string_view low) {
  return std::equal(text.begin(), text.end(), low.begin(), low.end(),
                    [](char a, char b) { return lower(a) == b; });
}

FieldRole digest_role(std::string_view name) {
  if (same_word(name, "md5")) return FieldRole::kMd5;
  if (same_word(name, "sha1")) return FieldRole::kSha1;
  if (same_word(name, "sha256")) return FieldRole::kSha256;
  if (same_word(name, "sha512")) return FieldRole::kSha512;
  if (same_word(name, "imphash")) return FieldRole::kImphash;
  return FieldRole::kNone;
}

// May a hash of a field be an indicator of that type?
bool fits(FieldRole role, IndicatorType type) {
  switch (type) {
    case IndicatorType::kMd5:
      return role == FieldRole::kMd5 || role == FieldRole::kAnyDigest;
    case IndicatorType::kImphash:
      return role == FieldRole::kImphash || role == FieldRole::kAnyDigest;
    case IndicatorType::kMd5OrImphash:
      return role == FieldRole::kMd5 || role == FieldRole::kImphash ||
             role == FieldRole::kAnyDigest;
    case IndicatorType::kSha1:
      return role == FieldRole::kSha1 || role == FieldRole::kAnyDigest;
    case IndicatorType::kSha256:
      return role == FieldRole::kSha256 || role == FieldRole::kAnyDigest;
    case IndicatorType::kSha512:
      return role == FieldRole::kSha512 || role == FieldRole::kAnyDigest;
    default:
      return false;
  }
}

// Looks values up; f(index of the entry, span in the value).
template <class F>
class Look {
 public:
  Look(const IndicatorTable& table, F& f) : table_(table), f_(f) {}

  void value(std::string_view text, FieldRole role) {
    switch (role) {
      case FieldRole::kNone:
        return;
      case FieldRole::kHost:
        return host(text, 0);
      case FieldRole::kHosts:
        return hosts(text);
      case FieldRole::kUrl:
        return url(text);
      case FieldRole::kDigests:
        return digests(text);
      default:
        return digest(text, role, 0);
    }
  }

  void host(std::string_view text, std::size_t at) {
    if (text.empty()) return;
    const bool maybe_address =
        (text[0] >= '0' && text[0] <= '9') || text.find(':') != std::string_view::npos;
    if (maybe_address) {
      if (const std::optional<Address> address = parse_address(text)) {
        return this->address(*address, {at, at + text.size()});
      }
    }
    if (table_.has(IndicatorSpace::kDomain)) domain(text, at);
  }

  void url(std::string_view text) {
    UrlRoom room;
    const std::optional<Url> url = normal_url(text, room);
    if (!url) return;
    if (table_.has(IndicatorSpace::kUrl)) {
      const Span whole{0, text.size()};
      const auto found = [&](std::uint32_t index) { f_(index, whole); };
      table_.find(IndicatorSpace::kUrl, url->text, found);
      if (url->schemeless > 0 && table_.has_schemeless_urls())
        table_.find(IndicatorSpace::kUrl, url->text.substr(url->schemeless), found);
    }
    host(url->host, static_cast<std::size_t>(url->host.data() - text.data()));
  }

  void digest(std::string_view text, FieldRole role, std::size_t at) {
    if (!table_.has(IndicatorSpace::kDigest)) return;
    std::array<std::uint8_t, kDigestBytesMax> bytes;
    const std::size_t size = read_digest(text, bytes);
    if (size < 16) return;
    table_.find(IndicatorSpace::kDigest, {reinterpret_cast<const char*>(bytes.data()), size},
                [&](std::uint32_t index) {
                  if (fits(role, table_.entry(index).type)) f_(index, Span{at, at + text.size()});
                });
  }

 private:
  void address(const Address& address, Span span) {
    const auto found = [&](std::uint32_t index) { f_(index, span); };
    if (table_.has(IndicatorSpace::kAddress))
      table_.find(IndicatorSpace::kAddress, address.view(), found);
    table_.find_networks(address, found);
  }

  void domain(std::string_view text, std::size_t at) {
    std::array<char, kDomainBytesMax + 3> room;
    const std::string_view name = normal_domain(text, room);
    if (name.empty()) return;
    const Span whole{at, at + name.size()};
    bool two_labels = false;  // no indicator is a single label
    for (std::size_t i = name.size(); i-- > 0;) {
      if (i > 0 && name[i - 1] != '.') continue;
      if (two_labels || i == 0) {
        table_.find(IndicatorSpace::kDomain, name.substr(i), [&](std::uint32_t index) {
          f_(index, Span{whole.begin + i, whole.end});
        });
      }
      two_labels = true;
    }
  }

  void hosts(std::string_view text) {
    std::size_t at = 0;
    for (std::size_t n = 0; n < kHostsMax && at < text.size(); ++n) {
      while (at < text.size() && is_blank(text[at])) ++at;
      std::size_t end = at;
      while (end < text.size() && !is_blank(text[end])) ++end;
      if (end > at) host(text.substr(at, end - at), at);
      at = end;
    }
  }

  // "SHA1=...,MD5=...", or one hash alone.
  void digests(std::string_view text) {
    std::size_t at = 0;
    for (std::size_t n = 0; n < kHostsMax && at < text.size(); ++n) {
      while (at < text.size() && is_blank(text[at])) ++at;
      std::size_t end = at;
      while (end < text.size() && !is_blank(text[end])) ++end;
      const std::string_view part = text.substr(at, end - at);
      const std::size_t equals = part.find('=');
      if (equals == std::string_view::npos) {
        digest(part, FieldRole::kAnyDigest, at);
      } else {
        digest(part.substr(equals + 1), digest_role(part.substr(0, equals)), at + equals + 1);
      }
      at = end;
    }
  }

  const IndicatorTable& table_;
  F& f_;
};

Level level_by_confidence(int confidence) {
  if (confidence == kConfidenceUnknown) return Level::kMedium;
  return confidence >= 70   ? Level::kHigh
         : confidence >= 30 ? Level::kMedium
                            : Level::kLow;  // STIX 2.1, appendix A
}

}  // namespace

std::shared_ptr<const IndicatorSet> IndicatorSet::none() {
  static const std::shared_ptr<const IndicatorSet> empty(new IndicatorSet);
  return empty;
}

// Calls f(field, text, index, span) for each indicator in the event that is valid at its time.
template <class F>
void IndicatorSet::look(Batch& batch, const Event& event, IndicatorMemo* memo, F f) const {
  const IndicatorFields::Roles& roles = fields_->roles(event.kind);
  const Field* at = nullptr;
  std::string_view text;
  bool any = false;  // in this value, at whatever time
  const auto found = [&](std::uint32_t index, Span span) {
    any = true;
    const IndicatorTable::Window& window = table_.window(table_.entry(index));
    if (event.time_ns >= window.from_ns && event.time_ns < window.until_ns)
      f(*at, text, index, span);
  };
  Look<decltype(found)> look(table_, found);
  for (const Field& field : batch.fields(event)) {
    const auto id = static_cast<std::size_t>(field.id);
    if (id >= roles.size() || roles[id] == FieldRole::kNone) continue;
    for_each_value(field, [&](const Field& value) {
      if (value.kind != ValueKind::kString || value.size == 0) return;
      at = &field;
      text = field_text(value, batch.arena());
      const auto role = static_cast<std::uint8_t>(roles[id]);
      if (memo != nullptr && memo->knows(text, role)) return;
      any = false;
      look.value(text, roles[id]);
      if (memo != nullptr && !any) memo->keep(text, role);
    });
  }
}

void IndicatorSet::match(Batch& batch, const Event& event, std::uint32_t first_rule,
                         IndicatorMemo& memo, std::vector<std::uint32_t>& rules) const {
  if (!fields_) return;
  const auto first = static_cast<std::ptrdiff_t>(rules.size());
  look(batch, event, &memo, [&](const Field&, std::string_view, std::uint32_t index, Span) {
    const std::uint32_t rule = first_rule + table_.about(table_.entry(index)).rule;
    if (std::find(rules.begin() + first, rules.end(), rule) == rules.end()) rules.push_back(rule);
  });
}

std::vector<Match> IndicatorSet::explain(Batch& batch, const Event& event,
                                         std::uint32_t rule) const {
  std::vector<Match> matches;
  if (!fields_) return matches;
  const EventKind& kind = kind_of(event.kind);
  look(batch, event, nullptr,
       [&](const Field& field, std::string_view text, std::uint32_t index, Span span) {
         const IndicatorTable::Entry& entry = table_.entry(index);
         if (table_.about(entry).rule != rule || matches.size() >= kMatchesMax) return;
         Match match;
         match.indicator = indicator_of(entry);
         match.selection = match.indicator->type;
         match.line = static_cast<int>(entry.line);
         match.field = field_name(kind.ecs_of(field.id));
         match.rule_field = match.indicator->value;
         match.value = text.substr(0, kValueMax);
         match.begin = static_cast<std::uint32_t>(std::min(span.begin, match.value.size()));
         match.end = static_cast<std::uint32_t>(std::min(span.end, match.value.size()));
         matches.push_back(std::move(match));
       });
  return matches;
}

std::vector<IndicatorSet::Holding> IndicatorSet::holding(std::string_view value) const {
  std::vector<Holding> holdings;
  IndicatorKey key;
  if (!fields_ || read_indicator(value, {}, key) != nullptr) return holdings;
  const auto found = [&](std::uint32_t index, Span) {
    const IndicatorTable::Entry& entry = table_.entry(index);
    holdings.push_back(
        {table_.about(entry).rule, static_cast<int>(entry.line), indicator_of(entry)});
  };
  Look<decltype(found)> look(table_, found);
  const std::string text = indicator_text(key.type, key.bits, key.bytes);
  switch (space_of(key.type)) {
    case IndicatorSpace::kUrl:
      look.value(text, FieldRole::kUrl);
      break;
    case IndicatorSpace::kDigest:
      look.value(text, FieldRole::kAnyDigest);
      break;
    case IndicatorSpace::kNetwork: {
      key.bytes += static_cast<char>(key.bits);
      table_.find(IndicatorSpace::kNetwork, key.bytes,
                  [&](std::uint32_t index) { found(index, {}); });
      break;
    }
    default:
      look.value(text, FieldRole::kHost);
  }
  return holdings;
}

Indicator IndicatorSet::indicator_of(const IndicatorTable::Entry& entry) const {
  const IndicatorTable::About& about = table_.about(entry);
  const IndicatorTable::Window& window = table_.window(entry);
  std::string_view bytes = table_.value(entry);
  if (entry.type == IndicatorType::kNetwork) bytes.remove_suffix(1);
  Indicator indicator;
  indicator.type = indicator_type_name(entry.type);
  indicator.value = indicator_text(entry.type, entry.bits, bytes);
  indicator.source = table_.text(about.source);
  indicator.confidence = about.confidence;
  indicator.valid_from_ns = window.from_ns;
  indicator.valid_until_ns = window.until_ns;
  indicator.reference = table_.text(entry.reference);
  indicator.description = table_.text(about.description);
  return indicator;
}

IndicatorSetBuilder::IndicatorSetBuilder() : set_(new IndicatorSet) {}

void IndicatorSetBuilder::begin_feed(const IndicatorFeed& feed, std::string_view format) {
  feeds_.push_back(feed);
  reports_.push_back({.name = feed.name, .path = feed.path, .format = std::string(format)});
  names_.clear();
  first_about_ = set_->table_.abouts().size();
}

void IndicatorSetBuilder::end_feed(std::string hash) {
  hashes_.push_back(std::move(hash));
  if (names_.empty()) return;
  std::sort(names_.begin(), names_.end());
  std::vector<IndicatorTable::About>& abouts = set_->table_.abouts();
  for (std::size_t i = first_about_; i < abouts.size(); ++i) {
    const auto named =
        std::lower_bound(names_.begin(), names_.end(), std::pair(abouts[i].source, 0u));
    if (named != names_.end() && named->first == abouts[i].source) abouts[i].source = named->second;
  }
}

void IndicatorSetBuilder::add(const IndicatorKey& key, const IndicatorNote& note) {
  const IndicatorFeed& feed = feeds_.back();
  IndicatorNote whole = note;
  if (whole.source.empty()) whole.source = feed.source.empty() ? feed.name : feed.source;
  if (whole.confidence == kConfidenceUnknown) whole.confidence = feed.confidence;
  if (whole.valid_from_ns == kSinceEver) whole.valid_from_ns = feed.valid_from_ns;
  if (whole.valid_until_ns == kForEver) whole.valid_until_ns = feed.expires_ns;
  if (feed.valid_for_ns > 0 && whole.valid_from_ns != kSinceEver &&
      whole.valid_from_ns < kForEver - feed.valid_for_ns) {
    whole.valid_until_ns = std::min(whole.valid_until_ns, whole.valid_from_ns + feed.valid_for_ns);
  }
  if (whole.valid_until_ns <= whole.valid_from_ns) {
    return refuse(note.line, "bad-value",
                  "it is valid at no time: the end is not behind the beginning");
  }
  const Level level = feed.level ? *feed.level : level_by_confidence(whole.confidence);
  if (!full_ &&
      set_->table_.add(key, whole, static_cast<std::uint16_t>(feeds_.size() - 1), level)) {
    ++reports_.back().indicators;
    return;
  }
  full_ = true;
  refuse(note.line, "too-large", "there are too many indicators");
}

void IndicatorSetBuilder::refuse(std::uint32_t line, std::string_view code, std::string reason) {
  FeedReport& report = reports_.back();
  if (++report.refused > kFindingsMax) return;
  report.findings.push_back(
      {report.path, static_cast<int>(line), report.name, std::string(code), std::move(reason)});
}

void IndicatorSetBuilder::revoked() {
  ++reports_.back().revoked;
}

void IndicatorSetBuilder::name_source(std::string_view id, std::string_view name) {
  if (id.empty() || name.empty()) return;
  IndicatorTable& table = set_->table_;
  names_.emplace_back(table.intern_text(id), table.intern_text(name));
}

std::shared_ptr<const IndicatorSet> IndicatorSetBuilder::finish() {
  IndicatorTable& table = set_->table_;
  table.finish();
  std::map<std::pair<std::uint16_t, std::uint8_t>, std::uint32_t> rules;
  for (const IndicatorTable::About& about : table.abouts())
    rules.try_emplace({about.feed, about.level});
  for (auto& [key, rule] : rules) {
    const IndicatorFeed& feed = feeds_[key.first];
    const auto level = static_cast<Level>(key.second);
    const std::string level_text(level_name(level));
    IndicatorSet::Rule made;
    made.feed = key.first;
    made.identity.id = std::string(kIndicatorRulePrefix) + feed.name + (feed.level ? "" : "." + level_text);
    made.identity.name = "Indicator of " + feed.name;
    made.identity.level = level;
    made.identity.path = feed.path;
    made.identity.hash = sha256_hex(hashes_[key.first] + ' ' + level_text);
    rule = static_cast<std::uint32_t>(set_->rules_.size());
    set_->rules_.push_back(std::move(made));
  }
  for (IndicatorTable::About& about : table.abouts())
    about.rule = rules.at({about.feed, about.level});
  for (std::uint32_t i = 0; i < table.size(); ++i)
    ++set_->rules_[table.about(table.entry(i)).rule].indicators;
  for (const IndicatorFeed& feed : feeds_) set_->feeds_.push_back(feed.name);
  if (table.size() > 0) set_->fields_ = std::make_unique<const IndicatorFields>();
  return std::move(set_);
}

}  // namespace picket::rules
